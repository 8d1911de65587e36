"""Ink that is as light as its paper, and of another colour."""

import numpy as np

from service.network import FloatArray

__all__ = ["DULL", "by_hue"]

DULL = 0.2  # of the way from black to white: where light differs less, colours may tell more
FARTHER = 3  # times as far apart as in light
LIGHT = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue (ITU-R BT.601)


def by_hue(colours: FloatArray, light: FloatArray) -> FloatArray:
    """Lay grey along the way on which colours differ most, if they differ there much more than in light.

    Source: Hotelling (1933), "Analysis of a complex of statistical variables into principal components".

    Args:
        colours: (3, height, width), red, green and blue, 0 to 1.
        light: (height, width), 0 black to 1 white.

    Returns:
        (height, width) float32, 0 to 1; what is lighter stays lighter, all in all.
    """
    mean = colours.mean(axis=(1, 2), keepdims=True)
    apart = (colours - mean).reshape(3, -1)
    variances, axes = np.linalg.eigh(apart @ apart.T / apart.shape[1])
    if variances[-1] <= FARTHER**2 * light.var():
        return light
    axis = axes[:, -1]
    along = (axis if axis @ LIGHT >= 0 else -axis) @ apart
    grey = along.reshape(light.shape) + light.mean()
    low, high = min(float(grey.min()), 0), max(float(grey.max()), 1)
    laid: FloatArray = ((grey - low) / (high - low)).astype(np.float32)
    return laid
