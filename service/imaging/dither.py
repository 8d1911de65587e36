"""Dither: pixels of few colours, of which only several together make the grey that is meant.

Fax machines, printers and browsers of old drew so, and whoever saves a picture in two colours still does:
what a pixel is too light or too dark is made up for by its neighbours (Floyd and Steinberg 1976).
"""

from math import inf

import numpy as np

from service.imaging.cells import Scene, cells_of
from service.network import FloatArray

__all__ = ["without_dither"]

EVERY = 5  # of the rows one is looked at; of four, a pattern may look the same
SETTLED = 0.8  # no dithered picture's rows are calmer
DOTTED = 0.48  # of all differences are shared by both ways from a dot, and by one way from a line
RESTLESS = 3.2  # pixels: grain differs from pixel to pixel as much as over two, but for chance; dither, more
CALM = 0.55  # where grey changes evenly it changes half as much from pixel to pixel as over two
MOST = 8  # times that a picture is blurred
FLAT, RIM = 0.15, 2  # from the darkest cell of bare paper to its lightest, but for so many along the edges
BLOCK = 8  # pixels along each side of a block of them
SMALLEST = 3 * BLOCK  # pixels along the shorter side, in which there are blocks to compare
SMALLER = 0.7  # of the differences: the others are those between paper and ink
OF_SMALLER = 0.31  # mean square of so many of a normal variable's values, in units of its variance
CHANCE = 4.5  # standard deviations of a mean of as many: by so much fewer blocks may differ less than usual
LEAST = 0.001  # variance of pixels: what is calmer than that is flat


def without_dither(scene: Scene) -> Scene:
    """Blur a dithered picture until its greys change evenly, bare paper to one; return others as they are.

    Args:
        scene: the picture, its pixels neither enlarged nor reduced.
    """
    grey = scene.grey
    if not _is_dithered(grey):
        return scene
    for _ in range(MOST):
        grey = _blurred(grey)
        if _restlessness(grey, grey.T) < CALM:
            break
    blurred = Scene(grey)
    inner = blurred.cells[RIM:-RIM, RIM:-RIM]
    return blurred if np.ptp(inner) > FLAT else Scene(np.full_like(grey, grey.mean()))


def _is_dithered(grey: FloatArray) -> bool:
    if min(grey.shape) < SMALLEST or _restlessness(grey[EVERY // 2 :: EVERY]) < SETTLED:
        return False
    by_chance = RESTLESS / max(grey.shape)
    return _dottedness(grey) > DOTTED and (_restlessness(grey, grey.T) > 1 + by_chance or _is_even(grey))


def _restlessness(*views: FloatArray) -> float:
    """Say how much pixels of rows differ from the next ones, in units of how much from those behind."""
    near = sum(float(np.abs(rows[:, 1:] - rows[:, :-1]).sum()) for rows in views)
    far = sum(float(np.abs(rows[:, 2:] - rows[:, :-2]).sum()) for rows in views)
    return near / far if far else inf if near else 0.0


def _dottedness(grey: FloatArray) -> float:
    """Say which part of the differences to the right and down are differences both ways at once."""
    here = grey[:-1, :-1]
    right, down = np.abs(grey[:-1, 1:] - here), np.abs(grey[1:, :-1] - here)
    return float(2 * np.minimum(right, down).sum() / (right.sum() + down.sum()))


def _is_even(grey: FloatArray) -> bool:
    """Say whether blocks differ less from the next ones than their pixels would let them by chance."""
    means = cells_of(grey, BLOCK)
    within = float(np.median(cells_of(grey * grey, BLOCK) - means * means))
    squares = np.sort((means[:, 1:] - means[:, :-1]) ** 2, axis=None)
    between = float(squares[: round(SMALLER * squares.size)].mean()) / OF_SMALLER
    usual = 2 * within / BLOCK**2
    return within > LEAST and between < usual * (1 - CHANCE / means.size**0.5)


def _blurred(grey: FloatArray) -> FloatArray:
    """Blend each pixel with its eight neighbours, weighed 1 2 1 along each side; edges are repeated."""
    wide = np.pad(grey, 1, mode="edge")
    rows = wide[:-2] + 2 * wide[1:-1] + wide[2:]
    blurred: FloatArray = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / np.float32(16)
    return blurred
