"""The network run backwards: from an output neuron to the pixels that it would most like to see.

The weights stand still and the image moves: uphill along the slope of one neuron's z, which the chain rule
gives for the pixels just as it does for the weights.
"""

from dataclasses import dataclass

import numpy as np

from service.network.activations import FloatArray
from service.network.mlp import Network

__all__ = ["Ascent", "dream", "pixel_gradient"]


@dataclass(frozen=True, slots=True)
class Ascent:
    """How an image climbs.

    Attributes:
        steps: how many.
        length: of one step, the root mean square of what it changes a pixel by.
        smoothing: σ of the Gaussian that each step is smoothed with, in pixels; 0 leaves it sharp.
        fading: the share of the way to low that every pixel goes in each step, 0..1.
        low: the smallest value that a pixel may have, paper.
        high: the largest, ink.
    """

    steps: int = 200
    length: float = 0.02
    smoothing: float = 0
    fading: float = 0
    low: float = 0
    high: float = 1


def pixel_gradient(network: Network, images: FloatArray, neuron: int) -> FloatArray:
    """Return how z of an output neuron rises with each pixel of each image: (n, n_in) → (n, n_in)."""
    *_, output = network.layers
    columns = network.trace(images).activations
    delta = np.repeat(output.weights[[neuron]], len(images), axis=0)  # dz/da of the column before, (n, n_in)
    for layer, activations in zip(network.layers[-2::-1], columns[-2::-1], strict=True):
        delta = (delta * layer.activation.slope(activations)) @ layer.weights
    return delta


def dream(network: Network, neuron: int, start: FloatArray, ascent: Ascent | None = None) -> FloatArray:
    """Change an image step by step until an output neuron is as excited as it gets.

    Args:
        network: reads n_in pixels; whatever preprocessing stands before it is not undone.
        neuron: of the output column, from 0.
        start: (rows, columns) of n_in pixels in all, for example noise or blank paper.
        ascent: how the image climbs.

    Returns:
        An image of the start's shape and dtype, every pixel between low and high.
    """
    way = Ascent() if ascent is None else ascent
    blurs = [_gaussian(side, way.smoothing, start.dtype) for side in start.shape]
    image = np.clip(start, way.low, way.high)
    for length in np.linspace(way.length, 0, way.steps, endpoint=False, dtype=start.dtype):
        slope = pixel_gradient(network, image.reshape(1, -1), neuron).reshape(start.shape)
        step = blurs[0] @ slope @ blurs[1].T
        steepness = np.sqrt((step**2).mean())
        if steepness == 0:
            break  # every hidden neuron is silent or saturated: no pixel leads uphill
        image = image + way.fading * (way.low - image) + step * (length / steepness)
        image = np.clip(image, way.low, way.high)
    return image


def _gaussian(side: int, sigma: float, dtype: np.dtype) -> FloatArray:
    """Return the matrix that smooths a row of pixels, (side, side); each of its rows adds up to one."""
    if sigma == 0:
        return np.eye(side, dtype=dtype)
    places = np.arange(side)
    kernel = np.exp(-(((places[:, None] - places) / sigma) ** 2) / 2)
    normalized: FloatArray = (kernel / kernel.sum(axis=1, keepdims=True)).astype(dtype)
    return normalized
