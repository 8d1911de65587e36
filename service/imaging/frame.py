"""MNIST's frame: a digit 20 pixels high or wide, its centre of mass in the middle of 28×28."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from service.imaging.ink import SOLID, padded, pen_width
from service.network import FloatArray

__all__ = ["CENTRE", "FINE", "SIDE", "Framed", "frame", "frame_whole"]

SIDE = 28  # pixels along each side
BOX = 20  # pixels along the digit's longer side
CENTRE = 14  # row and column of the centre of mass: MNIST's digits lie within half a pixel of it

FINE = 4  # fine pixels to one of the result, along each side
MIDDLE = (CENTRE + 0.5) * FINE - 0.5  # fine row and column of the centre of mass
PEN = 2.2 * FINE  # fine pixels: strokes thinner than MNIST's usually are get this width

PLACES = np.arange(SIDE * FINE, dtype=np.float64)  # of rows or columns, counted from the first
AVERAGED = np.eye(SIDE, dtype=np.float32).repeat(FINE, axis=0) / np.float32(FINE * FINE)  # (112, 28)

CROSS = ((0, 1), (1, 0), (1, 1), (1, 2), (2, 1))
SQUARE = tuple((row, column) for row in range(3) for column in range(3))


class Framed(NamedTuple):
    """A digit in its frame.

    Attributes:
        picture: (28, 28) float32, 0 paper to 1 ink.
        scale: its pixels for each pixel of the picture that it was made from.
        shift: (right, down) in pixels, from the digit in the middle to its centre of mass in the middle.
        scaled: (height, width) float32, what was put into the frame.
    """

    picture: FloatArray
    scale: float
    shift: tuple[float, float]
    scaled: FloatArray


def frame(ink: FloatArray, *, thicken: bool) -> Framed:
    """Frame what fills a picture.

    Args:
        ink: (height, width) float32, 0 paper to 1 ink, cut out to where the ink begins and ends.
        thicken: whether thin strokes are made as thick as MNIST's.
    """
    fine = _fit(ink, BOX * FINE)
    radius = max(round((PEN - pen_width(fine > SOLID)) / 2), 0) if thicken else 0
    if radius:
        fine = _thicken(_fit(ink, BOX * FINE - 2 * radius), radius)
    scale = (BOX - 2 * radius / FINE) / max(ink.shape)
    row, column = _centre_of_mass(fine)
    return _place(fine, scale, top=MIDDLE - row, left=MIDDLE - column)


def frame_whole(ink: FloatArray) -> Framed:
    """Scale a whole picture to 28×28, with paper to both sides of one that is no square."""
    fine = _fit(ink, SIDE * FINE)
    height, width = fine.shape
    top, left = (SIDE * FINE - height) / 2, (SIDE * FINE - width) / 2
    return _place(fine, SIDE / max(ink.shape), top=top, left=left)


def _fit(ink: FloatArray, side: int) -> FloatArray:
    """Scale a picture so that its longer side has that many pixels."""
    height, width = ink.shape
    scale = side / max(ink.shape)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    method = Image.Resampling.BOX if scale < 1 else Image.Resampling.LANCZOS
    # what Image.fromarray and numpy.asarray do, in half the time
    image = Image.frombytes("F", (width, height), ink.tobytes()).resize(size, method)
    fitted = np.frombuffer(image.tobytes(), np.float32).reshape(image.height, image.width)
    return fitted if scale < 1 else fitted.clip(0, 1)  # an average stays between what it is of


def _thicken(fine: FloatArray, radius: int) -> FloatArray:
    """Widen every stroke to all sides, and the picture with it; cross and square in turn make an octagon."""
    for step in range(radius):
        fine = _strongest_of(padded(fine, 2), SQUARE if step % 2 else CROSS)
    return fine


def _strongest_of(wide: FloatArray, places: Sequence[tuple[int, int]]) -> FloatArray:
    """Give each pixel the strongest ink of those places around it; a pixel fewer remains at each edge."""
    height, width = wide.shape
    strongest: FloatArray = np.maximum.reduce(
        [wide[y : height - 2 + y, x : width - 2 + x] for y, x in places]
    )
    return strongest


def _centre_of_mass(picture: FloatArray) -> tuple[float, float]:
    """Return its row and column, counted from the middle of the first pixel."""
    rows, columns = np.add.reduce(picture, axis=1), np.add.reduce(picture, axis=0)
    mass = np.add.reduce(rows)
    return float(rows @ PLACES[: len(rows)] / mass), float(columns @ PLACES[: len(columns)] / mass)


def _place(fine: FloatArray, scale: float, *, top: float, left: float) -> Framed:
    """Put fine pixels into the frame, as near to that place as there is room, and average them."""
    height, width = fine.shape
    side = SIDE * FINE
    down, right = min(max(round(top), 0), side - height), min(max(round(left), 0), side - width)
    wide = np.zeros((side, side), np.float32)
    wide[down : down + height, right : right + width] = fine
    shift = ((right - (side - width) / 2) / FINE, (down - (side - height) / 2) / FINE)
    rows = np.add.reduce(wide.reshape(SIDE, FINE, side), axis=1)
    picture: FloatArray = rows @ AVERAGED  # a reduction over four neighbours takes five times as long
    return Framed(picture, scale, shift, fine)
