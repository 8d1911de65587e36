"""Noise as a service meets it: sent as a picture, and framed like a digit before the network reads it.

What uniform noise becomes on that way, a blot of 20 × 20 pixels, is no noise any more, and a network that
knows noise only as it was made calls it an eight.
"""

from collections.abc import Callable, Iterable

import numpy as np

from service.imaging import SIDE, Choice, Picture, normalize
from service.network import FloatArray

__all__ = ["framed", "gaussian", "uniform_or_two_tone"]

SIDES = (12, 64)  # pixels; beyond, noise of any kind becomes the same solid square
BLOCKS = 4  # pixels along each side of a block of one grey, at most
FEWEST = 8  # blocks along a side: fewer are how a digit of a pixel font is drawn, three by five
Grain = Callable[[np.random.Generator, int], FloatArray]


def uniform_or_two_tone(rng: np.random.Generator, n: int) -> list[Picture]:
    """Make n pictures of random grey, or of black and white pixels of any proportion."""
    return _pictures(rng, n, (_uniform, _two_tone))


def gaussian(rng: np.random.Generator, n: int) -> list[Picture]:
    """Make n pictures of normally distributed grey."""
    return _pictures(rng, n, (_gaussian,))


def framed(pictures: Iterable[Picture], center: Choice = Choice.AUTO) -> FloatArray:
    """Send pictures through imaging: (n, 784), as a network reads them.

    What is told to be several comes out blank: it is rejected whatever a network says of it.
    """
    seen = [normalize(picture, center=center) for picture in pictures]
    read = [np.zeros(SIDE * SIDE) if each.several else each.pixels for each in seen]
    return np.array(read, np.float32).reshape(len(read), SIDE * SIDE)


def _pictures(rng: np.random.Generator, n: int, grains: tuple[Grain, ...]) -> list[Picture]:
    smallest, largest = np.log(SIDES)
    sides = np.exp(rng.uniform(smallest, largest, n)).astype(int)
    kinds = rng.integers(len(grains), size=n)
    blocks = np.minimum(rng.integers(1, BLOCKS, n, endpoint=True), sides // FEWEST)
    greys = (
        grains[kind](rng, -(-side // block)).repeat(block, axis=0).repeat(block, axis=1)
        for kind, side, block in zip(kinds, sides, blocks, strict=True)
    )
    return [Picture(grey, grey.shape, "L") for grey in greys]


def _uniform(rng: np.random.Generator, side: int) -> FloatArray:
    return rng.random((side, side), dtype=np.float32)


def _two_tone(rng: np.random.Generator, side: int) -> FloatArray:
    share = np.exp(rng.uniform(np.log(0.01), 0))
    spots: FloatArray = (rng.random((side, side)) < share).astype(np.float32)
    return spots if rng.integers(2) else 1 - spots


def _gaussian(rng: np.random.Generator, side: int) -> FloatArray:
    noise = rng.standard_normal((side, side), dtype=np.float32)
    level, spread = rng.uniform(0.1, 0.9), rng.uniform(0.05, 0.4)
    return (level + spread * noise).clip(0, 1).astype(np.float32)
