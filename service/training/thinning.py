"""The middle line of strokes, thinned as by Zhang and Suen.

T. Y. Zhang and C. Y. Suen: A fast parallel algorithm for thinning digital patterns (1984).
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["thin"]


def thin(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Peel ink, (rows, columns), from two sides in turn until a line is left, hardly ever wider than a pixel.

    What is two pixels wide all over may vanish: a square of four does, and a slanted line but for its ends.
    """
    kept = np.pad(ink, 1).astype(np.int8)  # paper around: what np.roll takes for a neighbour across the edge
    while True:
        before = int(kept.sum())
        for first in (0, 2):  # south-east pixels, then north-west ones
            kept[_peelable(kept, first)] = 0
        if int(kept.sum()) == before:
            return kept[1:-1, 1:-1].astype(bool)


def _peelable(ink: NDArray[np.int8], first: int) -> NDArray[np.bool_]:
    """Mark the pixels of an edge whose neighbours hang together without them."""
    north, east, south, west = (np.roll(ink, step, axis) for step, axis in ((1, 0), (-1, 1), (-1, 0), (1, 1)))
    north_east, north_west = np.roll(north, -1, 1), np.roll(north, 1, 1)
    south_east, south_west = np.roll(south, -1, 1), np.roll(south, 1, 1)
    ring = np.stack([north, north_east, east, south_east, south, south_west, west, north_west])
    neighbours = ring.sum(axis=0)
    beginnings = ((ring == 0) & (np.roll(ring, -1, axis=0) == 1)).sum(axis=0)  # of ink, once around
    sides = (north, east, south, west)
    a, b, c, d = (sides[(first + i) % 4] for i in range(4))  # the edge that is peeled lies at b and c
    edge = (a * b * c == 0) & (b * c * d == 0)
    inside = (neighbours >= 2) & (neighbours <= 6)  # noqa: PLR2004  # neither an end nor within
    peelable: NDArray[np.bool_] = (ink == 1) & inside & (beginnings == 1) & edge
    return peelable
