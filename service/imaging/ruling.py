"""Lines printed on the paper, across or down, straight from one edge of the picture to the other."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.network import FloatArray

__all__ = ["without_ruling"]

PARTS = 12  # that a line is looked for in, side by side
FEWEST = 5  # in which it shows, the first and the last among them; a digit hides it in the others
THIN = 0.02  # of the longer side: a line is no thicker, and a pen in a picture cut to its ink is
VISIBLE = 0.03  # of the way from black to white: by so much a line departs from the paper on both sides of it
STEEPEST = 0.06  # rows for each column: three degrees and a half
STRIP = 6  # pixels at an edge, in which a line must begin


def without_ruling(grey: FloatArray) -> FloatArray:
    """Fill every printed line with what lies on both sides of it: (height, width) → the same shape.

    Strokes that cross a line stay whole, and those that end on it too.
    """
    for turn in range(2):
        view = grey.T if turn else grey
        lines = _lines(view)
        if lines is not None:
            filled = _filled(view, *lines)
            grey = filled.T if turn else filled
    return grey


def _lines(grey: FloatArray) -> tuple[NDArray[np.bool_], float] | None:
    """Find lines that go across: the rows that they cover in the middle column, and their slope."""
    width = grey.shape[1]
    reach = max(round(THIN * max(grey.shape)), 1) + 1
    if min(grey.shape) < PARTS * 2:
        return None
    ends = (_ridges(grey[:, edge].mean(axis=1), reach) for edge in (slice(STRIP), slice(-STRIP, None)))
    if any(end.max() < VISIBLE for end in ends):
        return None
    parts = np.asarray(Image.fromarray(np.ascontiguousarray(grey)).reduce((width // PARTS, 1)))[:, :PARTS]
    ridges = _ridges(parts, reach)
    middles = (np.arange(parts.shape[1]) + 0.5) * (width // PARTS) - width / 2
    slopes = np.arange(-STEEPEST, STEEPEST, 1.0 / width)
    shifts = np.rint(slopes[:, np.newaxis] * middles).astype(int)  # (slopes, parts)
    rows = np.arange(len(ridges))[:, np.newaxis] + shifts[:, np.newaxis]  # (slopes, rows, parts)
    np.clip(rows, 0, len(ridges) - 1, out=rows)
    shown = (ridges >= VISIBLE)[rows, np.arange(parts.shape[1])]
    seen = np.count_nonzero(shown, axis=2)  # parts, (slopes, rows)
    lined = (seen >= FEWEST) & shown[:, :, 0] & shown[:, :, -1]
    best = int((seen * lined).sum(axis=1).argmax())
    return (lined[best], float(slopes[best])) if lined[best].any() else None


def _ridges(grey: FloatArray, reach: int) -> FloatArray:
    """Say by how much each row departs from those so far above and below, where it departs from both alike.

    At the upper and lower edge, where one of them is missing, it is compared with another on the same side.
    """
    rows = np.arange(len(grey))
    above = grey[np.where(rows >= reach, rows - reach, rows + 2 * reach)]
    below = grey[np.where(rows < len(grey) - reach, rows + reach, rows - 2 * reach)]
    darker, lighter = np.minimum(above, below) - grey, grey - np.maximum(above, below)
    return darker if darker.max() >= lighter.max() else lighter


def _filled(grey: FloatArray, covered: NDArray[np.bool_], slope: float) -> FloatArray:
    filled = grey.copy()
    height, width = grey.shape
    columns = np.arange(width)
    shift = np.rint(slope * (columns - width / 2)).astype(int)
    steps = np.diff(covered.astype(np.int8), prepend=0, append=0)
    for first, last in zip(np.flatnonzero(steps == 1) - 1, np.flatnonzero(steps == -1), strict=True):
        above = grey[np.clip(first - 1 + shift, 0, height - 1), columns]
        below = grey[np.clip(last + 1 + shift, 0, height - 1), columns]
        for row in range(first, last + 1):
            filled[np.clip(row + shift, 0, height - 1), columns] = (above + below) / 2
    return filled
