"""Parts of ink that hang together.

Runs of ink are joined where they touch from row to row, also by a corner (labelling of runs with union-find,
Rosenfeld and Pfaltz 1966), so that the cost follows the outline of the ink and not the size of the picture.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "Ints", "Mask", "Parts", "parts_of", "pieces_less_holes"]

Ints = NDArray[np.intp]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels, right and bottom exclusive


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of a mask; those of one picture have the numbers 0 to n - 1.

    Attributes:
        shape: (height, width) of the mask.
        runs: (4, m): row, first column, column after the last, and the part that each run belongs to.
        areas: (n,) pixels.
        boxes: (4, n): left, top, right, bottom, the latter two exclusive.
    """

    shape: tuple[int, int]
    runs: Ints
    areas: Ints
    boxes: Ints

    @cached_property
    def widths(self) -> Ints:
        """Say how wide each part is, in pixels: (n,)."""
        widths: Ints = self.boxes[2] - self.boxes[0]
        return widths

    @cached_property
    def heights(self) -> Ints:
        """Say how high each part is, in pixels: (n,)."""
        heights: Ints = self.boxes[3] - self.boxes[1]
        return heights

    @cached_property
    def edges(self) -> Mask:
        """Say whether each part reaches the left, upper, right and lower edge of the picture: (4, n)."""
        height, width = self.shape
        left, top, right, bottom = self.boxes
        return np.array([left == 0, top == 0, right == width, bottom == height])

    def runs_of(self, number: int) -> Ints:
        """Return row, first column and column after the last of every run of a part: (3, m)."""
        runs: Ints = self.runs[:3, self.runs[3] == number]
        return runs

    def mask_of(self, chosen: Mask) -> Mask:
        """Draw some of the parts: (n,) → (height, width)."""
        height, width = self.shape
        rows, starts, ends, _ = self.runs[:, chosen[self.runs[3]]]
        steps = np.zeros(height * (width + 1), np.int8)  # a column more, for runs that end at the edge
        steps[rows * (width + 1) + starts] = 1
        steps[rows * (width + 1) + ends] = -1
        drawn: Mask = steps.cumsum(dtype=np.int8).astype(bool).reshape(height, width + 1)[:, :-1]
        return drawn


def parts_of(mask: Mask) -> Parts:
    """Find what hangs together: (height, width)."""
    height, width = mask.shape
    stride = width + 2  # paper between the end of a row and the next, so that no run touches across it
    wide = np.zeros((height, stride), bool)
    wide[:, 1:-1] = mask
    before, after = wide.reshape(-1)[:-1], wide.reshape(-1)[1:]
    starts, ends = np.flatnonzero(after > before), np.flatnonzero(after < before)
    first = ends.searchsorted(starts + stride)  # run of the next row that ends at the corner or later
    n_below = np.maximum(starts.searchsorted(ends + stride, "right") - first, 0)
    above = np.arange(len(starts)).repeat(n_below)
    below = np.arange(len(above)) + (first - n_below.cumsum() + n_below).repeat(n_below)
    numbers = _joined(len(starts), above.tolist(), below.tolist())
    rows = starts // stride
    return _measured((height, width), np.array([rows, starts - rows * stride, ends - rows * stride, numbers]))


def pieces_less_holes(mask: Mask) -> int:
    """Count the pieces less the holes (Gray 1971), which is quickly done; a corner joins no pieces here.

    >>> pieces_less_holes(np.eye(6, dtype=bool))
    6
    """
    down, right = mask[1:] & mask[:-1], mask[:, 1:] & mask[:, :-1]
    squares = down[:, 1:] & down[:, :-1]
    pixels, *pairs, filled = map(np.count_nonzero, (mask, down, right, squares))
    return int(pixels - sum(pairs) + filled)


def _joined(n: int, above: list[int], below: list[int]) -> Ints:
    """Number runs by what they hang together with, 0, 1, 2 in the order in which they first appear."""
    parents = list(range(n))  # none comes after its child

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = run = parents[parents[run]]
        return run

    for one, other in zip(above, below, strict=True):
        if parents[other] == other:  # the first that it hangs on to, as most often the only one
            parents[other] = parents[one]
        elif parents[other] != parents[one]:
            first, second = root(one), root(other)
            parents[max(first, second)] = min(first, second)
    numbers, n_parts = [0] * n, 0
    for run, parent in enumerate(parents):
        if parent == run:
            numbers[run], n_parts = n_parts, n_parts + 1
        else:
            numbers[run] = numbers[parent]
    return np.array(numbers, np.intp)


def _measured(shape: tuple[int, int], runs: Ints) -> Parts:
    rows, starts, ends, numbers = runs
    n = int(numbers.max(initial=-1)) + 1
    boxes = np.zeros((4, n), np.intp)
    boxes[:2] = max(shape)
    np.minimum.at(boxes[0], numbers, starts)
    np.minimum.at(boxes[1], numbers, rows)
    np.maximum.at(boxes[2], numbers, ends)
    np.maximum.at(boxes[3], numbers, rows + 1)
    return Parts(shape, runs, np.bincount(numbers, ends - starts, n).astype(np.intp), boxes)
