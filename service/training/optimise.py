"""Ways downhill: from a network and its gradients to the next network, and how the steps shorten on the way.

Every step is pure: what an optimiser remembers goes in and comes out with the network.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from math import cos, pi, sqrt
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np

from service.network import FloatArray, Gradient, Network
from service.training.device import lies_here

__all__ = ["OPTIMISERS", "SCHEDULES", "Memory", "Optimiser", "Schedule", "average"]

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # Kingma and Ba (2015), their own values
BLOCK = 2**15  # numbers worked on at a time by a processor: what is made of them stays in a core's cache

NOTHING: FloatArray = np.empty(0, np.float32)


class Memory(NamedTuple):
    """What an optimiser carries from step to step.

    Attributes:
        steps: how many were made.
        mean: running mean of the gradient, (n_parameters,), layer by layer; empty before the first step.
        square: running mean of the gradient's square, likewise.
    """

    steps: int = 0
    mean: FloatArray = NOTHING
    square: FloatArray = NOTHING


Gradients: TypeAlias = tuple[Gradient, ...]
Optimiser: TypeAlias = Callable[[Network, Gradients, Memory, float], tuple[Network, Memory]]
"""(network, gradients, memory, learning rate) → the network one step on, and what the next step remembers."""

Schedule: TypeAlias = Callable[[float], float]
"""The share of the training that is over, 0..1 → the share of the learning rate that is left."""


def average(averaged: Network, network: Network, keep: float) -> Network:
    """Return the running mean of the weights and biases: keep × averaged + (1 − keep) × network."""
    layers = (
        replace(
            mean,
            weights=_blend(mean.weights, layer.weights, keep),
            biases=_blend(mean.biases, layer.biases, keep),
        )
        for mean, layer in zip(averaged.layers, network.layers, strict=True)
    )
    return Network(tuple(layers))


def _blend(mean: FloatArray, new: FloatArray, keep: float) -> FloatArray:
    blended = np.empty_like(mean, order="C")
    of, to = mean.reshape(-1), blended.reshape(-1)
    rest = new.reshape(-1)
    for block in _blocks(of):
        _blend_into(to[block], of[block], rest[block], keep, np.empty_like(of[block]))
    return blended


def _blend_into(
    blended: FloatArray, mean: FloatArray, new: FloatArray, keep: float, scratch: FloatArray
) -> None:
    np.multiply(mean, keep, out=blended)
    np.multiply(new, 1 - keep, out=scratch)
    np.add(blended, scratch, out=blended)


def _blocks(row: FloatArray) -> Iterator[slice]:
    """Cut a row into what is worked on at a time; a graphics card takes it whole."""
    size = BLOCK if lies_here(row) else max(len(row), 1)
    return (slice(first, first + size) for first in range(0, len(row), size))


def _descent(
    network: Network, gradients: Gradients, memory: Memory, learning_rate: float
) -> tuple[Network, Memory]:
    """Step straight down the gradient."""
    steps = (Gradient(g.weights * learning_rate, g.biases * learning_rate) for g in gradients)
    return _moved(network, steps), Memory(memory.steps + 1)


def _adam(
    network: Network, gradients: Gradients, memory: Memory, learning_rate: float
) -> tuple[Network, Memory]:
    """Step down the running mean of the gradient, each weight in units of its own gradient's usual size."""
    steps = memory.steps + 1
    gradient = np.concatenate([array.reshape(-1) for layer in gradients for array in layer])
    before = memory if memory.steps else Memory(0, np.zeros_like(gradient), np.zeros_like(gradient))
    mean, square = np.empty_like(gradient), np.empty_like(gradient)
    # both running means start at zero: the first steps would be too short without this
    unbiased = sqrt(1 - BETA_2**steps)
    length, epsilon = learning_rate * unbiased / (1 - BETA_1**steps), EPSILON * unbiased
    for block in _blocks(gradient):
        g, m, v = gradient[block], mean[block], square[block]
        scratch = np.empty_like(g)
        _blend_into(m, before.mean[block], g, BETA_1, scratch)
        np.multiply(g, g, out=g)
        _blend_into(v, before.square[block], g, BETA_2, scratch)
        np.sqrt(v, out=scratch)
        np.add(scratch, epsilon, out=scratch)
        np.divide(m, scratch, out=g)  # the gradient itself is no longer needed
        np.multiply(g, length, out=g)
    return _moved(network, _layer_by_layer(gradient, gradients)), Memory(steps, mean, square)


def _layer_by_layer(row: FloatArray, like: Gradients) -> Iterator[Gradient]:
    """Cut a row of all layers' numbers into the layers' own shapes."""
    first = 0
    for weights, biases in like:
        middle, last = first + weights.size, first + weights.size + biases.size
        yield Gradient(row[first:middle].reshape(weights.shape), row[middle:last])
        first = last


def _moved(network: Network, steps: Iterable[Gradient]) -> Network:
    """Return the network so many steps on; the steps' own arrays become its weights and biases."""
    layers = (
        replace(
            layer,
            weights=np.subtract(layer.weights, step.weights, out=step.weights),
            biases=np.subtract(layer.biases, step.biases, out=step.biases),
        )
        for layer, step in zip(network.layers, steps, strict=True)
    )
    return Network(tuple(layers))


OPTIMISERS: Mapping[str, Optimiser] = MappingProxyType({"descent": _descent, "adam": _adam})

FLAT = 0.4  # of the training, before "flat-then-linear" begins to fall

SCHEDULES: Mapping[str, Schedule] = MappingProxyType(
    {
        "constant": lambda _over: 1.0,
        "cosine": lambda over: (1 + cos(pi * over)) / 2,
        "flat-then-linear": lambda over: min(1.0, (1 - over) / (1 - FLAT)),
    }
)
