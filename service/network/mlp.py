"""The network: columns of neurons, and between them the weights and biases of a layer.

Row j of a layer's weights holds what neuron j listens to, so row j of the first layer, folded to 28×28, is
the grid that the videos draw.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from service.network.activations import SIGMOID, Activation, FloatArray

__all__ = ["INITIALISATIONS", "WIDE", "Layer", "Network", "Trace"]


WIDE = 2**18  # weights of a layer, 1 MiB: so many push each other out of a core's cache
PIECE = 2**16  # weights, 256 KiB, that are copied at once, so that the copy stays in a core's cache


class Initialisation(Protocol):
    """Draw the weights and biases into one layer."""

    def __call__(
        self, n_in: int, n_out: int, activation: Activation, rng: np.random.Generator, *, last: bool
    ) -> "Layer":
        """Return a layer in float32 of n_in × n_out weights; the last one is the output's."""
        ...


@dataclass(frozen=True, eq=False)
class Layer:
    """The weights and biases into one column of neurons, and how that column squashes.

    Attributes:
        weights: (n_out, n_in), float32 or float64.
        biases: (n_out,), the same dtype.
        activation: z → activations.
    """

    weights: FloatArray
    biases: FloatArray
    activation: Activation

    @property
    def n_in(self) -> int:
        """Count the neurons that this layer listens to."""
        return int(self.weights.shape[1])

    @property
    def n_out(self) -> int:
        """Count the neurons that this layer feeds."""
        return int(self.weights.shape[0])

    def z(self, activations: FloatArray) -> FloatArray:
        """Weigh the activations of the column before, (n, n_in), and add the biases: (n, n_out)."""
        z = self._weighed(activations)
        z += self.biases
        return z

    def _weighed(self, activations: FloatArray) -> FloatArray:
        """Weigh the activations; of one image alone, a wide layer looks only at the neurons that are on.

        Its time is that of reading the weights, and most pixels are paper, most ReLUs silent.
        """
        if len(activations) == 1 and self.weights.size >= WIDE:
            (on,) = activations[0].nonzero()
            if 2 * len(on) <= self.n_in:
                return self._weighed_by(activations[:, on], on)
        weighed: FloatArray = activations @ self.weights.T
        return weighed

    def _weighed_by(self, activations: FloatArray, on: NDArray[np.intp]) -> FloatArray:
        """Weigh a few activations, (1, n), those of the neurons that are on, (n,): (1, n_out)."""
        rows = max(PIECE // self.n_out, 1)
        weighed: FloatArray = activations[:, :rows] @ self.weights.T.take(on[:rows], axis=0)
        for first in range(rows, len(on), rows):
            piece = slice(first, first + rows)
            weighed += activations[:, piece] @ self.weights.T.take(on[piece], axis=0)
        return weighed


class Trace(NamedTuple):
    """Everything that a forward pass computes, one entry a layer.

    Attributes:
        z: weighted sums, each (n, n_out).
        activations: squashed sums, each (n, n_out); the last are the network's answer.
    """

    z: tuple[FloatArray, ...]
    activations: tuple[FloatArray, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """A feed-forward network: the output of each layer is the input of the next.

    >>> Network.random((784, 16, 16, 10))
    Network 784-16-16-10, sigmoid sigmoid sigmoid: 13,002 weights and biases
    """

    layers: tuple[Layer, ...]

    @classmethod
    def random(
        cls,
        sizes: Sequence[int],
        rng: np.random.Generator | None = None,
        *,
        activations: Sequence[Activation] | None = None,
        initialisation: str = "scaled",
    ) -> Self:
        """Start from random weights and biases.

        Args:
            sizes: neurons in each column, the input first.
            rng: where the numbers come from; without one they differ from call to call.
            activations: one a layer; sigmoid in every layer unless given.
            initialisation: a name from INITIALISATIONS.
        """
        rng = np.random.default_rng() if rng is None else rng
        draw = INITIALISATIONS[initialisation]
        chosen = activations or [SIGMOID] * (len(sizes) - 1)
        columns = enumerate(zip(pairwise(sizes), chosen, strict=True), start=2)
        return cls(
            tuple(
                draw(n_in, n_out, activation, rng, last=column == len(sizes))
                for column, ((n_in, n_out), activation) in columns
            )
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Count the neurons of each column, the input first."""
        return (self.layers[0].n_in, *(layer.n_out for layer in self.layers))

    @property
    def activation_names(self) -> tuple[str, ...]:
        """Name the activation of each layer."""
        return tuple(layer.activation.name for layer in self.layers)

    @property
    def n_parameters(self) -> int:
        """Count the weights and biases that training may turn.

        >>> Network.random((784, 16, 16, 10)).n_parameters
        13002
        """
        return sum(layer.weights.size + layer.biases.size for layer in self.layers)

    def forward(self, images: FloatArray) -> FloatArray:
        """Answer each image with its output activations: (n, n_in) → (n, n_out)."""
        activations = images
        for layer in self.layers:  # a' = σ(W a + b)
            activations = layer.activation(layer.z(activations))
        return activations

    def forward_each(self, images: FloatArray) -> FloatArray:
        """Answer images as forward answers each of them alone, to the last bit, in less time."""
        if any(layer.weights.size >= WIDE for layer in self.layers):
            return np.concatenate([self.forward(image) for image in images[:, np.newaxis]])
        return self.forward(images[:, np.newaxis])[:, 0]  # as many products of one row

    def trace(self, images: FloatArray) -> Trace:
        """Answer each image with z and the activations of every layer; images are (n, n_in)."""
        zs: list[FloatArray] = []
        columns: list[FloatArray] = []
        activations = images
        for layer in self.layers:
            z = layer.z(activations)
            activations = layer.activation(z)
            zs.append(z)
            columns.append(activations)
        return Trace(tuple(zs), tuple(columns))

    def with_arrays(self, change: Callable[[FloatArray], FloatArray]) -> "Network":
        """Return the network with what change makes of each layer's weights, and of its biases."""
        return Network(
            tuple(
                Layer(change(layer.weights), change(layer.biases), layer.activation) for layer in self.layers
            )
        )

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.sizes))
        return f"Network {sizes}, {' '.join(self.activation_names)}: {self.n_parameters:,} weights and biases"


def _normal(n_in: int, n_out: int, activation: Activation, rng: np.random.Generator, *, last: bool) -> Layer:
    """Draw every number from N(0, 1): the textbook start, which saturates sigmoids that have many inputs."""
    del last
    weights = rng.standard_normal((n_out, n_in), dtype=np.float32)
    return Layer(weights, rng.standard_normal(n_out, dtype=np.float32), activation)


def _scaled(n_in: int, n_out: int, activation: Activation, rng: np.random.Generator, *, last: bool) -> Layer:
    """Draw weights from N(0, gain / n_in), biases zero: z has the mean square of the inputs, times gain."""
    del last
    weights = rng.standard_normal((n_out, n_in), dtype=np.float32) * np.float32(
        (activation.gain / n_in) ** 0.5
    )
    return Layer(weights, np.zeros(n_out, np.float32), activation)


def _prior(n_in: int, n_out: int, activation: Activation, rng: np.random.Generator, *, last: bool) -> Layer:
    """Start scaled, but let each of n output sigmoids begin near 1 / n, as often as its label comes.

    The first hundred steps are else spent on telling all of them that they are mostly wrong. Source: Lin et
    al. (2017), "Focal loss for dense object detection", section 4.1.
    """
    layer = _scaled(n_in, n_out, activation, rng, last=last)
    if not (last and activation is SIGMOID and n_out > 1):
        return layer
    odds = 1 / (n_out - 1)
    return replace(layer, biases=np.full(n_out, np.log(odds), np.float32))


INITIALISATIONS: Mapping[str, Initialisation] = MappingProxyType(
    {"normal": _normal, "scaled": _scaled, "prior": _prior}
)
