"""The way down: epochs of mini-batches, every candidate a step for each, and the best of them kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.artifacts.format import Moment
from service.errors import BadInputError
from service.imaging import PREPROCESSINGS
from service.network import ACTIVATIONS, COSTS, FloatArray, Network, backpropagate
from service.training import trash
from service.training.augment import Augmentation, augment
from service.training.extras import needs
from service.training.mnist import Digits
from service.training.optimise import OPTIMISERS, SCHEDULES, Memory, average
from service.training.recipes import Recipe

__all__ = ["Candidate", "MiniBatch", "Trained", "descend", "mini_batches", "step"]

CHUNK = 512  # images changed in one go: many, so that numpy is busy, and few enough for the processor's cache


class MiniBatch(NamedTuple):
    """What one step learns from.

    Attributes:
        images: (n, n_in), as the first layer reads them.
        targets: (n, n_out), 1 at the digit; all zeros for trash.
    """

    images: FloatArray
    targets: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A network on its way down.

    Attributes:
        network: where it stands.
        averaged: the running mean of where it stood; where it stands if none is kept.
        memory: what the optimiser remembers.
    """

    network: Network
    averaged: Network
    memory: Memory


class Trained(NamedTuple):
    """The way's end.

    Attributes:
        network: the best candidate on the validation digits.
        curve: its cost, the mean over each epoch, and its validation accuracy after it.
    """

    network: Network
    curve: tuple[Moment, ...]


def descend(
    recipe: Recipe,
    training: Digits,
    validation: Digits,
    seed: int,
    report: Callable[[str], None],
) -> Trained:
    """Train a recipe's candidates side by side and keep the best.

    Args:
        recipe: everything that decides how.
        training: what is learned from.
        validation: what is chosen on, never learned from.
        seed: of everything random.
        report: told one line an epoch.

    Raises:
        BadInputError: the cost grew beyond all numbers.
    """
    rng = np.random.default_rng(seed)
    candidates = [_start(recipe, rng) for _ in range(recipe.candidates)]
    images = PREPROCESSINGS[recipe.preprocessing].prepare(validation.images)
    costs, accuracies = [], []
    for epoch in range(recipe.epochs):
        with np.errstate(over="ignore", invalid="ignore"):  # what diverges is reported below
            candidates, cost = _epoch(candidates, training, recipe, epoch, rng)
            accuracy = [_accuracy(c.averaged, images, validation.labels) for c in candidates]
        costs.append(cost)
        accuracies.append(accuracy)
        best = int(np.argmax(accuracy))
        if not np.isfinite(cost[best]):
            raise BadInputError(f"{recipe.name} diverges in epoch {epoch + 1}; lower its learning_rate")
        report(
            f"epoch {epoch + 1:3}/{recipe.epochs}  cost {cost[best]:.4f}  "
            f"validation accuracy {accuracy[best]:.2%}"
        )
    curve = (
        Moment(epoch=epoch, cost=float(cost[best]), validation_accuracy=accuracy[best])
        for epoch, (cost, accuracy) in enumerate(zip(costs, accuracies, strict=True), start=1)
    )
    return Trained(candidates[best].averaged, tuple(curve))


def _start(recipe: Recipe, rng: np.random.Generator) -> Candidate:
    network = Network.random(
        recipe.sizes,
        rng,
        activations=[ACTIVATIONS[name] for name in recipe.activations],
        initialisation=recipe.initialisation,
    )
    spread = np.float32(recipe.spread)
    layers = (replace(layer, weights=layer.weights * spread) for layer in network.layers)
    start = Network(tuple(layers))
    return Candidate(start, start, Memory())


def _accuracy(network: Network, images: FloatArray, labels: NDArray[np.uint8]) -> float:
    return float((network.forward(images).argmax(axis=1) == labels).mean())


def _epoch(
    candidates: list[Candidate], training: Digits, recipe: Recipe, epoch: int, rng: np.random.Generator
) -> tuple[list[Candidate], FloatArray]:
    """Pass once over the training digits; return the candidates and the mean cost of each."""
    n_steps = len(training) // recipe.n_digits
    costs = np.zeros(len(candidates))
    batches = mini_batches(training, recipe, rng)
    bar = needs("tqdm").tqdm(batches, f"epoch {epoch + 1}", n_steps, leave=False, disable=None)
    for number, batch in enumerate(bar):
        over = (epoch + number / n_steps) / recipe.epochs
        stepped = [step(candidate, batch, recipe, over) for candidate in candidates]
        candidates = [candidate for candidate, _ in stepped]
        costs += [cost for _, cost in stepped]
    return candidates, costs / n_steps


def step(candidate: Candidate, batch: MiniBatch, recipe: Recipe, over: float) -> tuple[Candidate, float]:
    """Move a candidate one step down, and return it with the cost of the mini-batch before the step.

    Args:
        candidate: where it stands.
        batch: what it learns from.
        recipe: the cost, the optimiser, the schedule and the averaging.
        over: the share of the training that is over, 0..1.
    """
    cost, gradients = backpropagate(candidate.network, *batch, COSTS[recipe.cost])
    learning_rate = recipe.learning_rate * SCHEDULES[recipe.schedule](over)
    network, memory = OPTIMISERS[recipe.optimiser](
        candidate.network, gradients, candidate.memory, learning_rate
    )
    if not recipe.averaging:
        return Candidate(network, network, memory), cost
    keep = min(recipe.averaging, memory.steps / (memory.steps + 10))  # the first networks are soon forgotten
    return Candidate(network, average(candidate.averaged, network, keep), memory), cost


def mini_batches(digits: Digits, recipe: Recipe, rng: np.random.Generator) -> Iterator[MiniBatch]:
    """Pass once over the digits in random order, each changed anew, with trash among them.

    Digits that do not fill a mini-batch are left out of this pass.
    """
    n_steps = len(digits) // recipe.n_digits
    steps_at_once = max(1, CHUNK // recipe.mini_batch)
    order = rng.permutation(len(digits))
    for first in range(0, n_steps, steps_at_once):
        last = min(first + steps_at_once, n_steps)
        some = digits[order[first * recipe.n_digits : last * recipe.n_digits]]
        images, targets = _chunk(some, digits, (last - first) * recipe.n_trash, recipe, rng)
        for start in range(0, len(images), recipe.mini_batch):
            here = slice(start, start + recipe.mini_batch)
            yield MiniBatch(images[here], targets[here])


def _chunk(some: Digits, digits: Digits, n_trash: int, recipe: Recipe, rng: np.random.Generator) -> MiniBatch:
    """Change some digits, mix trash made of all the digits in, and prepare both as the network reads them."""
    images = some.images
    targets = np.eye(recipe.sizes[-1], dtype=np.float32)[some.labels]
    if recipe.augmentation != Augmentation():
        images = augment(images, recipe.augmentation, rng)
    if n_trash:
        images = np.concatenate([images, trash.mixture(recipe.trash, rng, digits, n_trash)])
        targets = np.pad(targets, ((0, n_trash), (0, 0)))
        order = rng.permutation(len(images))
        images, targets = images[order], targets[order]
    return MiniBatch(PREPROCESSINGS[recipe.preprocessing].prepare(images), targets)
