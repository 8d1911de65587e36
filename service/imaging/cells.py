"""A picture in coarse squares: few enough of them to search, where all pixels are too many."""

import numpy as np

from service.network import FloatArray

__all__ = ["cells_of"]


def cells_of(grey: FloatArray, factor: int) -> FloatArray:
    """Average squares of factor × factor pixels; those at the right and lower edges may be smaller.

    What Pillow's reduce returns, in a third of the time: a picture of floats need not become an image for it.

    >>> cells_of(np.array([[1, 3, 5], [1, 3, 7]], np.float32), 2).tolist()
    [[2.0, 6.0]]
    """
    return _rows_of(_rows_of(grey, factor).T, factor).T


def _rows_of(grey: FloatArray, factor: int) -> FloatArray:
    """Average each factor rows, and as one more what remains of them."""
    whole = len(grey) // factor * factor
    rows: FloatArray = np.empty((-(-len(grey) // factor), grey.shape[1]), grey.dtype)
    means, rest = rows[: whole // factor], grey[whole:]
    means[:] = grey[:whole:factor]
    for place in range(1, factor):
        means += grey[place:whole:factor]
    means /= np.float32(factor)
    if len(rest):
        rows[-1] = rest.mean(axis=0)
    return rows
