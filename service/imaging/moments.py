"""Bring the ink of every image near the same moments: upright, and about as tall and as wide as any other's.

A network then need not learn one digit in every slant and size (Casey 1970, "Moment normalization of
handprinted characters"). A digit is stretched only part of the way, or every one would be a square.
"""

import numpy as np
from numpy.typing import NDArray

from service.imaging.axes import AXIS, LEAST, ONES, X, Y
from service.imaging.frame import SIDE
from service.network import FloatArray

__all__ = ["even"]

MOMENTS = np.stack([ONES, X, Y, X * Y, X * X, Y * Y], axis=1)  # (784, 6): what sums up ink, and its moments
HEIGHT, WIDTH = 5.6, 4.6  # pixels, standard deviation of ink down and across
PART = 0.7  # of the way there, on the scale of logarithms
NARROWEST, WIDEST = 0.7, 1.45  # factors: a one stays slim
AT_ONCE = 64  # images: what is made of them stays in a core's cache


def even(images: FloatArray) -> FloatArray:
    """Shear each image upright, and bring the height and the width of its ink nearer to the usual ones.

    Args:
        images: (n, 784), 0 paper to 1 ink.

    Returns:
        (n, 784), the same dtype, still within 0..1, its centre of mass in the middle; blank stays blank.
    """
    evened = np.empty_like(images)
    for first in range(0, len(images), AT_ONCE):
        evened[first : first + AT_ONCE] = _even(images[first : first + AT_ONCE])
    return evened


def _even(images: FloatArray) -> FloatArray:
    mass, x, y, xy, xx, yy = (images @ MOMENTS).T  # each (n,)
    mass = mass + np.finfo(images.dtype).tiny
    across, down = x / mass, y / mass  # the centre of mass, in pixels from the middle
    tall = np.maximum(yy / mass - down * down, LEAST)
    lean = xy / mass - across * down
    slant = lean / tall  # pixels to the right for each pixel down
    wide = np.maximum(xx / mass - across * across - slant * lean, LEAST)  # once it stands upright
    rows = down[:, np.newaxis] + AXIS / _stretch(tall, HEIGHT)  # that are read for each row, (n, 28)
    leaning = slant[:, np.newaxis] * (rows - down[:, np.newaxis])
    begin = across[:, np.newaxis] + leaning  # of each row, (n, 28)
    columns = begin[:, :, np.newaxis] + (AXIS / _stretch(wide, WIDTH))[:, np.newaxis]  # (n, 28, 28)
    dtype = images.dtype
    mixed = _mixing(rows.astype(dtype)) @ images.reshape(-1, SIDE, SIDE)
    return _across(mixed, columns.astype(dtype)).reshape(images.shape)


def _stretch(variance: NDArray[np.float64], usual: float) -> NDArray[np.float64]:
    """Return by how much ink of such a variance, (n,), is stretched: (n, 1)."""
    factors: NDArray[np.float64] = np.minimum(
        np.maximum((usual * usual / variance) ** (PART / 2), NARROWEST), WIDEST
    )
    return factors[:, np.newaxis]


def _mixing(rows: FloatArray) -> FloatArray:
    """Weigh the two rows around each place, (n, 28): (n, 28, 28); outside there is paper."""
    apart = np.abs(rows[:, :, np.newaxis] - AXIS.astype(rows.dtype))
    weights: FloatArray = np.maximum(1 - apart, 0)
    return weights


def _across(pictures: FloatArray, columns: FloatArray) -> FloatArray:
    """Read each row at other places, both (n, 28, 28), between two pixels where need be."""
    n = len(pictures)
    wide = np.zeros((n * SIDE, SIDE + 3), pictures.dtype)  # a column of paper to the left, two to the right
    wide[:, 1:-2] = pictures.reshape(-1, SIDE)
    place = columns.reshape(n * SIDE, SIDE)
    place += pictures.dtype.type(14.5)  # from the middle to the column of paper
    np.minimum(np.maximum(place, 0, out=place), SIDE + 1, out=place)
    left = place.astype(np.int32)
    place -= left  # the share of the pixel to the right
    left += np.arange(0, wide.size, wide.shape[1], dtype=np.int32)[:, np.newaxis]
    ink = wide.reshape(-1)
    nearer = ink.take(left)
    left += 1
    between: FloatArray = ink.take(left)
    between -= nearer
    between *= place
    between += nearer
    return between
