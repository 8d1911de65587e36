"""What training brings down, each cost beside the delta that it sends into the output layer.

A cost is averaged over the mini-batch and summed over the outputs. The cross-entropy compares outputs in 0..1
with targets in 0..1: it belongs behind sigmoid outputs, and outside that range it has no value and no slope.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from service.network.activations import SIGMOID, Activation, FloatArray

__all__ = ["COSTS", "CROSS_ENTROPY", "QUADRATIC", "Cost"]


@dataclass(frozen=True, slots=True)
class Cost:
    """Measure how far activations are from their targets.

    Attributes:
        name: how artifacts and recipes call it.
        value: activations and targets, both (n, n_out) → the mean over the n images.
        output_delta: activations, targets, the output layer's activation function → dC/dz of each image by
            itself, (n, n_out); the mean is taken where the images meet, in the gradient.
    """

    name: str
    value: Callable[[FloatArray, FloatArray], float]
    output_delta: Callable[[FloatArray, FloatArray, Activation], FloatArray]

    def __call__(self, activations: FloatArray, targets: FloatArray) -> float:
        """Return the mean over the mini-batch."""
        return self.value(activations, targets)

    def __repr__(self) -> str:
        return self.name


def _quadratic(activations: FloatArray, targets: FloatArray) -> float:
    return float(((activations - targets) ** 2).sum() / (2 * len(activations)))


def _quadratic_delta(activations: FloatArray, targets: FloatArray, activation: Activation) -> FloatArray:
    return (activations - targets) * activation.slope(activations)


def _inside(activations: FloatArray) -> FloatArray:
    """Keep activations off 0 and 1, where the logarithm has no value."""
    nearest = np.finfo(activations.dtype).eps
    return np.clip(activations, nearest, 1 - nearest)


def _cross_entropy(activations: FloatArray, targets: FloatArray) -> float:
    a = _inside(activations)
    return float(-(targets * np.log(a) + (1 - targets) * np.log(1 - a)).sum() / len(a))


def _cross_entropy_delta(activations: FloatArray, targets: FloatArray, activation: Activation) -> FloatArray:
    if activation is SIGMOID:  # a(1 − a) of the cost's slope and of σ′ cancel, and no neuron saturates
        return activations - targets
    a = _inside(activations)
    return (a - targets) / (a * (1 - a)) * activation.slope(activations)


QUADRATIC = Cost("quadratic", _quadratic, _quadratic_delta)
CROSS_ENTROPY = Cost("cross-entropy", _cross_entropy, _cross_entropy_delta)

COSTS: Mapping[str, Cost] = MappingProxyType({cost.name: cost for cost in (QUADRATIC, CROSS_ENTROPY)})
