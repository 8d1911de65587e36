"""From one plane of grey to the 28×28 picture that MNIST would have made of the same digit."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from service.imaging.decode import Picture
from service.imaging.frame import SIDE, Framed, frame, frame_whole, is_framed
from service.imaging.ink import THRESHOLD, Box, Ink, border_of, box_of, read_ink, read_small_ink
from service.imaging.preprocessing import Pixels
from service.imaging.several import holds_several
from service.network import FloatArray

__all__ = ["Choice", "Normalized", "normalize"]


class Choice(StrEnum):
    """Let the service decide, or tell it."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"


MIDDLE_GREY = 0.5

DARK_INK: Mapping[Choice, bool | None] = MappingProxyType(
    {Choice.AUTO: None, Choice.YES: True, Choice.NO: False}
)


@dataclass(frozen=True, slots=True, eq=False)
class Normalized:
    """A picture as a network reads it, and what was done to it.

    Attributes:
        pixels: (784,) float32, 0 paper to 1 ink; all 0 where there is no ink.
        inverted: true when the upload was dark ink on light paper.
        bounding_box: left, top, right, bottom of the ink in pixels of the upright upload, right and bottom
            exclusive; None where there is no ink.
        scale: pixels of the result for each pixel of the upload; 1 for an untouched image and a blank one.
        shift: by how many pixels of the result (right, down) the ink was moved after scaling to come to
            rest with its centre of mass in the centre.
        ink: the mean of pixels, 0..1.
        blank: true when there is no ink at all.
        several: true when there is more than one thing in the picture: two beside each other with a gap, or
            the many specks that noise consists of; never in an untouched image.
    """

    pixels: Pixels
    inverted: bool
    bounding_box: tuple[int, int, int, int] | None
    scale: float
    shift: tuple[float, float]
    ink: float
    blank: bool
    several: bool


def normalize(picture: Picture, invert: Choice = Choice.AUTO, center: Choice = Choice.AUTO) -> Normalized:
    """Bring a picture to 28×28 pixels, ink on paper, in MNIST's frame.

    Args:
        picture: any size.
        invert: AUTO finds the paper by its border; YES says dark ink on light paper; NO light on dark.
        center: AUTO leaves an exact MNIST image untouched and frames anything else; YES always frames; NO
            scales the whole picture to 28×28 once the paper is removed, and leaves one untouched that has
            that size and a dark border.
    """
    dark = DARK_INK[invert]
    if picture.grey.shape == (SIDE, SIDE) and center is not Choice.YES:
        ink = _as_it_is(picture.grey, dark=dark)
        if is_framed(ink.strength, centred=center is Choice.AUTO):
            return _normalized(picture, ink, Framed(ink.strength, 1.0, (0.0, 0.0)))
    small = max(picture.grey.shape) < SIDE
    ink = (read_small_ink if small else read_ink)(picture.grey, dark=dark)
    if ink.box is None:
        return _normalized(picture, ink, Framed(np.zeros((SIDE, SIDE), np.float32), 1.0, (0.0, 0.0)))
    left, top, right, bottom = ink.box
    drawn = ink.strength[top:bottom, left:right]
    framed = frame_whole(ink.strength) if center is Choice.NO else frame(drawn, thicken=not small)
    return _normalized(picture, ink, framed, several=holds_several(drawn))


def _as_it_is(grey: FloatArray, *, dark: bool | None) -> Ink:
    """Take white for ink, or black where most of the border is light."""
    if dark is None:
        border = border_of(grey)
        dark = bool(2 * np.count_nonzero(border > MIDDLE_GREY) > len(border))
    strength = 1 - grey if dark else grey
    return Ink(strength, dark, box_of(strength > THRESHOLD))


def _normalized(picture: Picture, ink: Ink, framed: Framed, *, several: bool = False) -> Normalized:
    factor = -(-max(picture.size) // max(picture.grey.shape))  # by which decoding reduced it
    return Normalized(
        pixels=Pixels(framed.picture.reshape(-1)),
        inverted=ink.dark,
        bounding_box=ink.box and _enlarged(ink.box, factor, picture.size),
        scale=framed.scale / factor,
        shift=framed.shift,
        ink=float(framed.picture.mean()),
        blank=ink.box is None,
        several=several,
    )


def _enlarged(box: Box, factor: int, size: tuple[int, int]) -> Box:
    left, top, right, bottom = (edge * factor for edge in box)
    width, height = size
    return left, top, min(right, width), min(bottom, height)
