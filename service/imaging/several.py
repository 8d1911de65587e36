"""Whether a picture holds one thing or more."""

import numpy as np

from service.imaging.ink import LONGEST, SOLID, outline_of, pen_width
from service.imaging.parts import Ints, Mask, parts_of, pieces_less_holes
from service.network import FloatArray

__all__ = ["holds_several"]

WRITTEN = 0.2  # strength, 0 to 1, from which a pixel separates what lies left and right of it
SHARE = 0.25  # of the ink, at least, to either side of a gap
HEIGHT = 0.6  # of the higher side, at least, that the lower one reaches
STACKED = 0.75  # the same where one lies below the other: a five's detached bar is low
PIECES = 3  # less the holes: with fewer of them nobody looks for parts
EVEN = 2.5  # parts of one size: no digit is so broken, but for one in a few thousand
COVERED = 0.6  # of its box, at most: so much a digit takes in so few pixels, and noise takes more
MOST = 96  # pixels a side that gaps are looked for in
FEW = 28  # pixels a side: in fewer, strokes have gaps that are none
LEANS = (0, 0.3, -0.3)  # columns to the side for each row: how far a gap may lean
WIDE = 1.3  # times its height, at least, two digits that touch are wide: 1 in 100 of MNIST's is
WAIST = 1.3  # times the pen's width, at most, where they touch
TALL = 0.8  # of the height of both, at least, that either of two that touch reaches


def holds_several(ink: FloatArray) -> bool:
    """Say whether a picture holds two things with a gap between, or a swarm of specks, which noise becomes.

    The gap may lean as handwriting does, and lie between what stands side by side or one below the other. Of
    two digits that touch, those are told that hang together by a single stroke and make a wide picture; the
    others pass for one, since a four may be drawn like them.

    Args:
        ink: (height, width), 0 paper to 1 ink, cut out to where the ink begins and ends.
    """
    if _is_swarm(ink > SOLID):
        return True
    written = _at_most(MOST, ink > WRITTEN)
    rows, columns = np.nonzero(written)
    if max(ink.shape) < FEW:
        return _gap(columns, rows, 0, HEIGHT)
    if any(_gap(columns, rows, lean, HEIGHT) for lean in LEANS) or _gap(
        rows, columns, 0, STACKED, stacked=True
    ):
        return True
    height, width = written.shape
    if width < WIDE * height:
        return False
    pen = WAIST * pen_width(written)
    return any(_waist(columns, rows, lean, pen, TALL * height) for lean in LEANS)


def _is_swarm(ink: Mask) -> bool:
    """Say whether ink is many specks: its outline is too long for a digit, or it lies in too many parts.

    Parts count by one over the sum of their squared shares of the ink (Simpson 1949): three of one size are
    three, a digit and two crumbs are little more than one.
    """
    coarse = _at_most(FEW, ink)  # where a stroke has no breaks, and no gaps as a crayon leaves them
    if _is_rough(ink) and (_is_rough(coarse) or np.count_nonzero(coarse) > COVERED * coarse.size):
        return True
    if pieces_less_holes(coarse) < PIECES:
        return False
    areas = parts_of(coarse).areas
    return bool(areas.sum() ** 2 > EVEN * (areas**2).sum())


def _is_rough(ink: Mask) -> bool:
    return bool(outline_of(ink) > LONGEST * max(ink.shape))


def _at_most(side: int, ink: Mask) -> Mask:
    """Make a picture smaller; ink stays where any was."""
    while max(ink.shape) > side:
        height, width = ink.shape
        even = np.zeros((height + height % 2, width + width % 2), bool)
        even[:height, :width] = ink
        rows = even[::2] | even[1::2]
        ink = rows[:, ::2] | rows[:, 1::2]
    return ink


def _gap(across: Ints, along: Ints, lean: float, alike: float, *, stacked: bool = False) -> bool:
    """Look for an empty line with much ink on either side, both sides of like height.

    Args:
        across: where each pixel of ink lies, counted at right angles to the line.
        along: the same along the line.
        lean: how much the line departs to the side for each step along it.
        alike: the height of the lower side, at least, as a share of the higher one's.
        stacked: whether height is measured across the line.
    """
    if not len(across):
        return False
    place = _leaning(across, along, lean)
    amounts = np.bincount(place)
    if amounts.all():
        return False
    shares = amounts.cumsum() / len(place)
    gaps = np.flatnonzero((amounts == 0) & (shares >= SHARE) & (shares <= 1 - SHARE))
    if not len(gaps):
        return False
    first = place < gaps[np.abs(shares[gaps] - 0.5).argmin()]
    heights = across if stacked else along
    low, high = sorted(int(np.ptp(heights[side])) + 1 for side in (first, ~first))
    return low >= alike * high


def _waist(columns: Ints, rows: Ints, lean: float, thickest: float, tallest: float) -> bool:
    """Look for a line that crosses a single stroke, with much ink on either side, both sides tall.

    Args:
        columns: where each pixel of ink lies.
        rows: the same.
        lean: how much the line departs to the side for each row.
        thickest: pixels of ink that the line crosses, at most.
        tallest: pixels that either side reaches, at least.
    """
    place = _leaning(columns, rows, lean)
    amounts = np.bincount(place)
    shares = amounts.cumsum() / len(place)
    inner = np.flatnonzero((shares >= SHARE) & (shares <= 1 - SHARE))
    if not len(inner):
        return False
    thinnest = inner[amounts[inner].argmin()]
    crossed = rows[place == thinnest]
    if not 0 < amounts[thinnest] <= thickest or np.ptp(crossed) >= len(crossed):  # no stroke, or two
        return False
    return min(int(np.ptp(rows[side])) + 1 for side in (place < thinnest, place > thinnest)) >= tallest


def _leaning(across: Ints, along: Ints, lean: float) -> Ints:
    """Number the leaning lines that pixels lie on, from 0."""
    place = np.rint(across + lean * along).astype(np.intp) if lean else across
    numbered: Ints = place - place.min()
    return numbered
