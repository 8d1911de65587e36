"""The sheet in a picture that shows its edges: a table behind it is painted over with paper."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.imaging.cells import Scene, border_mask
from service.imaging.robust import median
from service.network import FloatArray

__all__ = ["TURNED", "without_table"]

FEWEST = 8  # along the shorter side: fewer are too few to see an edge in
STEP = 0.3  # of the picture's own range: what differs more from the edge of the picture is something else
LEAST = 0.06  # of the way from black to white: the least such difference
THIN = 1.5  # cells: narrower ones alone are parts of a line printed around the paper, or all of it
N_SIDES = 4
NEAR = 1.5  # cells that an edge may stray from its line
STRAIGHT = 0.75  # of the places where something else begins, at least, on one line
PAPER = 0.35  # of what lies inside an edge, at least
ACROSS = 0.5  # of a side, at least, along which the table lies
DEEPEST = 0.45  # of the picture that the table may reach into it
UNLIKE = 0.2  # of the picture's own range: what departs more from the paper along an edge is none
INK = 0.35  # of the strongest departure from the paper

TURNED: Sequence[Callable[[FloatArray], FloatArray]] = (
    lambda picture: picture,
    lambda picture: picture.T[::-1],
    lambda picture: picture[::-1, ::-1],
    lambda picture: picture.T[:, ::-1],
)
"""A view of a picture, turned to the left by so many quarters."""


class Edge(NamedTuple):
    """A straight edge of the sheet, seen with the picture turned so that the table lies above.

    Attributes:
        turns: quarter turns to the left that bring the table above.
        slope: rows down for each column to the right.
        start: row of the edge at the first column; both in units of the picture's longer side.
        depth: rows of table above it, the mean, in cells.
    """

    turns: int
    slope: float
    start: float
    depth: float


def without_table(scene: Scene) -> Scene:
    """Paint over what lies beyond the straight edges of a sheet.

    Each column (or row) of the table takes the grey where the paper begins, so that the light on it goes on.
    A picture without such edges, or with nothing written inside them, is returned as it is.
    """
    cells = scene.cells
    if min(cells.shape) < FEWEST:
        return scene
    step = max(STEP * scene.span, LEAST)
    edges = [edge for side in _sides(cells, step) if (edge := _edge(cells, *side, step)) is not None]
    if len(edges) < N_SIDES and all(edge.depth < THIN for edge in edges):
        return scene
    if not _holds_ink_inside(_painted(cells, edges, NEAR)):
        return scene
    return Scene(_painted(scene.grey, edges, NEAR * scene.factor))


def _sides(cells: FloatArray, step: float) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield the quarter turns that bring above a side that may be table, and the columns it does not fill."""
    (top, bottom), (left, right) = _unlike(cells, step), _unlike(cells.T, step)
    for turns, other in enumerate((top, right, bottom[::-1], left[::-1])):
        columns = np.flatnonzero(other)
        if len(columns) >= ACROSS * len(other):
            yield turns, columns


def _unlike(view: FloatArray, step: float) -> NDArray[np.bool_]:
    """Say which columns hold something else than their upper and their lower end: (2, width)."""
    ends = view[:: len(view) - 1]
    darker, lighter = ends - np.minimum.reduce(view), np.maximum.reduce(view) - ends
    unlike: NDArray[np.bool_] = np.maximum(darker, lighter) > step
    return unlike


def _edge(cells: FloatArray, turns: int, columns: NDArray[np.intp], step: float) -> Edge | None:
    """Find the edge of the sheet towards one side of the picture, in the columns that the table ends in."""
    view = TURNED[turns](cells)
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
    return Edge(turns, slope, start / max(cells.shape), float(first.mean()))


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
        view = TURNED[edge.turns](painted)
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
    return bool(strongest > LEAST and not ink[border_mask(*cells.shape)].any())
