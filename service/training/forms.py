"""Forms of digits that the writers of MNIST hardly used: a one with a flag, a seven with a bar, an open four.

Each is a few strokes between places in a box; a hand that draws one misses each place a little.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from service.imaging import Choice, Picture, normalize
from service.network import FloatArray
from service.training.mnist import Digits
from service.training.trash.drawn import by_pen

__all__ = ["FORMS", "forms"]

SIDE = 28  # pixels
HEIGHT = 20  # pixels of the box
WIDTHS = (7, 16)  # pixels
PENS = (0.9, 2.4)  # pixels from the middle of a stroke to where its ink ends
MISS = 0.05  # of the box, standard deviation

Stroke: TypeAlias = tuple[tuple[float, float], ...]

FORMS: Mapping[int, tuple[tuple[Stroke, ...], ...]] = MappingProxyType(
    {  # strokes through (right, down), each 0..1
        0: ((((0.5, 0), (0.1, 0.2), (0.1, 0.8), (0.5, 1), (0.9, 0.8), (0.9, 0.2), (0.5, 0)),),),
        1: (
            (((0.15, 0.3), (0.6, 0), (0.6, 1)),),
            (((0.0, 0.45), (0.6, 0), (0.55, 1)),),
            (((0.2, 0.25), (0.55, 0), (0.55, 1)), ((0.2, 1), (0.9, 1))),
        ),
        2: (
            (((0.1, 0.25), (0.45, 0), (0.85, 0.25), (0.5, 0.65), (0.05, 1)), ((0.05, 1), (0.95, 1))),
            (((0.1, 0.1), (0.8, 0), (0.9, 0.4), (0.1, 0.95)), ((0.1, 0.95), (0.9, 0.95))),
        ),
        3: (
            (((0.1, 0), (0.9, 0)), ((0.9, 0), (0.4, 0.4)), ((0.4, 0.4), (1, 0.5), (0.9, 1), (0.05, 0.9))),
            (
                ((0.1, 0.1), (0.8, 0), (0.85, 0.4), (0.35, 0.48)),
                ((0.35, 0.48), (1, 0.55), (0.8, 1), (0.05, 0.9)),
            ),
        ),
        4: (
            (((0.3, 0), (0.05, 0.6)), ((0.05, 0.6), (0.95, 0.6)), ((0.7, 0.25), (0.65, 1))),
            (((0.65, 1), (0.65, 0)), ((0.65, 0), (0, 0.65)), ((0, 0.65), (1, 0.65))),
        ),
        5: (
            (
                ((0.85, 0), (0.2, 0)),
                ((0.2, 0), (0.15, 0.42)),
                ((0.15, 0.42), (0.9, 0.3), (0.95, 0.95), (0.05, 1)),
            ),
        ),
        6: (
            (
                (
                    (0.75, 0),
                    (0.1, 0.4),
                    (0.05, 1),
                    (0.5, 1),
                    (0.95, 0.95),
                    (0.9, 0.5),
                    (0.4, 0.45),
                    (0.1, 0.75),
                ),
            ),
        ),
        7: (
            (((0.05, 0.05), (0.95, 0.05)), ((0.95, 0.05), (0.4, 1)), ((0.25, 0.5), (0.8, 0.5))),
            (((0.05, 0.2), (0.08, 0)), ((0.08, 0), (0.95, 0)), ((0.95, 0), (0.45, 1))),
        ),
        8: (
            (
                ((0.5, 0.48), (0.05, 0.4), (0.1, 0), (0.5, 0), (0.9, 0), (0.95, 0.4), (0.5, 0.48)),
                ((0.5, 0.48), (0, 0.55), (0.05, 1), (0.5, 1), (0.95, 1), (1, 0.55), (0.5, 0.48)),
            ),
        ),
        9: (
            (
                ((0.9, 0.25), (0.85, 0), (0.4, 0), (0.05, 0.1), (0.1, 0.5), (0.6, 0.52), (0.9, 0.25)),
                ((0.9, 0.25), (0.85, 1)),
            ),
            (
                ((0.9, 0.25), (0.85, 0), (0.4, 0), (0.05, 0.1), (0.1, 0.5), (0.6, 0.52), (0.9, 0.25)),
                ((0.9, 0.25), (0.95, 0.9), (0.6, 1), (0.1, 0.92)),
            ),
        ),
    }
)


def forms(rng: np.random.Generator, n: int) -> Digits:
    """Draw n digits, each of one of the forms at random, all ten as often."""
    labels = rng.integers(10, size=n).astype(np.uint8)
    images = np.array([_drawn(FORMS[int(label)], rng) for label in labels], np.float32)
    return Digits(images.reshape(n, SIDE * SIDE), labels)


def _drawn(variants: tuple[tuple[Stroke, ...], ...], rng: np.random.Generator) -> FloatArray:
    strokes = variants[rng.integers(len(variants))]
    box = np.array([HEIGHT, rng.uniform(*WIDTHS)])
    corner = (SIDE - box) / 2
    misses: dict[tuple[float, float], FloatArray] = {}  # strokes that meet still meet
    lines = []
    for stroke in strokes:
        places = [misses.setdefault(place, rng.normal(place, MISS)) for place in stroke]
        line = corner + _curved(np.array(places))[:, ::-1] * box  # rows and columns
        lines.append(np.stack([line[:-1], line[1:]]))
    start, end = np.concatenate(lines, axis=1).astype(np.float32)
    pen = np.array([[rng.uniform(*PENS)]])
    there = np.ones((1, len(start)), np.float32)
    image = by_pen(start[None], end[None], there, pen).reshape(SIDE, SIDE)
    framed: FloatArray = normalize(Picture(image, (SIDE, SIDE), "L"), Choice.NO, Choice.YES).pixels
    return framed


def _curved(line: FloatArray) -> FloatArray:
    """Cut the corners of a line, (places, 2), three times (Chaikin 1974); its ends stay."""
    for _time in range(3):
        before, after = line[:-1], line[1:]
        cut = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], axis=1).reshape(-1, 2)
        line = np.concatenate([line[:1], cut[1:-1], line[-1:]])
    return line
