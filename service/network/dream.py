"""The network run backwards: from an output neuron to the pixels that it would most like to see.

The weights stand still and the image moves: uphill along the slope of one neuron's z, which the chain rule
gives for the pixels just as it does for the weights.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from service.network.activations import FloatArray
from service.network.mlp import Network

__all__ = ["Ascent", "dream", "pixel_gradient"]


@dataclass(frozen=True, slots=True)
class Ascent:
    """How an image climbs.

    Attributes:
        steps: how many; they shorten evenly to nothing.
        length: of the first step, the root mean square of what the slope adds to a pixel.
        momentum: the share of a step that the next one keeps, 0..1; it carries over small hills.
        smoothing: σ of the Gaussian that each slope is smoothed with, in pixels; 0 leaves it sharp.
        low: the smallest value that a pixel may have, paper.
        high: the largest, ink.
    """

    steps: int = 300
    length: float = 0.002
    momentum: float = 0.9
    smoothing: float = 0
    low: float = 0
    high: float = 1


def pixel_gradient(network: Network, images: FloatArray, neuron: int) -> FloatArray:
    """Return how z of an output neuron rises with each pixel of each image: (n, n_in) → (n, n_in)."""
    return _look(network, images, neuron)[1]


def _look(network: Network, images: FloatArray, neuron: int) -> tuple[FloatArray, FloatArray]:
    """Return z of an output neuron, (n,), and how it rises with each pixel, (n, n_in)."""
    trace = network.trace(images)
    weights = network.layers[-1].weights[[neuron]]
    delta = np.repeat(weights, len(images), axis=0)  # dz/da of the column before, (n, n_in)
    for layer, activations in zip(network.layers[-2::-1], trace.activations[-2::-1], strict=True):
        delta = (delta * layer.activation.slope(activations)) @ layer.weights
    return trace.z[-1][:, neuron], delta


def dream(network: Network, neuron: int, start: FloatArray, ascent: Ascent | None = None) -> FloatArray:
    """Change an image step by step to excite an output neuron, and return the most exciting one on the way.

    Args:
        network: reads n_in pixels; whatever preprocessing stands before it is not undone.
        neuron: of the output column, from 0.
        start: (rows, columns) of n_in pixels in all; blank paper brings the clearest pictures.
        ascent: how the image climbs.

    Returns:
        An image of the start's shape and dtype, every pixel between low and high.
    """
    way = Ascent() if ascent is None else ascent
    blurs = [_gaussian(side, way.smoothing, start.dtype) for side in start.shape]
    best = image = np.clip(start, way.low, way.high)
    summit, speed = -np.inf, np.zeros_like(image)
    for length in np.linspace(way.length, 0, way.steps + 1, dtype=start.dtype):
        [z], [slope] = _look(network, image.reshape(1, -1), neuron)
        if z > summit:
            best, summit = image, z
        smooth = blurs[0] @ slope.reshape(start.shape) @ blurs[1].T
        steepness = np.sqrt((smooth**2).mean())
        if steepness == 0:
            break  # every hidden neuron is silent or saturated: no pixel leads uphill
        speed = way.momentum * speed + smooth * (length / steepness)
        image = np.clip(image + speed, way.low, way.high)
    return best


def _gaussian(side: int, sigma: float, dtype: np.dtype[Any]) -> FloatArray:
    """Return the matrix that smooths a row of pixels, (side, side); each of its rows adds up to one."""
    if sigma == 0:
        return np.eye(side, dtype=dtype)
    places = np.arange(side)
    kernel = np.exp(-(((places[:, None] - places) / sigma) ** 2) / 2)
    normalized: FloatArray = (kernel / kernel.sum(axis=1, keepdims=True)).astype(dtype)
    return normalized
