"""A digit of MNIST written large, with a pen of any width."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageFilter

from service.imaging import SIDE
from service.network import FloatArray
from service.training.thinning import thin

__all__ = ["PENS", "Pen", "enlarged", "middle_line", "write"]

FINE = 4  # fine pixels to one of MNIST's, along each side
EDGE = 0.4  # ink, 0 to 1, where the middle of a stroke's edge is drawn
THINNER = 5  # fine pixels that a thin pen takes off either side, where so many are there
WIDER = 5  # fine pixels: a thick pen leaves half a pixel of MNIST's more to either side

Point = tuple[float, float]
Pen = Callable[[FloatArray], FloatArray]
"""(28, 28) ink, 0 to 1 → the ink of another pen on at least as many pixels."""


def write(rng: np.random.Generator, digit: FloatArray, side: int, pen: str = "usual") -> FloatArray:
    """Write a digit with crisp edges: (28, 28) → (side, side) float32, both 0 paper to 1 ink."""
    ink = enlarged(PENS[pen](digit), side)
    steep = rng.uniform(0.4, 1) * side / SIDE  # an edge is one to two and a half pixels wide
    crisp: FloatArray = np.clip((ink - EDGE) * max(steep, 1) + EDGE, 0, 1).astype(np.float32)
    return crisp


def enlarged(
    picture: FloatArray, side: int, method: Image.Resampling = Image.Resampling.BICUBIC
) -> FloatArray:
    """Scale a square picture to (side, side), 0..1 kept."""
    scaled: FloatArray = np.clip(np.asarray(Image.fromarray(picture).resize((side, side), method)), 0, 1)
    return scaled


def _usual(digit: FloatArray) -> FloatArray:
    return digit


def _thin(digit: FloatArray) -> FloatArray:
    """Take so much off each stroke, but never its middle line (Lantuéjoul's skeleton)."""
    stroke = Image.fromarray((enlarged(digit, SIDE * FINE) > EDGE).astype(np.uint8))
    kept = np.zeros((SIDE * FINE, SIDE * FINE), np.uint8)
    for _ in range(THINNER):
        within = stroke.filter(ImageFilter.MinFilter(3))
        kept |= np.asarray(stroke) & ~np.asarray(within.filter(ImageFilter.MaxFilter(3)))
        stroke = within
    return np.asarray(Image.fromarray(kept | np.asarray(stroke)).filter(ImageFilter.MaxFilter(3)), np.float32)


def _thick(digit: FloatArray) -> FloatArray:
    stroke = Image.fromarray((enlarged(digit, SIDE * FINE) > EDGE).astype(np.uint8))
    return np.asarray(stroke.filter(ImageFilter.MaxFilter(WIDER)), np.float32)


PENS: Mapping[str, Pen] = MappingProxyType({"usual": _usual, "thin": _thin, "thick": _thick})


def middle_line(digit: FloatArray) -> list[tuple[Point, Point]]:
    """Follow the middle of each stroke: (28, 28) → pieces from one (row, column) to another, in 0..1.

    Thinned on twice the pixels a side; neighbours that remain are joined.
    """
    line = thin(enlarged(digit, SIDE * 2) > EDGE)
    found = {(int(row), int(column)) for row, column in np.argwhere(line)}
    steps = ((0, 1), (1, 0), (1, 1), (1, -1))
    side = 2 * SIDE
    return [
        ((row / side, column / side), ((row + down) / side, (column + right) / side))
        for row, column in sorted(found)
        for down, right in steps
        if (row + down, column + right) in found
    ]
