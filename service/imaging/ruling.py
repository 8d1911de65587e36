"""Lines printed on the paper, across or down, straight from one edge of the picture to the other."""

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from service.imaging.cells import Scene
from service.network import FloatArray

__all__ = ["without_ruling"]

PARTS = 12  # that a line is looked for in, side by side
FEWEST = 5  # in which it shows, the first and the last among them; a digit hides it in the others
THIN = 0.02  # of the longer side: a line is no thicker, and a pen in a picture cut to its ink is
VISIBLE = 0.03  # of the way from black to white: by so much a line departs from the paper on both sides of it
LEAST = 4  # pixels along a part: of fewer, a straight stem fills as much as a line
STEEPEST = 0.06  # rows for each column: three degrees and a half
STRIP = 6  # pixels at an edge, in which a line must begin
MEAN = np.full(STRIP, 1 / STRIP, np.float32)


class Lines(NamedTuple):
    """Lines that go across, all of one slope.

    Attributes:
        covered: (height,), true for the rows that they cover in the middle column.
        slope: rows for each column.
    """

    covered: NDArray[np.bool_]
    slope: float


def without_ruling(scene: Scene) -> Scene:
    """Fill every printed line with what lies on both sides of it.

    Strokes that cross a line stay whole, straight or aslant, and those that end on it too.
    """
    for turn in range(2):
        view = scene.grey.T if turn else scene.grey
        lines = _lines(view)
        if lines is not None:
            filled = _filled(view, *lines)
            scene = Scene(filled.T if turn else filled)
    return scene


def _lines(grey: FloatArray) -> Lines | None:
    """Find lines that go across."""
    height, width = grey.shape
    reach = max(round(THIN * max(grey.shape)), 1) + 1
    if min(grey.shape) < PARTS * LEAST:
        return None
    at_edges = np.empty((height, 2), np.float32)
    np.matmul(grey[:, :STRIP], MEAN, out=at_edges[:, 0])
    np.matmul(grey[:, -STRIP:], MEAN, out=at_edges[:, 1])
    if np.maximum(*_ridges(at_edges, reach)).max(axis=0).min() < VISIBLE:
        return None
    part = width // PARTS
    parts = grey[:, : part * PARTS].reshape(height, PARTS, part).sum(axis=2) / np.float32(part)
    # a gap between two strokes is a ridge too: where it is the highest, lines may be of the other kind
    either = sorted(_ridges(parts, reach), key=np.max, reverse=True)
    found = (_in_line(ridges >= VISIBLE, width) for ridges in either)
    return next((lines for lines in found if lines is not None), None)


def _ridges(grey: FloatArray, reach: int) -> tuple[FloatArray, FloatArray]:
    """Say by how much each row is darker, and lighter, than both of those so far above and below.

    At the upper and lower edge, where one of them is missing, it is compared with another on the same side.
    """
    above = np.concatenate((grey[2 * reach : 3 * reach], grey[:-reach]))
    below = np.concatenate((grey[reach:], grey[-3 * reach : -2 * reach]))
    return np.minimum(above, below) - grey, grey - np.maximum(above, below)


def _in_line(shown: NDArray[np.bool_], width: int) -> Lines | None:
    """Find what is in line from the first part to the last: shown is (rows, parts), of a picture so wide."""
    height, _ = shown.shape
    shown = shown.T.astype(np.uint8)  # (parts, rows)
    middles = (np.arange(PARTS) + 0.5) * (width // PARTS) - width / 2
    slopes = np.arange(-STEEPEST, STEEPEST, 1.0 / width)
    shifts = np.rint(slopes[:, np.newaxis] * middles).astype(int)  # (slopes, parts)
    furthest = int(np.abs(shifts).max())
    wide = np.hstack((shown[:, :1].repeat(furthest, 1), shown, shown[:, -1:].repeat(furthest, 1)))
    windows = sliding_window_view(wide, height, axis=1)  # (parts, places to begin, rows)
    along = windows[np.arange(PARTS), furthest + shifts]  # (slopes, parts, rows)
    seen = along.sum(axis=1, dtype=np.uint8)  # parts, (slopes, rows)
    lined = (seen >= FEWEST) & (along[:, 0] & along[:, -1] == 1)
    best = int((seen * lined).sum(axis=1).argmax())
    return Lines(lined[best], float(slopes[best])) if lined[best].any() else None


def _filled(grey: FloatArray, covered: NDArray[np.bool_], slope: float) -> FloatArray:
    filled = grey.copy()
    height, width = grey.shape
    columns = np.arange(width)
    shift = np.rint(slope * (columns - width / 2)).astype(int)
    steps = np.diff(covered.astype(np.int8), prepend=0, append=0)
    first, last = np.flatnonzero(steps == 1) - 1, np.flatnonzero(steps == -1)  # with a row on either side
    above, below = (
        grey[np.clip(rows[:, np.newaxis] + shift, 0, height - 1), columns] for rows in (first - 1, last + 1)
    )
    rows = np.concatenate([np.arange(start, stop) for start, stop in zip(first, last + 1, strict=True)])
    between = ((above + below) / 2).repeat(last + 1 - first, axis=0)
    places = np.clip(rows[:, np.newaxis] + shift, 0, height - 1), columns
    filled[places] = between + _crossing(grey[places] - between)
    return filled


def _crossing(departure: FloatArray) -> FloatArray:
    """Return what of departure from the paper, (rows of lines, width), is a stroke that crosses aslant.

    A row departs by about the same all along, and where a stroke lies on it by as much more as any line does.
    """
    usual = np.median(departure, axis=1, keepdims=True)
    line = max(usual.min(), usual.max(), key=abs)
    more = departure - usual
    crossing: FloatArray = np.where(more * np.sign(line) > abs(line), more, 0)
    return crossing
