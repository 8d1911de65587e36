"""Trainers of one small network, each the way its users would call it, behind one interface.

784-16-16-10 throughout. Whoever is measured keeps its own start, shuffling, cost and step.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.network import FloatArray
from service.training.material import Material, gather, mini_batches
from service.training.mnist import Digits
from service.training.recipes import Recipe
from service.training.step import start, step

__all__ = ["TRAINERS", "Nielsen", "Ours", "Trainer", "installed", "recipe"]

SIZES = (784, 16, 16, 10)

Example: TypeAlias = tuple[FloatArray, FloatArray]
"""An image and its target, (784, 1) and (10, 1)."""


class Trainer(Protocol):
    """A network that learns."""

    def ready(self, digits: Digits) -> Any:  # noqa: ANN401  # its own
        """Return the digits as it keeps them while it learns."""

    def learn(self, kept: Any) -> None:  # noqa: ANN401  # its own
        """Pass once over them, in an order of its own."""

    def answer(self, images: FloatArray) -> NDArray[np.intp]:
        """Return the digit that each image is taken for."""


def recipe(mini_batch: int, learning_rate: float, **others: Any) -> Recipe:  # noqa: ANN401  # members of a recipe
    """Return a recipe with ReLU in the hidden layers and Adam, its steps all alike."""
    members = {
        "sizes": SIZES,
        "initialisation": "prior",
        "activations": ("relu", "relu", "sigmoid"),
        "epochs": 1,
        "name": "bench",
    } | others
    return Recipe.model_validate(
        members | {"mini_batch": mini_batch, "learning_rate": learning_rate, "description": "Measured."}
    )


class Ours:
    """The trainer of this project, step by step as `digits train` takes them."""

    def __init__(self, mini_batch: int, learning_rate: float, seed: int, averaging: float = 0) -> None:
        self.start(recipe(mini_batch, learning_rate, averaging=averaging), seed)

    def start(self, recipe: Recipe, seed: int) -> None:
        """Begin anew by another recipe."""
        self.recipe, self.rng = recipe, np.random.default_rng(seed)
        self.candidate = start(recipe, self.rng)

    def ready(self, digits: Digits) -> Material:
        """Make what is learned from, in the recipe's variations."""
        return gather(self.recipe, digits, seed=0)

    def learn(self, kept: Material) -> None:
        """Pass once over these digits."""
        n_steps = len(kept.labels) // self.recipe.mini_batch
        for batch in mini_batches(kept, self.recipe, n_steps, self.rng):
            self.candidate, _ = step(self.candidate, batch, self.recipe, over=0)

    def answer(self, images: FloatArray) -> NDArray[np.intp]:
        """Answer by the averaged weights, as the artifact would."""
        return self.candidate.averaged.forward(images).argmax(axis=1)


class ScikitLearn:
    """sklearn.neural_network.MLPClassifier: ReLU, Adam and softmax outputs are its own defaults."""

    def __init__(self, mini_batch: int, learning_rate: float, seed: int) -> None:
        from sklearn.neural_network import MLPClassifier  # noqa: PLC0415  # may not be installed

        self.network = MLPClassifier(
            SIZES[1:-1], batch_size=mini_batch, learning_rate_init=learning_rate, random_state=seed
        )

    def ready(self, digits: Digits) -> Digits:
        """Keep them as they are."""
        return digits

    def learn(self, digits: Digits) -> None:
        """Pass once over these digits."""
        self.network.partial_fit(digits.images, digits.labels, classes=np.arange(10))

    def answer(self, images: FloatArray) -> NDArray[np.intp]:
        """Answer by its last weights."""
        digits: NDArray[np.intp] = self.network.predict(images)
        return digits


