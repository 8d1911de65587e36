"""The sheet in a picture that shows its edges: a table behind it is painted over with paper."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.imaging.cells import cells_of
from service.imaging.robust import median
from service.network import FloatArray

__all__ = ["without_table"]

CELLS = 64  # along the longer side, at most
FEWEST = 8  # along the shorter side: fewer are too few to see an edge in
STEP = 0.3  # of the picture's own range: what differs more from the edge of the picture is something else
LEAST = 0.06  # of the way from black to white: the least such difference
NEAR = 1.5  # cells that an edge may stray from its line
STRAIGHT = 0.75  # of the places where something else begins, at least, on one line
PAPER = 0.35  # of what lies inside an edge, at least
ACROSS = 0.5  # of a side, at least, along which the table lies
DEEPEST = 0.45  # of the picture that the table may reach into it
UNLIKE = 0.2  # of the picture's own range: what departs more from the paper along an edge is none
INK = 0.35  # of the strongest departure from the paper
HALF_TURN = 2  # quarter turns: from here on what was counted from the left is counted from the right


class Edge(NamedTuple):
    """A straight edge of the sheet, seen with the picture turned so that the table lies above.

    Attributes:
        turns: quarter turns to the left that bring the table above.
        slope: rows down for each column to the right.
        start: row of the edge at the first column; both in units of the picture's longer side.
    """

    turns: int
    slope: float
    start: float


def without_table(grey: FloatArray) -> FloatArray:
    """Paint over what lies beyond the straight edges of a sheet: (height, width) → the same shape.

    Each column (or row) of the table takes the grey where the paper begins, so that the light on it goes on.
    A picture without such edges, or with nothing written inside them, is returned as it is.
    """
    factor = -(-max(grey.shape) // CELLS)
    cells = cells_of(grey, factor)
    if min(cells.shape) < FEWEST:
        return grey
    step = max(STEP * float(cells.max() - cells.min()), LEAST)
    edges = [edge for side in _sides(cells, step) if (edge := _edge(cells, *side, step)) is not None]
    if not edges or not _holds_ink_inside(_painted(cells, edges, NEAR)):
        return grey
    return _painted(grey, edges, NEAR * factor)


def _sides(cells: FloatArray, step: float) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield the quarter turns that bring above a side that may be table, and the columns it does not fill."""
    ranges = [(cells.min(axis=axis), cells.max(axis=axis)) for axis in (0, 1)]
    for turns, side in enumerate((cells[0], cells[:, -1], cells[-1], cells[:, 0])):
        darkest, lightest = ranges[turns % 2]
        other = np.maximum(side - darkest, lightest - side) > step
        columns = np.flatnonzero(other if turns < HALF_TURN else other[::-1])
        if len(columns) >= ACROSS * len(side):
            yield turns, columns


def _edge(cells: FloatArray, turns: int, columns: NDArray[np.intp], step: float) -> Edge | None:
    """Find the edge of the sheet towards one side of the picture, in the columns that the table ends in."""
    view = np.rot90(cells, turns)
    height = len(view)
    below = view[:, columns]
    first = (np.abs(below - below[0]) > step).argmax(axis=0)  # row in which something else begins
    if np.count_nonzero(first <= DEEPEST * height) < STRAIGHT * len(columns):
        return None
    slope, start = _line(columns, first)
    on_line = np.abs(first - start - slope * columns) <= NEAR
    if np.count_nonzero(on_line) < STRAIGHT * len(columns) or first[on_line].max() > DEEPEST * height:
        return None
    columns, first = columns[on_line], first[on_line]
    before, after = view[np.maximum(first - 2, 0), columns], view[np.minimum(first + 1, height - 1), columns]
    if median(np.abs(after - before)) < step:  # light that fades
        return None
    inner = view[first.max() :]
    paper = np.count_nonzero(np.abs(inner - median(after)) < step / 2)
    if paper < PAPER * inner.size:  # a bar of ink
        return None
    return Edge(turns, slope, start / max(cells.shape))


def _line(columns: NDArray[np.intp], rows: NDArray[np.intp]) -> tuple[float, float]:
    """Lay a straight line through the middles of the outer thirds: its slope and its row at column 0.

    Args:
        columns: ascending.
        rows: of the same places.
    """
    third = len(columns) // 3
    rise = median(rows[-third:]) - median(rows[:third])
    run = columns[-third:][third // 2] - columns[third // 2]
    slope = float(rise / run)
    return slope, median(rows - slope * columns)


def _painted(grey: FloatArray, edges: list[Edge], margin: float) -> FloatArray:
    painted = grey.copy()
    for edge in edges:
        view = np.rot90(painted, edge.turns)
        height, width = view.shape
        places = np.arange(width)
        line = edge.start * max(height, width) + edge.slope * places + margin
        row = np.clip(np.ceil(line), 0, height - 1).astype(int)
        paper = view[row, places]
        level = median(paper)
        paper = np.where(np.abs(paper - level) > UNLIKE * np.ptp(grey), level, paper)  # ink near the edge
        view[:] = np.where(np.arange(height)[:, np.newaxis] < row, paper, view)
    return painted


def _holds_ink_inside(cells: FloatArray) -> bool:
    departure = np.abs(cells - median(cells))
    strongest = departure.max()
    ink = departure > INK * strongest
    frame = np.ones(cells.shape, bool)
    frame[1:-1, 1:-1] = False
    return bool(strongest > LEAST and not (ink & frame).any())
