"""Ways downhill: from a network and its gradients to the next network, and how the steps shorten on the way.

Every step is pure: what an optimiser remembers goes in and comes out with the network.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import cos, pi, sqrt
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np

from service.network import FloatArray, Gradient
from service.training.device import lies_here

__all__ = ["OPTIMISERS", "SCHEDULES", "Layered", "Memory", "Optimiser", "Schedule", "average"]

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # Kingma and Ba (2015), their own values
BLOCK = 2**15  # numbers worked on at a time by a processor: what is made of them stays in a core's cache

NOTHING: FloatArray = np.empty(0, np.float32)


class Memory(NamedTuple):
    """What an optimiser carries from step to step.

    Attributes:
        steps: how many were made.
        gradient: the sum of all gradients, each weighing less with every step since, (n_parameters,), layer
            by layer; empty before the first step.
        square: the same sum of their squares.
    """

    steps: int = 0
    gradient: FloatArray = NOTHING
    square: FloatArray = NOTHING

    def part(self, place: slice) -> "Memory":
        """Return what belongs to some of the parameters."""
        return Memory(self.steps, self.gradient[place], self.square[place])


class Layered(Protocol):
    """A network of any kind: a dataclass of layers, each of them one with weights and biases."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def layers(self) -> tuple[Any, ...]:
        """Every layer, the first one first."""
        ...


Gradients: TypeAlias = tuple[Gradient, ...]
Learner = TypeVar("Learner", bound=Layered)


class Optimiser(Protocol):
    """Make one step."""

    def __call__(
        self, network: Learner, gradients: Gradients, memory: Memory, learning_rate: float, /
    ) -> tuple[Learner, Memory]:
        """Return the network one step on, and what the next step remembers."""
        ...


Schedule: TypeAlias = Callable[[float], float]
"""The share of the training that is over, 0..1 → the share of the learning rate that is left."""


def average(averaged: Learner, network: Learner, keep: float) -> Learner:
    """Return the running mean of the weights and biases: keep × averaged + (1 − keep) × network."""
    layers = (
        replace(
            mean,
            weights=_blend(mean.weights, layer.weights, keep),
            biases=_blend(mean.biases, layer.biases, keep),
        )
        for mean, layer in zip(averaged.layers, network.layers, strict=True)
    )
    return replace(averaged, layers=tuple(layers))


def _blend(mean: FloatArray, new: FloatArray, keep: float) -> FloatArray:
    blended = np.empty_like(mean, order="C")
    of, to, rest = mean.reshape(-1), blended.reshape(-1), new.reshape(-1)
    for block in _blocks(of):
        np.multiply(of[block], keep, out=to[block])
        np.add(to[block], rest[block] * (1 - keep), out=to[block])
    return blended


def _blocks(row: FloatArray) -> Iterator[slice]:
    """Cut a row into what is worked on at a time; a graphics card takes it whole."""
    size = BLOCK if lies_here(row) else max(len(row), 1)
    return (slice(first, first + size) for first in range(0, len(row), size))


def _descent(
    network: Learner, gradients: Gradients, memory: Memory, learning_rate: float
) -> tuple[Learner, Memory]:
    """Step straight down the gradient."""
    layers = (
        replace(
            layer,
            weights=layer.weights - slope.weights * learning_rate,
            biases=layer.biases - slope.biases * learning_rate,
        )
        for layer, slope in zip(network.layers, gradients, strict=True)
    )
    return replace(network, layers=tuple(layers)), Memory(memory.steps + 1)


def _adam(
    network: Learner, gradients: Gradients, memory: Memory, learning_rate: float
) -> tuple[Learner, Memory]:
    """Step down the running mean of the gradient, each weight in units of its own gradient's usual size."""
    steps = memory.steps + 1
    numbers = [array for layer in network.layers for array in (layer.weights, layer.biases)]
    if not memory.steps:
        nothing = np.zeros_like(numbers[0], shape=sum(array.size for array in numbers))
        memory = Memory(0, nothing, nothing)
    after = Memory(steps, np.empty_like(memory.gradient), np.empty_like(memory.square))
    # what turns each sum into a mean, also after the first steps, of which there are few
    mean, square = (1 - BETA_1) / (1 - BETA_1**steps), (1 - BETA_2) / (1 - BETA_2**steps)
    by = learning_rate * mean / sqrt(square), EPSILON / sqrt(square)
    slopes = [array for gradient in gradients for array in gradient]
    moved: list[FloatArray] = []
    first = 0
    for group in _groups(numbers):
        row, slope = _joined(numbers[group]), _joined(slopes[group])
        part = slice(first, first + len(row))
        moved += _cut(_stride(row, slope, memory.part(part), after.part(part), by), numbers[group])
        first = part.stop
    layers = zip(network.layers, moved[::2], moved[1::2], strict=True)
    return replace(
        network, layers=tuple(replace(layer, weights=w, biases=b) for layer, w, b in layers)
    ), after


def _groups(arrays: Sequence[FloatArray]) -> Iterator[slice]:
    """Divide arrays, so that small ones which follow each other are worked on as one."""
    first, size = 0, 0
    for place, array in enumerate(arrays):
        if size and size + array.size > BLOCK and lies_here(array):
            yield slice(first, place)
            first, size = place, 0
        size += array.size
    yield slice(first, len(arrays))


def _joined(arrays: Sequence[FloatArray]) -> FloatArray:
    """Lay the numbers of arrays behind each other; those of one alone are not copied."""
    rows = [array.reshape(-1) for array in arrays]
    return rows[0] if len(rows) == 1 else np.concatenate(rows)


def _cut(row: FloatArray, like: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """Undo what _joined did."""
    first = 0
    for array in like:
        yield row[first : first + array.size].reshape(array.shape)
        first += array.size


def _stride(
    row: FloatArray, slope: FloatArray, before: Memory, after: Memory, by: tuple[float, float]
) -> FloatArray:
    """Take Adam's step with some numbers, (n,), block by block; write what it remembers into `after`."""
    length, epsilon = by
    moved = np.empty_like(row)
    for block in _blocks(row):
        g, s, q = slope[block], after.gradient[block], after.square[block]
        np.multiply(before.gradient[block], BETA_1, out=s)
        np.add(s, g, out=s)
        np.multiply(before.square[block], BETA_2, out=q)
        scratch = g * g
        np.add(q, scratch, out=q)
        np.sqrt(q, out=scratch)
        np.add(scratch, epsilon, out=scratch)
        np.divide(s, scratch, out=scratch)
        np.multiply(scratch, length, out=scratch)
        np.subtract(row[block], scratch, out=moved[block])
    return moved


OPTIMISERS: Mapping[str, Optimiser] = MappingProxyType({"descent": _descent, "adam": _adam})

FLAT = 0.4  # of the training, before "flat-then-linear" begins to fall

SCHEDULES: Mapping[str, Schedule] = MappingProxyType(
    {
        "constant": lambda _over: 1.0,
        "cosine": lambda over: (1 + cos(pi * over)) / 2,
        "flat-then-linear": lambda over: min(1.0, (1 - over) / (1 - FLAT)),
    }
)
