"""Signed numbers in colour: what neurons listen to, as PNGs to look at."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.imaging.picture import write_png
from service.network import FloatArray

__all__ = ["PALETTES", "Palette", "sheet_shape", "signed_png", "square", "weight_sheet"]

Colour = tuple[int, int, int]  # red, green, blue, each 0..255
Shape = tuple[int, int]  # rows, columns

GAP: Colour = (0x80, 0x80, 0x80)  # between grids, and where a grid has no weight: seen on white and on black


STEPS = 127  # of colour from zero to either extreme
NOTHING, ZERO = 0, STEPS + 1  # places in the table of colours


class Palette(NamedTuple):
    """Three colours for signed numbers; those in between are mixed."""

    negative: Colour
    zero: Colour
    positive: Colour


PALETTES: Mapping[str, Palette] = MappingProxyType(
    {
        "blue-orange": Palette((0xD5, 0x5E, 0x00), (0xFF, 0xFF, 0xFF), (0x00, 0x72, 0xB2)),
        "video": Palette((0xE0, 0x3C, 0x31), (0x00, 0x00, 0x00), (0x2E, 0xB8, 0x4C)),
    }
)
"""Vermilion and blue, told apart under every kind of colour blindness; red and green, as in the videos."""


def square(n: int) -> Shape:
    """Return the rows and columns that hold n things in the shape nearest to a square.

    >>> square(784), square(16), square(10)
    ((28, 28), (4, 4), (3, 4))
    """
    columns = math.isqrt(n - 1) + 1
    return -(-n // columns), columns


def sheet_shape(n: int, shape: Shape) -> Shape:
    """Return the rows and columns of a sheet of n grids of this shape, one place apart.

    >>> sheet_shape(16, (28, 28))
    (115, 115)
    """
    (lines, across), (rows, columns) = square(n), shape
    return lines * (rows + 1) - 1, across * (columns + 1) - 1


def weight_sheet(weights: FloatArray, shape: Shape, palette: Palette, scale: int = 1) -> bytes:
    """Write the weights into some neurons as a PNG in colour: a grid for each, side by side.

    Args:
        weights: (n, n_in); the largest of each neuron, whichever its sign, gets the full colour.
        shape: of a grid; what it has beyond n_in places stays grey.
        palette: the colours.
        scale: pixels of the PNG along each side of a weight.
    """
    largest = np.abs(weights).max(axis=1, keepdims=True)
    shares = weights / np.maximum(largest, np.finfo(weights.dtype).tiny)  # -1 to 1
    return signed_png(_tile(_fold(shares, shape)), palette, scale)


def _fold(numbers: FloatArray, shape: Shape) -> FloatArray:
    """Fold rows of numbers into grids: (n, n_in) → (n, rows, columns), NaN in the places left over."""
    rows, columns = shape
    grids = np.full((len(numbers), rows * columns), np.nan, numbers.dtype)
    grids[:, : numbers.shape[1]] = numbers
    return grids.reshape(-1, rows, columns)


def _tile(grids: FloatArray) -> FloatArray:
    """Lay grids side by side, one place apart: (n, rows, columns) → (height, width), NaN in the gaps."""
    n, rows, columns = grids.shape
    lines, across = square(n)
    sheet = np.full((lines * across, rows + 1, columns + 1), np.nan, grids.dtype)
    sheet[:n, :-1, :-1] = grids
    parted = sheet.reshape(lines, across, rows + 1, columns + 1).swapaxes(1, 2)
    return parted.reshape(lines * (rows + 1), across * (columns + 1))[:-1, :-1]


def signed_png(numbers: FloatArray, palette: Palette, scale: int = 1) -> bytes:
    """Write (rows, columns) of numbers from −1 to 1 as a PNG in 255 colours, and NaN as grey."""
    places = np.where(np.isnan(numbers), NOTHING, np.rint(numbers * STEPS) + ZERO)
    return write_png(places.astype(np.uint8), scale, _table(palette))


def _table(palette: Palette) -> NDArray[np.uint8]:
    """Return the colours of all numbers that are told apart, (256, 3); the first is that of nothing."""
    share = np.arange(-STEPS, STEPS + 1)[:, np.newaxis] / STEPS  # -1 to 1
    negative, zero, positive = (np.array(colour) for colour in palette)
    mixed = zero + np.abs(share) * (np.where(share < 0, negative, positive) - zero)
    table: NDArray[np.uint8] = np.rint(np.vstack([GAP, mixed])).astype(np.uint8)
    return table
