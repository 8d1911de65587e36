"""Forms of digits that MNIST's writers hardly used: a one with a flag, a seven with a bar, a nine that curls.

Each is a few strokes between places in a box; a hand that draws one misses each place a little.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from service.imaging import SIDE
from service.imaging.frame import frame
from service.network import FloatArray
from service.training.mnist import Digits
from service.training.trash.drawn import by_pen

__all__ = ["FORMS", "forms"]

HEIGHT = 20  # pixels of the box
WIDTHS = (7, 16)  # pixels
PENS = (0.9, 2.4)  # pixels from the middle of a stroke to where its ink ends
MISS = 0.05  # of the box, standard deviation

FORMS: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {  # strokes through right,down in hundredths of the box; the corners of a curve may lie beyond it
        0: (
            "50,0 10,20 10,80 50,100 90,80 90,20 50,0",
            "75,8 30,-2 0,30 5,80 45,103 95,85 95,30 60,0 35,15",  # closed by running on
            "40,5 0,30 10,100 60,102 100,70 95,5 55,0",  # open at the top
        ),
        1: (
            "15,30 60,0 60,100",
            "0,45 60,0 55,100",
            "20,25 55,0 55,100 | 20,100 90,100",  # a foot
            "0,50 70,0 | 70,0 65,100",  # a long flag and a corner
            "5,42 85,0 | 85,0 40,100",  # the same, slanted
            "10,62 80,0 | 80,0 55,100",
            "25,25 65,0 | 65,0 50,100 | 10,100 95,98",
            "60,0 50,100 | 10,100 95,100",  # a foot and no flag
        ),
        2: (
            "10,25 45,0 85,25 50,65 5,100 | 5,100 95,100",
            "10,10 80,0 90,40 10,95 | 10,95 90,95",
            "5,30 30,-5 95,5 90,45 35,95 0,100 5,75 40,85 65,102 100,92",  # a loop at the foot
            "10,20 45,-6 85,15 75,50 10,100 | 10,100 50,90 100,100",  # a wave for a foot
            "5,15 50,-5 95,20 50,60 5,90 | 5,90 45,85 95,102",  # a foot that falls
        ),
        3: (
            "10,0 90,0 | 90,0 40,40 | 40,40 100,50 90,100 5,90",
            "10,10 80,0 85,40 35,48 | 35,48 100,55 80,100 5,90",
            # a small loop in the middle
            "5,12 50,-5 95,10 80,42 45,42 35,50 55,52 102,60 90,102 30,102 0,85",
        ),
        4: (
            "30,0 5,60 | 5,60 95,60 | 70,25 65,100",
            "65,100 65,0 | 65,0 0,65 | 0,65 100,65",
            "10,0 5,50 | 5,50 85,50 | 90,0 85,100",  # like a chair
            "15,0 0,45 30,60 85,35 | 90,0 75,100",  # a bowl and a stem
            "45,0 0,70 | 0,70 100,62 | 75,40 60,100",
        ),
        5: (
            "85,0 20,0 | 20,0 15,42 | 15,42 90,30 95,95 5,100",
            "95,2 30,-2 12,30 25,45 90,45 100,90 60,105 2,93",  # like an S
            "25,5 12,45 | 12,45 60,30 105,60 85,102 40,104 0,90 | 25,3 95,0",  # a roof of its own
            "20,12 15,45 | 15,45 95,38 95,100 5,100 | 35,0 100,-2",  # and a gap below it
        ),
        6: (
            "75,0 10,40 5,100 50,100 95,95 90,50 40,45 10,75",
            "50,0 5,55 10,103 55,103 100,90 85,50 30,55 8,80",  # a straight back
            "95,5 50,0 2,35 0,95 50,104 100,95 95,55 45,50 5,75",  # a head that bends far
            "35,0 10,50 5,100 50,104 95,90 70,60 15,80",
        ),
        7: (
            "5,5 95,5 | 95,5 40,100 | 25,50 80,50",  # a bar
            "5,20 8,0 | 8,0 95,0 | 95,0 45,100",  # a serif
            "0,3 100,0 | 100,0 55,45 40,100",  # a bent stem
            "2,18 6,2 | 6,2 100,3 | 100,3 50,50 40,100 | 20,55 90,48",
            "0,10 40,0 70,12 100,0 | 100,0 45,100",  # a wave for a roof
            "0,10 40,0 70,10 100,0 | 100,0 50,100 | 30,55 95,50",
        ),
        8: (
            "50,48 5,40 10,0 50,0 90,0 95,40 50,48 | 50,48 0,55 5,100 50,100 95,100 100,55 50,48",
            # an S that is closed
            "90,12 55,-5 5,0 10,40 50,50 95,65 90,103 45,103 2,95 10,60 50,48 85,35 95,10",
            "100,5 50,-3 5,5 12,38 55,52 95,70 80,103 30,103 5,80 45,50 75,20",  # and one that stays open
            "10,5 90,90 50,105 5,92 95,10 50,-5 8,8",  # two strokes that cross
        ),
        9: (
            "90,25 85,0 40,0 5,10 10,50 60,52 90,25 | 90,25 85,100",
            "90,25 85,0 40,0 5,10 10,50 60,52 90,25 | 90,25 95,90 60,100 10,92",
            "85,15 50,-4 8,10 12,50 60,52 90,15 | 90,15 98,70 85,104 35,106 0,88",  # a tail that curls
            "90,10 45,-5 5,15 20,50 70,42 92,5 | 92,5 85,60 55,90 0,102",  # one that swings
            "85,20 50,0 20,15 30,42 75,38 88,12 | 88,12 100,65 70,105 0,95",  # a small head
            "88,12 50,-4 6,10 10,48 60,50 90,15 | 90,15 60,100",
        ),
    }
)


def forms(rng: np.random.Generator, n: int) -> Digits:
    """Draw n digits, each of one of the forms at random, all ten as often."""
    labels = rng.integers(10, size=n).astype(np.uint8)
    images = np.array([_drawn(FORMS[int(label)], rng) for label in labels], np.float32)
    return Digits(images.reshape(n, SIDE * SIDE), labels)


def _drawn(variants: tuple[str, ...], rng: np.random.Generator) -> FloatArray:
    strokes = variants[rng.integers(len(variants))].split(" | ")
    box = np.array([HEIGHT, rng.uniform(*WIDTHS)])
    corner = (SIDE - box) / 2
    missed: dict[str, FloatArray] = {}  # strokes that meet still meet
    lines = []
    for stroke in strokes:
        places = [missed.setdefault(place, rng.normal(_place(place), MISS)) for place in stroke.split()]
        line = corner + _curved(np.array(places))[:, ::-1] * box  # rows and columns
        lines.append(np.stack([line[:-1], line[1:]]))
    start, end = np.concatenate(lines, axis=1).astype(np.float32)
    pen = np.array([[rng.uniform(*PENS)]])
    there = np.ones((1, len(start)), np.float32)
    image = by_pen(start[None], end[None], there, pen).reshape(SIDE, SIDE)
    return frame(_cut_out(image), thicken=True).picture


def _place(written: str) -> FloatArray:
    return np.array(written.split(","), np.float64) / 100


def _cut_out(image: FloatArray) -> FloatArray:
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    return np.ascontiguousarray(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def _curved(line: FloatArray) -> FloatArray:
    """Cut the corners of a line, (places, 2), three times (Chaikin 1974); its ends stay."""
    for _time in range(3):
        before, after = line[:-1], line[1:]
        cut = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], axis=1).reshape(-1, 2)
        line = np.concatenate([line[:1], cut[1:-1], line[-1:]])
    return line
