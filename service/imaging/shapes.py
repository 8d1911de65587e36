"""Shapes that no digit has: printed frames and lines, dots, and light that comes in from the edges."""

import numpy as np

from service.imaging.parts import Ints, Mask, Parts

__all__ = ["dots", "frames", "light", "lines", "printed_boxes"]

CORE = 0.2  # of a frame's box, at each edge: all of its ink lies there
FRAMED = 0.3  # of a frame's longer side: what stands in it is as large, at least
SOLID = 0.6  # of its box: so much a dot fills
ROUND = 1.5  # the longer side of a dot's box as a multiple of the shorter one, at most
STRAIGHT = 0.85  # of its box: so much a line fills that runs straight across or down
NARROW = 0.12  # of its length, at most: how wide a line is
FEWEST = 4  # cells: a narrower one may always be a line
LONG = 0.4  # of the picture's longer side, at least: how long a line is
ALONG = 0.9  # of two sides of its box lies at the picture's edge where a part is light, not ink
ALL_ROUND = 0.8  # of the picture's whole edge: so much a window's border takes
TINY = 0.2  # of the picture's longer side: rounded corners are smaller
TAPER = 0.1  # of a wedge's shorter side, at most: so much its outline departs from a straight line
BLUR = 2  # cells: the same of a small one
LOWEST = 3  # cells: so high a wedge is told from a bar
N_EDGES = 4
THIN = 0.06  # of a printed box's longer side: its lines are no wider
COVERED = 0.9  # of every side of its box: so much a printed box's lines take
OPEN = 0.5  # of its box, at most, that a printed box fills
WIDE = 0.75  # times its height: a box with nothing in it is no narrower, and a zero is
ROOM = 4  # lines side by side would fit into a printed box, at least


def dots(parts: Parts) -> Mask:
    """Tell what is round and solid, as a punched hole is: (n,)."""
    longer, shorter = np.maximum(parts.widths, parts.heights), np.minimum(parts.widths, parts.heights)
    compact: Mask = (parts.areas >= SOLID * longer * shorter) & (longer <= ROUND * shorter)
    return compact


def lines(parts: Parts) -> Mask:
    """Tell what is long, narrow and straight across or down: (n,)."""
    longer, shorter = np.maximum(parts.widths, parts.heights), np.minimum(parts.widths, parts.heights)
    narrow = shorter <= np.maximum(NARROW * longer, FEWEST)
    straight: Mask = (
        narrow & (longer >= LONG * max(parts.shape)) & (parts.areas >= STRAIGHT * longer * shorter)
    )
    return straight


def light(parts: Parts) -> Mask:
    """Tell what comes in along the edges of the picture, as light and windows' borders do: (n,).

    A digit that is cut to its ink may lie along them too, but then there is ink at all four edges.
    """
    height, width = parts.shape
    rows, starts, ends, numbers = parts.runs
    at_edges = (starts == 0) + (ends == width) + (ends - starts) * ((rows == 0) + (rows == height - 1.0))
    touching = np.bincount(numbers, at_edges, len(parts.areas))  # pixels of the picture's edge
    along: Mask = touching >= ALONG * (parts.widths + parts.heights)
    if np.count_nonzero(parts.edges.any(axis=1)) < N_EDGES:
        return along
    tiny = np.maximum(parts.widths, parts.heights) < TINY * max(height, width)
    for number in np.flatnonzero(along & ~tiny).tolist():
        all_round = touching[number] >= ALL_ROUND * 2 * (height + width)
        along[number] = (all_round and _is_hollow(parts, number)) or _is_wedge(parts, number)
    return along


