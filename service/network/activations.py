"""The squashing functions, each beside its slope.

A slope takes the activation and not z: once σ(z) is known, σ′(z) = σ(z)(1 − σ(z)) costs one product.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["ACTIVATIONS", "RELU", "SIGMOID", "TANH", "Activation", "FloatArray"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Activation:
    """Squash weighted sums into activations, and know how steep that is.

    Attributes:
        name: how artifacts and recipes call it.
        squash: z, any shape → activations, the same shape and dtype.
        slope: activations → dactivation/dz, the same shape and dtype.
        gain: the variance that a layer's weights are drawn with, times n_in: 1 for sigmoid and tanh (LeCun
            et al. 1998), 2 for ReLU, which silences half of its neurons (He et al. 2015).
    """

    name: str
    squash: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]
    gain: float

    def __call__(self, z: FloatArray) -> FloatArray:
        """Squash z."""
        return self.squash(z)

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Callable[[str], "Activation"], tuple[str]]:
        """Be the same one in another process, where a network is sent to."""
        return _named, (self.name,)


def _named(name: str) -> Activation:
    return ACTIVATIONS[name]


def _sigmoid(z: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-np.maximum(z, -88)))  # exp(89) overflows float32


def _sigmoid_slope(activations: FloatArray) -> FloatArray:
    return activations * (1 - activations)


def _tanh(z: FloatArray) -> FloatArray:
    return np.tanh(z)


def _tanh_slope(activations: FloatArray) -> FloatArray:
    return 1 - activations * activations


def _relu(z: FloatArray) -> FloatArray:
    return np.maximum(z, 0)


def _relu_slope(activations: FloatArray) -> FloatArray:
    return (activations > 0).astype(activations.dtype)


SIGMOID = Activation("sigmoid", _sigmoid, _sigmoid_slope, gain=1)
TANH = Activation("tanh", _tanh, _tanh_slope, gain=1)
RELU = Activation("relu", _relu, _relu_slope, gain=2)

ACTIVATIONS: Mapping[str, Activation] = MappingProxyType({a.name: a for a in (SIGMOID, TANH, RELU)})
