"""Specks beside a digit: crumbs, dots, what a shadow leaves at the edge."""

import numpy as np

from service.network import FloatArray

__all__ = ["Box", "without_specks"]

SPECK = 0.06  # of the ink: more belongs to a digit

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels, right and bottom exclusive


def without_specks(ink: FloatArray, box: Box) -> Box:
    """Shrink a box to the digit: what little ink stands apart in its columns, or its rows, is left out.

    Args:
        ink: (height, width), 0 where there is none.
        box: around it.
    """
    left, top, right, bottom = box
    before = None
    while before != (left, top, right, bottom):
        before = left, top, right, bottom
        inside = ink[top:bottom, left:right]
        first, last = _main(inside.sum(axis=0))
        left, right = left + first, left + last
        inside = ink[top:bottom, left:right]
        first, last = _main(inside.sum(axis=1))
        top, bottom = top + first, top + last
    return left, top, right, bottom


def _main(amounts: FloatArray) -> tuple[int, int]:
    """Say where what is no speck begins and ends, in a row of amounts that empty places divide."""
    written = np.flatnonzero(amounts)
    if not len(written):
        return 0, len(amounts)
    steps = written[1:] - written[:-1]
    breaks = np.flatnonzero(steps > 1)
    if not len(breaks):
        return int(written[0]), int(written[-1]) + 1
    starts, ends = written[np.append(0, breaks + 1)], written[np.append(breaks, -1)] + 1
    total = np.append(np.float32(0), amounts.cumsum())
    shares = (total[ends] - total[starts]) / total[-1]
    kept = np.flatnonzero(shares > SPECK)
    return (int(starts[kept[0]]), int(ends[kept[-1]])) if len(kept) else (0, len(amounts))