def _is_wedge(parts: Parts, number: int) -> bool:
    """Say whether a part that fills a corner is a triangle, as there is beside a page that lies aslant."""
    width, height = int(parts.widths[number]), int(parts.heights[number])
    rows, starts, ends = parts.runs_of(number)
    if min(width, height) < LOWEST or len(rows) != height:  # more runs than rows: it is not solid
        return False
    columns = np.arange(width) + parts.boxes[0, number]
    filled = (columns >= starts[:, np.newaxis]) & (columns < ends[:, np.newaxis])
    thick = filled.sum(axis=0 if width > height else 1)  # along its longer side
    tapering = min(width, height) * np.linspace(1, 0, 2 * len(thick) + 1)[1::2]
    departure = np.abs(np.sort(thick)[::-1] - tapering).max()
    return bool(departure <= max(TAPER * min(width, height), BLUR))


def frames(parts: Parts) -> Mask:
    """Tell what runs around something of some size, a box or a circle: (n,)."""
    if len(parts.areas) == 1:
        return np.zeros(1, bool)
    left, top, right, bottom = parts.boxes
    longer = np.maximum(parts.widths, parts.heights)
    around = (  # (n outside, n inside)
        (left > left[:, np.newaxis])
        & (top > top[:, np.newaxis])
        & (right < right[:, np.newaxis])
        & (bottom < bottom[:, np.newaxis])
        & (longer >= FRAMED * longer[:, np.newaxis])
    )
    found = np.zeros(len(longer), bool)
    for number in np.flatnonzero(around.any(axis=1)).tolist():
        found[number] = _is_hollow(parts, number)
    return found


def _is_hollow(parts: Parts, number: int) -> bool:
    """Say whether a part has no ink in the core of its box, which is round, as a circle's is."""
    left, top, right, bottom = parts.boxes[:, number]
    rows, starts, ends = parts.runs_of(number)
    wide, high = (0.5 - CORE) * (right - left), (0.5 - CORE) * (bottom - top)  # half of the core's
    down = (rows + 0.5 - (top + bottom) / 2) / high  # from its middle
    middle, reach = (left + right) / 2, wide * np.sqrt(np.maximum(1 - down * down, 0))
    in_core = (np.abs(down) < 1) & (starts < middle + reach) & (ends > middle - reach)
    return not in_core.any()


def printed_boxes(parts: Parts, around: Mask) -> Mask | None:
    """Draw the lines of printed boxes: (height, width), not what is written into them; None where none is.

    Args:
        parts: of the ink.
        around: (n,), which of them are frames.
    """
    may_be = parts.areas <= OPEN * parts.widths * parts.heights
    may_be &= (parts.widths >= WIDE * parts.heights) | around
    if not may_be.any():  # as most often; what takes longer is looked at where it may still matter
        return None
    thin = np.rint(THIN * np.maximum(parts.widths, parts.heights)).astype(int)
    widths = np.maximum(thin, 2) + 1  # of lines
    may_be &= np.minimum(parts.widths, parts.heights) > ROOM * widths
    if may_be.any():
        may_be &= ~light(parts)
    found = [
        number for number in np.flatnonzero(may_be).tolist() if _is_printed(parts, number, widths[number])
    ]
    if not found:
        return None
    drawn = np.zeros(parts.shape, bool)
    for (left, top, right, bottom), width in zip(parts.boxes[:, found].T, widths[found], strict=True):
        inside = drawn[top + width : bottom - width, left + width : right - width].copy()
        drawn[top:bottom, left:right] = True
        drawn[top + width : bottom - width, left + width : right - width] = inside
    return drawn


def _is_printed(parts: Parts, number: int, reach: int) -> bool:
    """Say whether one line runs along each side of a part's box from end to end."""
    left, top, right, bottom = parts.boxes[:, number]
    rows, starts, ends = parts.runs_of(number)
    across = [(ends - starts)[near].max() for near in (rows < top + reach, rows >= bottom - reach)]
    down = [_count(rows[near]) for near in (starts < left + reach, ends > right - reach)]
    return bool(min(across) >= COVERED * (right - left) and min(down) >= COVERED * (bottom - top))


def _count(rows: Ints) -> int:
    """Count different rows, which ascend."""
    return int(np.count_nonzero(rows[1:] != rows[:-1])) + 1
