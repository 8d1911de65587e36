"""Bring the ink of every image upright: a network then need not learn one digit in every slant."""

import numpy as np
from numpy.typing import NDArray

from service.imaging.axes import AXIS, LEAST, ONES, X, Y
from service.imaging.frame import SIDE
from service.network import FloatArray

__all__ = ["deskew"]

ROWS = AXIS[:, np.newaxis]
MOMENTS = np.stack([ONES, X, Y, X * Y, Y * Y], axis=1)  # (784, 5): what sums up ink, and its moments
FARTHEST = SIDE  # columns by which a row is moved: from there on nothing of it is left
AT_ONCE = 64  # images: what is made of them stays in a core's cache


def deskew(images: FloatArray) -> FloatArray:
    """Shear each image until its ink leans to no side, and move its centre of mass to the middle column.

    Args:
        images: (n, 784), 0 paper to 1 ink.

    Returns:
        (n, 784), the same dtype, still within 0..1; blank images stay blank.
    """
    if len(images) <= AT_ONCE:
        return _upright(images)
    upright = np.empty_like(images)
    for first in range(0, len(images), AT_ONCE):
        upright[first : first + AT_ONCE] = _upright(images[first : first + AT_ONCE])
    return upright


def _upright(images: FloatArray) -> FloatArray:
    sums = images @ MOMENTS
    # of one image these are plain numbers, with which all this takes half as long
    mass, x, y, xy, yy = sums[0].tolist() if len(sums) == 1 else sums.T
    mass = mass + float(np.finfo(images.dtype).tiny)
    across, down = x / mass, y / mass  # the centre of mass, in pixels from the middle
    spread = np.maximum(yy - down * y, LEAST * mass)
    slant = (xy - across * y) / spread
    moved = (ROWS * slant + (across - slant * down)).T  # by how far each row, (n, 28)
    return _move_rows(images.reshape(-1, SIDE), moved.reshape(-1)).reshape(images.shape)


def _move_rows(rows: FloatArray, moved: NDArray[np.float64]) -> FloatArray:
    """Move each row, (n, 28), to the left by so many pixels, (n,); paper comes in from outside."""
    wide = np.zeros((len(rows), FARTHEST + SIDE + FARTHEST + 1), rows.dtype)
    wide[:, FARTHEST : FARTHEST + SIDE] = rows
    begin = np.minimum(np.maximum(moved + FARTHEST, 0), 2 * FARTHEST)  # where in wide the row begins
    first = begin.astype(np.intp)
    share = (begin - first).astype(rows.dtype)[:, np.newaxis]  # of the pixel to the right
    every = _runs(wide, SIDE + 1)[np.arange(len(rows)), first]  # (n, 29)
    left, right = every[:, :-1], every[:, 1:]
    between: FloatArray = right - left
    between *= share
    between += left
    return between


def _runs(rows: FloatArray, length: int) -> FloatArray:
    """View each run of so many neighbours: (n, columns) → (n, columns - length + 1, length)."""
    n, columns = rows.shape
    strides = (*rows.strides, rows.itemsize)
    # as numpy's sliding_window_view would, which takes as long as all the rest
    return np.ndarray((n, columns - length + 1, length), rows.dtype, rows.data, 0, strides)
