"""Digits that are digits no more: cut, mixed up, turned, doubled."""

import numpy as np

from service.imaging import SIDE
from service.network import FloatArray
from service.training.mnist import Digits

__all__ = ["halves", "inverted", "overlaid", "shuffled", "side_by_side", "some", "strips", "tiles", "turned"]

PIXELS = SIDE * SIDE


def shuffled(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Keep a digit's pixels, and none in its place."""
    return rng.permuted(some(rng, digits, n).images, axis=1)


def tiles(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Cut a digit into 4 × 4 tiles of 7 × 7 pixels and lay them out in another order."""
    cut = some(rng, digits, n).images.reshape(n, 4, 7, 4, 7).transpose(0, 1, 3, 2, 4).reshape(n, 16, 49)
    order = rng.permuted(np.tile(np.arange(16), (n, 1)), axis=1)
    mixed = np.take_along_axis(cut, order[:, :, None], axis=1)
    return mixed.reshape(n, 4, 4, 7, 7).transpose(0, 1, 3, 2, 4).reshape(n, PIXELS)


def strips(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Cut a digit into seven strips, across or along, and lay them out in another order.

    A one is left out, its strips make another one.
    """
    cut = some(rng, digits, n, without=(1,)).images.reshape(n, 7, 4, SIDE)
    order = rng.permuted(np.tile(np.arange(7), (n, 1)), axis=1)
    mixed = np.take_along_axis(cut, order[:, :, None, None], axis=1).reshape(n, SIDE, SIDE)
    along = some(rng, digits, n, without=(1,)).images.reshape(n, SIDE, 7, 4)
    other = np.take_along_axis(along, order[:, None, :, None], axis=2).reshape(n, SIDE, SIDE)
    return np.where(rng.integers(2, size=(n, 1, 1)), mixed, other).reshape(n, PIXELS)


def inverted(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Swap ink and paper."""
    return 1 - some(rng, digits, n).images


def halves(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Wipe out one half of a digit: upper, lower, left or right; half a one is left out, it is a one."""
    pictures = some(rng, digits, n, without=(1,)).images.reshape(n, SIDE, SIDE)
    lower = np.arange(SIDE) >= SIDE // 2
    kept = np.stack(
        [np.broadcast_to(k, (SIDE, SIDE)) for k in (~lower[:, None], lower[:, None], ~lower, lower)]
    )
    return (pictures * kept[rng.integers(4, size=n)]).reshape(n, PIXELS)


def overlaid(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Draw one digit over another that is not the same."""
    below, above = rng.integers(len(digits), size=(2, n))
    while (same := digits.labels[below] == digits.labels[above]).any():
        above[same] = rng.integers(len(digits), size=int(same.sum()))
    both: FloatArray = np.maximum(digits.images[below], digits.images[above])
    return both


def side_by_side(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Squeeze two digits to half their width, one beside the other."""
    pairs: FloatArray = some(rng, digits, 2 * n).images.reshape(n, 2, SIDE, SIDE // 2, 2).mean(axis=4)
    return pairs.transpose(0, 2, 1, 3).reshape(n, PIXELS)


def turned(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Lay a digit on its left or right side; a zero is left out, it stays a zero."""
    pictures = some(rng, digits, n, without=(0,)).images.reshape(n, SIDE, SIDE).transpose(0, 2, 1)
    left = rng.integers(2, size=(n, 1, 1))
    return np.where(left, pictures[:, ::-1], pictures[:, :, ::-1]).reshape(n, PIXELS)


def some(rng: np.random.Generator, digits: Digits, n: int, without: tuple[int, ...] = ()) -> Digits:
    """Draw n digits, the same one more than once if need be."""
    allowed = np.flatnonzero(~np.isin(digits.labels, without))
    return digits[rng.choice(allowed, n)]
