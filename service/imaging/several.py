"""Whether a picture holds one thing or more."""

import numpy as np
from numpy.typing import NDArray

from service.imaging.ink import SOLID, outline_of
from service.network import FloatArray

__all__ = ["holds_several"]

WRITTEN = 0.2  # strength, 0 to 1, from which a pixel separates what lies left and right of it
SHARE = 0.25  # of the ink, at least, to either side of a gap
HEIGHT = 0.6  # of the higher side, at least, that the lower one reaches
LONGEST = (
    10  # outline in longer sides of the picture: 8.9 in MNIST's test digits at most, 11 and more in noise
)


def holds_several(ink: FloatArray) -> bool:
    """Say whether a picture holds two things beside each other, or a swarm of specks, which noise becomes.

    Things that touch, overlap or lie one below the other pass for one.

    Args:
        ink: (height, width), 0 paper to 1 ink, cut out to where the ink begins and ends.
    """
    return _is_swarm(ink > SOLID) or _stand_side_by_side(ink > WRITTEN)


def _is_swarm(ink: NDArray[np.bool_]) -> bool:
    return bool(outline_of(ink) > LONGEST * max(ink.shape))


def _stand_side_by_side(ink: NDArray[np.bool_]) -> bool:
    """Look for an empty column with much ink on either side, both sides of like height."""
    amounts = np.count_nonzero(ink, axis=0).cumsum()
    shares = amounts / max(amounts[-1], 1)
    gaps = np.flatnonzero(~ink.any(axis=0) & (shares >= SHARE) & (shares <= 1 - SHARE))
    if not len(gaps):
        return False
    middle = gaps[np.abs(shares[gaps] - 0.5).argmin()]
    low, high = sorted(_height(side) for side in np.split(ink, [middle], axis=1))
    return low >= HEIGHT * high


def _height(ink: NDArray[np.bool_]) -> int:
    rows = np.flatnonzero(ink.any(axis=1))
    return int(rows[-1] - rows[0]) + 1
