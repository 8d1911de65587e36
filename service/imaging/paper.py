"""The paper behind the ink: what a picture would show if nothing were written on it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.network import FloatArray

__all__ = ["contrast"]

CELLS = 20  # along the longer side; a cell is the mean of its pixels
N_FITS = 3
INNER = np.float32(0.25)  # weight of a cell inside, where ink is likely, beside 1 at the border
EVEN = 0.9  # of the border, at least, is the same grey where the paper is even
NEAR = np.float32(0.02)  # of the way from black to white; what departs less from the paper is paper
FAR = np.float32(0.25)  # of the picture's own range; what departs more is ink, however far it departs
Places = tuple[FloatArray, FloatArray]

RIDGE = np.float32(1e-4) * np.eye(6, dtype=np.float32)  # keeps pictures one pixel wide solvable


def contrast(grey: FloatArray) -> FloatArray:
    """Take the paper away: (height, width) grey → its departure from the paper, negative where it is darker.

    The paper has the border's median grey all over, or, where that explains the picture better, the grey of a
    surface of second degree: light from one side, a shadow, dark corners.
    """
    factor = -(-max(grey.shape) // CELLS)
    cells = np.asarray(Image.fromarray(grey).reduce(factor))
    border = _border(*cells.shape)
    level = np.float32(np.median(cells[border]))
    if np.count_nonzero(np.abs(cells[border] - level) <= NEAR) >= EVEN * np.count_nonzero(border):
        return grey - level
    places = _places(grey.shape, factor)
    surface = _fit(cells, border, places)
    far = FAR * np.ptp(cells)
    if _misfit(cells - level, far) <= _misfit(cells - _heights(surface, places), far):
        return grey - level
    return grey - _heights(surface, _places(grey.shape, 1))


def _border(height: int, width: int) -> NDArray[np.bool_]:
    border = np.ones((height, width), dtype=bool)
    border[1:-1, 1:-1] = False
    return border


def _places(shape: Sequence[int], factor: int) -> Places:
    """Find the middles of cells of factor × factor pixels: y as a column and x as a row, from -1 to 1."""
    y, x = (_middles(length, factor) for length in shape)
    return y[:, np.newaxis], x[np.newaxis]


def _middles(length: int, factor: int) -> FloatArray:
    starts = np.arange(0, length, factor, dtype=np.float32)
    ends = np.minimum(starts + factor, length)  # the last cell may be smaller
    return (starts + ends) / length - 1


def _fit(cells: FloatArray, border: NDArray[np.bool_], places: Places) -> FloatArray:
    """Fit a surface to the border, then twice to all that lies near the last one: its coefficients, (6,)."""
    y, x = (place.ravel() for place in np.broadcast_arrays(*places))
    terms = np.stack((np.ones_like(x), x, y, x * x, x * y, y * y), axis=1)  # (n, 6)
    greys, shares = cells.ravel(), np.where(border.ravel(), np.float32(1), INNER)
    weights: FloatArray = border.ravel().astype(np.float32)
    for _ in range(N_FITS):
        weighted = (terms * weights[:, np.newaxis]).T
        surface = np.linalg.solve(weighted @ terms + RIDGE, weighted @ greys)
        departure = np.abs(greys - terms @ surface)
        near = max(3 * np.float32(np.median(departure)), NEAR)
        weights = shares / (1 + (departure / near) ** 2) ** 2  # Geman and McClure's: far is nothing
    return surface


def _heights(surface: FloatArray, places: Places) -> FloatArray:
    """Evaluate a surface at every place: (height, width)."""
    one, by_x, by_y, by_xx, by_xy, by_yy = surface
    y, x = places
    heights: FloatArray = (one + x * (by_x + x * by_xx)) + y * (by_y + y * by_yy + x * by_xy)
    return heights


def _misfit(departure: FloatArray, far: np.floating) -> float:
    return float(np.minimum(np.abs(departure), far).sum())
