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
    blended = mean * keep
    blended += new * (1 - keep)
    return blended


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
    block_size = BLOCK if lies_here(gradient) else len(gradient)  # a card takes all at once
    for first in range(0, len(gradient), block_size):
        block = slice(first, first + block_size)
        mean[block] = _blend(before.mean[block], gradient[block], BETA_1)
        square[block] = _blend(before.square[block], gradient[block] * gradient[block], BETA_2)
        gradient[block] = _adam_step(mean[block], square[block], length, epsilon)  # no longer needed itself
    return _moved(network, _layer_by_layer(gradient, gradients)), Memory(steps, mean, square)


def _adam_step(mean: FloatArray, square: FloatArray, length: float, epsilon: float) -> FloatArray:
    size = np.sqrt(square)
    size += epsilon
    np.divide(mean, size, out=size)
    size *= length
    return size


def _layer_by_layer(row: FloatArray, like: Gradients) -> Iterator[Gradient]:
    """Cut a row of all layers' numbers into the layers' own shapes."""
    first = 0
    for weights, biases in like:
        middle, last = first + weights.size, first + weights.size + biases.size
        yield Gradient(row[first:middle].reshape(weights.shape), row[middle:last])
        first = last


def _moved(network: Network, steps: Iterable[Gradient]) -> Network:
    layers = (
        replace(layer, weights=layer.weights - step.weights, biases=layer.biases - step.biases)
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