class PyTorch:
    """torch.nn on the CPU, eager, with its fused Adam; tensors are indexed directly, without a DataLoader."""

    def __init__(self, mini_batch: int, learning_rate: float, seed: int) -> None:
        import torch  # noqa: PLC0415  # may not be installed
        from torch import nn  # noqa: PLC0415

        torch.set_num_threads(1)
        torch.manual_seed(seed)
        self.torch, self.mini_batch, self.cost = torch, mini_batch, nn.CrossEntropyLoss()
        self.network = nn.Sequential(
            nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 10)
        )
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=learning_rate, fused=True)

    def ready(self, digits: Digits) -> tuple[Any, Any]:
        """Turn them into tensors."""
        return self.torch.from_numpy(digits.images), self.torch.from_numpy(digits.labels.astype(np.int64))

    def learn(self, kept: tuple[Any, Any]) -> None:
        """Pass once over these digits."""
        images, labels = kept
        for which in self.torch.randperm(len(labels)).split(self.mini_batch):
            self.optimiser.zero_grad()
            self.cost(self.network(images[which]), labels[which]).backward()
            self.optimiser.step()

    def answer(self, images: FloatArray) -> NDArray[np.intp]:
        """Answer by its last weights."""
        with self.torch.no_grad():
            digits: NDArray[np.intp] = self.network(self.torch.from_numpy(images)).argmax(dim=1).numpy()
        return digits


class Nielsen:
    """The algorithm of Nielsen's book: one example at a time, in float64, all sigmoid, quadratic cost."""

    def __init__(self, mini_batch: int, learning_rate: float, seed: int) -> None:
        self.mini_batch, self.learning_rate = mini_batch, learning_rate
        self.rng = np.random.default_rng(seed)
        pairs = list(pairwise(SIZES))
        self.weights = [self.rng.standard_normal((n_out, n_in)) for n_in, n_out in pairs]
        self.biases = [self.rng.standard_normal((n_out, 1)) for _, n_out in pairs]

    def ready(self, digits: Digits) -> list[Example]:
        """Turn them into pairs of columns, as his loader does, and into float64."""
        targets = np.eye(10)[digits.labels]
        return [
            (image.reshape(784, 1).astype(np.float64), target.reshape(10, 1))
            for image, target in zip(digits.images, targets, strict=True)
        ]

    def learn(self, kept: list[Example]) -> None:
        """Pass once over these digits."""
        examples = [kept[place] for place in self.rng.permutation(len(kept))]
        for first in range(0, len(examples), self.mini_batch):
            self._step(examples[first : first + self.mini_batch])

    def _step(self, examples: list[Example]) -> None:
        nabla_w = [np.zeros_like(weights) for weights in self.weights]
        nabla_b = [np.zeros_like(biases) for biases in self.biases]
        for pixels, target in examples:
            for depth, (delta, before) in enumerate(self._deltas(pixels, target)):
                nabla_w[depth] += delta @ before.T
                nabla_b[depth] += delta
        rate = self.learning_rate / len(examples)
        self.weights = [weights - rate * nabla for weights, nabla in zip(self.weights, nabla_w, strict=True)]
        self.biases = [biases - rate * nabla for biases, nabla in zip(self.biases, nabla_b, strict=True)]

    def _deltas(self, pixels: FloatArray, target: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
        """Return dC/dz of each layer for one example, beside the activations that went into the layer."""
        columns = [pixels]
        for weights, biases in zip(self.weights, self.biases, strict=True):
            columns.append(1 / (1 + np.exp(-(weights @ columns[-1] + biases))))
        answer = columns[-1]
        delta = (answer - target) * answer * (1 - answer)
        deltas = [(delta, columns[-2])]
        for depth in (2, 1):
            delta = (self.weights[depth].T @ delta) * columns[depth] * (1 - columns[depth])
            deltas.append((delta, columns[depth - 1]))
        return deltas[::-1]

    def answer(self, images: FloatArray) -> NDArray[np.intp]:
        """Answer all images at once."""
        columns = images.T.astype(np.float64)
        for weights, biases in zip(self.weights, self.biases, strict=True):
            columns = 1 / (1 + np.exp(-(weights @ columns + biases)))
        return columns.argmax(axis=0)


TRAINERS: Mapping[str, Callable[[int, float, int], Trainer]] = MappingProxyType(
    {
        "digit-service": Ours,
        "digit-service, averaged": partial(Ours, averaging=0.98),
        "scikit-learn": ScikitLearn,
        "PyTorch": PyTorch,
        "Nielsen": Nielsen,
    }
)
"""(mini_batch, learning_rate, seed) → a network before its first step."""

NEEDED = {"scikit-learn": "sklearn", "PyTorch": "torch"}


def installed(name: str) -> bool:
    """Say whether a trainer can be measured here."""
    return name not in NEEDED or find_spec(NEEDED[name]) is not None
