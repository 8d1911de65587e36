"""Pictures of MNIST's size that may be MNIST's own: seen as they are, one or any number at a time.

Of one picture most numbers are plain ones, which takes half as long.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.imaging.frame import CENTRE, SIDE
from service.imaging.ink import Ink
from service.imaging.parts import Box
from service.imaging.subject import THRESHOLD
from service.network import FloatArray

__all__ = ["as_it_is", "as_they_are", "ends"]

MIDDLE_GREY = 0.5
DARK = 0.1  # what a frame's paper does not exceed
LIGHT = 0.5  # what the ink of a framed digit exceeds somewhere
NEAR_CENTRE = 1.6  # pixels
TALL, TALLEST = 17, 21  # pixels along a digit's longer side: MNIST's have 18 to 20

PIXELS = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
BORDER = np.concatenate((PIXELS[0], PIXELS[-1], PIXELS[:, 0], PIXELS[:, -1]))  # corners twice
HALF = len(BORDER) // 2
MOMENTS = np.stack(
    [np.ones(SIDE * SIDE), *(axis.reshape(-1) - CENTRE for axis in np.divmod(PIXELS, SIDE))], axis=1
)
"""(784, 3): what sums up ink, and its rows and columns, counted from where the middle of a digit is."""


def as_it_is(grey: FloatArray, *, dark: bool | None, centred: bool) -> Ink | None:
    """Take white for ink, or black where most of the border is light.

    Args:
        grey: (28, 28), 0 black to 1 white.
        dark: whether the ink is darker than its paper; None finds out.
        centred: whether the ink must lie in the middle.

    Returns:
        None where it is not light ink on a dark frame, or where asked, smaller or larger than MNIST's or
        not in the middle of it.
    """
    if dark is None:
        dark = bool(np.count_nonzero(grey.reshape(-1).take(BORDER) > MIDDLE_GREY) > HALF)
    strength = 1 - grey if dark else grey
    pixels = strength.reshape(-1)
    if np.count_nonzero(pixels.take(BORDER) <= DARK) <= HALF or np.maximum.reduce(pixels) < LIGHT:
        return None
    columns, rows = np.maximum.reduce(strength, 0), np.maximum.reduce(strength, 1)
    if centred:
        mass, down, across = (pixels @ MOMENTS).tolist()
        if down * down + across * across > (NEAR_CENTRE * mass) ** 2:
            return None
        (top, bottom), (left, right) = _span(rows > DARK), _span(columns > DARK)
        if not TALL <= max(bottom - top, right - left) <= TALLEST:
            return None
    (left, right), (top, bottom) = _span(columns > THRESHOLD), _span(rows > THRESHOLD)
    return Ink(strength, dark, (left, top, right, bottom))


def _span(found: NDArray[np.bool_]) -> tuple[int, int]:
    """Return where what is true begins, and where it ends, exclusive."""
    (places,) = found.nonzero()
    return int(places[0]), int(places[-1]) + 1


class Inks(NamedTuple):
    """What is written in many pictures, each entry as in Ink.

    Attributes:
        strengths: (n, 28, 28) float32.
        dark: of each, whether the ink is darker than its paper.
        boxes: what the ink of each fills; None where as_it_is would return nothing.
    """

    strengths: FloatArray
    dark: list[bool]
    boxes: list[Box | None]


def as_they_are(greys: FloatArray, *, dark: bool | None, centred: bool) -> Inks:
    """Return of each of many pictures, (n, 28, 28), what as_it_is does of one."""
    strengths, borders = greys, _borders(greys)
    inverted = _mostly(borders > MIDDLE_GREY) if dark is None else np.full(len(greys), dark)
    if inverted.any():
        strengths = greys.copy()
        strengths[inverted] = 1 - greys[inverted]
        borders = _borders(strengths)
    sides = np.array([np.maximum.reduce(strengths, axis=axis) for axis in (1, 2)])  # (2, n, 28): of x, of y
    framed = _mostly(borders <= DARK) & (np.maximum.reduce(sides[0], axis=1) >= LIGHT)
    if centred:
        framed &= _are_centred(strengths) & _are_as_large(sides)
    (left, top), (right, bottom) = (places.tolist() for places in ends(sides > THRESHOLD))
    boxes = zip(left, top, right, bottom, strict=True)
    found = [box if is_framed else None for box, is_framed in zip(boxes, framed.tolist(), strict=True)]
    return Inks(strengths, inverted.tolist(), found)


def _borders(pictures: FloatArray) -> FloatArray:
    """Return the outermost pixels of each picture: (n, 112)."""
    borders: FloatArray = pictures.reshape(-1, SIDE * SIDE).take(BORDER, axis=1)
    return borders


def _mostly(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say of each border, (n, 112), whether more than half of it is so."""
    mostly: NDArray[np.bool_] = np.add.reduce(found, axis=1) > HALF
    return mostly


def _are_centred(strengths: FloatArray) -> NDArray[np.bool_]:
    """Say of each picture whether its centre of mass is near the middle."""
    mass, down, across = (strengths.reshape(-1, SIDE * SIDE) @ MOMENTS).T
    near = NEAR_CENTRE * mass
    centred: NDArray[np.bool_] = down * down + across * across <= near * near
    return centred


def _are_as_large(sides: FloatArray) -> NDArray[np.bool_]:
    """Say of each picture, whose strongest ink is that in each column and row, whether it is as large."""
    first, last = ends(sides > DARK)
    longer = np.maximum.reduce(last - first, axis=0)
    as_large: NDArray[np.bool_] = (longer >= TALL) & (longer <= TALLEST)
    return as_large


def ends(found: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where what is true begins along the last axis, (…, 28) → (…), and where it ends, exclusive."""
    return found.argmax(axis=-1), SIDE - found[..., ::-1].argmax(axis=-1)
