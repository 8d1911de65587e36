"""Whether a picture holds one thing or more."""

import numpy as np
from numpy.typing import NDArray

from service.imaging.ink import SOLID, outline_of
from service.network import FloatArray

__all__ = ["holds_several"]

WRITTEN = 0.2  # strength, 0 to 1, from which a pixel separates what lies left and right of it
SHARE = 0.25  # of the ink, at least, to either side of a gap
HEIGHT = 0.6  # of the higher side, at least, that the lower one reaches
STACKED = 0.75  # the same where one lies below the other: a five's detached bar is low
LONGEST = (
    10  # outline in longer sides of the picture: 8.9 in MNIST's test digits at most, 11 and more in noise
)
MOST = 96  # pixels a side that gaps are looked for in
FEW = 28  # pixels a side: in fewer, strokes have gaps that are none
LEANS = (0, 0.3, -0.3)  # columns to the side for each row: how far a gap may lean


def holds_several(ink: FloatArray) -> bool:
    """Say whether a picture holds two things with a gap between, or a swarm of specks, which noise becomes.

    The gap may lean as handwriting does, and lie between what stands side by side or one below the other.
    Things that touch or overlap pass for one.

    Args:
        ink: (height, width), 0 paper to 1 ink, cut out to where the ink begins and ends.
    """
    if _is_swarm(ink > SOLID):
        return True
    rows, columns = np.nonzero(_at_most(MOST, ink > WRITTEN))
    if max(ink.shape) < FEW:
        return _gap(columns, rows, 0, HEIGHT)
    beside = any(_gap(columns, rows, lean, HEIGHT) for lean in LEANS)
    return beside or _gap(rows, columns, 0, STACKED, stacked=True)


def _is_swarm(ink: NDArray[np.bool_]) -> bool:
    return bool(outline_of(ink) > LONGEST * max(ink.shape))


def _at_most(side: int, ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Make a picture smaller; ink stays where any was."""
    while max(ink.shape) > side:
        height, width = ink.shape
        even = np.zeros((height + height % 2, width + width % 2), bool)
        even[:height, :width] = ink
        rows = even[::2] | even[1::2]
        ink = rows[:, ::2] | rows[:, 1::2]
    return ink


def _gap(
    across: NDArray[np.intp], along: NDArray[np.intp], lean: float, alike: float, *, stacked: bool = False
) -> bool:
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
    place = np.rint(across + lean * along).astype(np.intp) if lean else across
    place = place - place.min()
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
