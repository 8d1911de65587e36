"""A thin border that runs around a whole page at the picture's edge: painted over with paper.

Averaged into cells it is a middle grey, which is neither the paper nor a table.
"""

import numpy as np

from service.imaging.cells import Scene
from service.imaging.sheet import TURNED
from service.network import FloatArray

__all__ = ["without_border"]

DEEPEST = 0.02  # of the longer side: a border is no wider
FEWEST = 2  # pixels that it may always be wide
ROOM = 8  # times as wide as a border may be is a picture, at least, along its shorter side
FEW = 4  # columns that are looked at first
NEAR = np.float32(0.02)  # of the way from black to white: what differs less is the same grey
EVEN = 0.95  # of a row, at least, is of one grey, be it border or paper
LEAST = 0.06  # of the way from black to white: so much something departs that is written inside


def without_border(scene: Scene) -> Scene:
    """Paint over a border of a few pixels that lies at all four sides.

    A picture without one, or with nothing written inside it, is returned as it is.
    """
    grey = scene.grey
    deepest = max(round(DEEPEST * max(grey.shape)), FEWEST)
    if min(grey.shape) < ROOM * deepest:
        return scene
    painted = grey
    for turned in TURNED:
        depth, paper = _border(turned(grey), deepest)
        if not depth:  # as most often, at the first side
            return scene
        painted = painted.copy() if painted is grey else painted
        turned(painted)[:depth] = paper
    return Scene(painted) if np.ptp(painted) > LEAST else scene


def _border(view: FloatArray, deepest: int) -> tuple[int, np.float32]:
    """Count the rows above the paper, none where a row of either is not even, and return the paper's grey."""
    every = view.shape[1] // FEW
    few = view[: deepest + 2, every::every]
    if np.abs(few - few[-1]).max() <= NEAR:  # most pictures are told apart by a few columns
        return 0, few[-1, 0]
    sides = deepest + 2  # the other borders, and what is blended with them
    rows = view[: deepest + 2, sides:-sides]
    middle = rows.shape[1] // 2
    levels = np.partition(rows, middle)[:, middle]
    (others,) = (np.abs(levels - levels[-1]) > NEAR).nonzero()
    depth = int(others[-1]) + 1 if len(others) else 0
    if depth and not (
        depth <= deepest
        and _are_even(rows[: depth + 2], levels[: depth + 2, np.newaxis])
        and _are_even(view[:1, 1:-1], levels[:1])  # round corners would be left over
    ):
        depth = 0
    return depth, levels[-1]


def _are_even(rows: FloatArray, levels: FloatArray) -> bool:
    near = np.abs(rows - levels) <= NEAR
    return bool(np.count_nonzero(near, axis=1).min() >= EVEN * rows.shape[1])
