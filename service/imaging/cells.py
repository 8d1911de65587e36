"""A picture in coarse squares: few enough of them to search, where all pixels are too many."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.network import FloatArray

__all__ = ["Scene", "border_mask", "cells_of"]

CELLS = 64  # along the longer side, at most


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture, and the same in few cells: what is searched for in it by several is averaged once.

    Attributes:
        grey: (height, width) float32, 0 black to 1 white.
    """

    grey: FloatArray

    @cached_property
    def factor(self) -> int:
        """Say how many pixels wide a cell is."""
        pixels: int = -(-max(self.grey.shape) // CELLS)
        return pixels

    @cached_property
    def cells(self) -> FloatArray:
        """Return the picture in cells, at most 64 along the longer side."""
        return cells_of(self.grey, self.factor)

    @cached_property
    def span(self) -> float:
        """Say how far the darkest cell is from the lightest."""
        return float(self.cells.max() - self.cells.min())


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
    order: Literal["C", "F"] = "C" if grey.flags.c_contiguous else "F"  # as it is read
    rows: FloatArray = np.empty((-(-len(grey) // factor), grey.shape[1]), grey.dtype, order)
    means, rest = rows[: whole // factor], grey[whole:]
    means[:] = grey[:whole:factor]
    for place in range(1, factor):
        means += grey[place:whole:factor]
    means /= np.float32(factor)
    if len(rest):
        rows[-1] = rest.mean(axis=0)
    return rows


def border_mask(height: int, width: int) -> NDArray[np.bool_]:
    """Draw the outermost places of a picture: (height, width)."""
    border = np.ones((height, width), dtype=bool)
    border[1:-1, 1:-1] = False
    return border
