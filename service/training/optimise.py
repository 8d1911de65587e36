"""Ways downhill: from a network and its gradients to the next network, and how the steps shorten on the way.

Every step is pure: what an optimiser remembers goes in and comes out with the network.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from math import cos, pi, sqrt
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np

from service.network import FloatArray, Gradient, Network

__all__ = ["OPTIMISERS", "SCHEDULES", "Memory", "Optimiser", "Schedule", "average"]

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # Kingma and Ba (2015), their own values


class Memory(NamedTuple):
    """What an optimiser carries from step to step.

    Attributes:
        steps: how many were made.
        means: running mean of the gradient, one a layer; none before the first step.
        squares: running mean of the gradient's square, likewise.
    """

    steps: int = 0
    means: tuple[Gradient, ...] = ()
    squares: tuple[Gradient, ...] = ()


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
    before = memory if memory.means else _still(gradients)
    means = tuple(
        Gradient(*(_blend(m, g, BETA_1) for m, g in zip(mean, gradient, strict=True)))
        for mean, gradient in zip(before.means, gradients, strict=True)
    )
    squares = tuple(
        Gradient(*(_blend(s, g * g, BETA_2) for s, g in zip(square, gradient, strict=True)))
        for square, gradient in zip(before.squares, gradients, strict=True)
    )
    # both running means start at zero: the first steps would be too short without this
    unbiased = sqrt(1 - BETA_2**steps)
    length = learning_rate * unbiased / (1 - BETA_1**steps)
    moves = (
        Gradient(*(_adam_step(m, s, length, EPSILON * unbiased) for m, s in zip(mean, square, strict=True)))
        for mean, square in zip(means, squares, strict=True)
    )
    return _moved(network, moves), Memory(steps, means, squares)


def _adam_step(mean: FloatArray, square: FloatArray, length: float, epsilon: float) -> FloatArray:
    size = np.sqrt(square)
    size += epsilon
    np.divide(mean, size, out=size)
    size *= length
    return size


def _still(gradients: Gradients) -> Memory:
    """Return the memory of someone who has not moved yet."""
    zeros = tuple(Gradient(np.zeros_like(g.weights), np.zeros_like(g.biases)) for g in gradients)
    return Memory(0, zeros, zeros)


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
