"""Other people's writing from the same images: other pens, other scanners, freer movements.

MNIST was written by a few hundred people with similar pens and scanned in one way; uploads were not.
"""

from functools import cache
from itertools import product

import numpy as np

from service.imaging import SIDE
from service.network import FloatArray
from service.training.augment import Augmentation, augment

__all__ = ["LOOSE", "coarsened", "rewritten", "with_other_pens"]

LOOSE = Augmentation(
    rotation=15, scale=0.15, shear=0.25, shift=0.5, elastic=1.1, sharpness=0.25, centred=True
)
PEN = (-0.8, 1.0)  # pixels by which the pen is narrowed or widened on each side
COARSE = (10, 20)  # pixels along a side of a coarse scan, where 28 were; a digit is 5/7 of them tall
FAINT = 0.8  # of full ink, at the least, in a coarse scan


def rewritten(images: FloatArray, bounds: Augmentation, rng: np.random.Generator) -> FloatArray:
    """Move images within bounds and give each another pen, and half of them a coarse scan.

    Args:
        images: (n, 784) float32.
        bounds: how far they are moved.
        rng: draws all that varies.
    """
    drawn = with_other_pens(augment(images, bounds, rng), rng)
    scanned = rng.random(len(drawn)) < 1 / 2
    drawn[scanned] = coarsened(drawn[scanned], rng)
    return drawn


def with_other_pens(images: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Widen or narrow each image's pen by up to a pixel on each side: (n, 784) float32 → the same.

    Ink spreads to its four neighbours, or paper does, in the share that the pen is wider or narrower.
    """
    pictures = images.reshape(-1, SIDE, SIDE)
    pen = rng.uniform(*PEN, (len(pictures), 1, 1)).astype(np.float32)
    wider, narrower = _spread(pictures), 1 - _spread(1 - pictures)
    drawn = pictures + np.maximum(pen, 0) * (wider - pictures) + np.maximum(-pen, 0) * (narrower - pictures)
    return drawn.reshape(images.shape)


def _spread(pictures: FloatArray) -> FloatArray:
    """Take the largest of each pixel and its four neighbours."""
    largest = pictures.copy()
    for here, there in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[:, :, 1:], np.s_[:, :, :-1])):
        np.maximum(largest[here], pictures[there], out=largest[here])
        np.maximum(largest[there], pictures[here], out=largest[there])
    return largest


def coarsened(images: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Scan each image with fewer pixels and enlarge the scan again: (n, 784) float32 → the same.

    Half of them are enlarged smoothly; of the others each pixel becomes a block.
    """
    pictures = images.reshape(-1, SIDE, SIDE)
    sides = rng.integers(*COARSE, len(pictures), endpoint=True)
    smooth = rng.random(len(pictures)) < 1 / 2
    scanned = np.empty_like(pictures)
    for side, smoothly in product(range(COARSE[0], COARSE[1] + 1), (True, False)):
        there = (sides == side) & (smooth == smoothly)
        scan = _scan(side, smoothly=smoothly)
        scanned[there] = scan @ pictures[there] @ scan.T
    darkest = np.maximum(scanned.max(axis=(1, 2), keepdims=True), np.float32(1e-3))
    scanned *= rng.uniform(FAINT, 1, darkest.shape).astype(np.float32) / darkest
    return scanned.reshape(images.shape)


@cache
def _scan(side: int, *, smoothly: bool) -> FloatArray:
    """Average 28 pixels into fewer along one side, and make 28 of those again: (28, 28)."""
    edges = np.linspace(0, SIDE, side + 1)
    pixels = np.arange(SIDE)
    shared = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    average = np.maximum(shared, 0) * (side / SIDE)  # (side, 28)
    places = (pixels + 0.5) * side / SIDE - 0.5  # in coarse pixels
    between = np.maximum(1 - np.abs(places.clip(0, side - 1)[:, None] - np.arange(side)), 0)
    blocks = np.maximum(shared, 0).T  # how much of each of the 28 lies in which coarse pixel
    enlarge = between if smoothly else blocks  # (28, side)
    scan: FloatArray = (enlarge @ average).astype(np.float32)
    return scan
