"""From one plane of grey to the 28×28 picture that MNIST would have made of the same digit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from service.imaging.border import without_border
from service.imaging.cells import Scene
from service.imaging.coarse import undo_enlargement
from service.imaging.decode import Picture
from service.imaging.dither import without_dither
from service.imaging.frame import SIDE, Framed, frame, frame_whole
from service.imaging.ink import Ink, read_ink, read_small_ink
from service.imaging.parts import Box
from service.imaging.preprocessing import Pixels
from service.imaging.ruling import without_ruling
from service.imaging.several import holds_several
from service.imaging.sheet import without_table
from service.imaging.untouched import as_it_is, as_they_are
from service.network import FloatArray

__all__ = ["Choice", "Normalized", "Step", "normalize", "normalize_alike", "unseen"]


class Choice(StrEnum):
    """Let the service decide, or tell it."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"


class Step(StrEnum):
    """What was done to a picture, in this order; an untouched image is spared all of it."""

    INK = "paper removed"
    BOX = "cut out"
    SCALED = "scaled"


NOWHERE = (0.0, 0.0)  # how far a picture is moved that is not

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
    bounding_box: Box | None
    scale: float
    shift: tuple[float, float]
    ink: float
    blank: bool
    several: bool


def unseen(_step: Step, _picture: FloatArray) -> None:
    """Let a step pass without looking."""


def normalize(
    picture: Picture,
    invert: Choice = Choice.AUTO,
    center: Choice = Choice.AUTO,
    saw: Callable[[Step, FloatArray], None] = unseen,
) -> Normalized:
    """Bring a picture to 28×28 pixels, ink on paper, in MNIST's frame.

    Args:
        picture: any size.
        invert: AUTO finds the paper by its border; YES says dark ink on light paper; NO light on dark.
        center: AUTO leaves an exact MNIST image untouched and frames anything else; YES always frames; NO
            scales the whole picture to 28×28 once the paper is removed, and leaves one untouched that has
            that size and a dark border.
        saw: shown the picture after each step that is taken, for whoever wants to look.
    """
    dark = DARK_INK[invert]
    scene = undo_enlargement(Scene(picture.grey), picture.size)
    grey = scene.grey
    if grey.shape == (SIDE, SIDE) and center is not Choice.YES:
        ink = as_it_is(grey, dark=dark, centred=center is Choice.AUTO)
        if ink is not None:
            return _normalized(picture.size, ink, _unscaled(ink.strength))
    scene = without_border(scene)
    small = max(grey.shape) < SIDE
    ink = (
        read_small_ink(scene, dark=dark)
        if small
        else read_ink(without_ruling(without_table(without_dither(scene))), dark=dark)
    )
    saw(Step.INK, ink.strength)
    if ink.box is None:
        return _normalized(picture.size, ink, _unscaled(np.zeros((SIDE, SIDE), np.float32)))
    left, top, right, bottom = ink.box
    drawn = ink.strength[top:bottom, left:right]
    saw(Step.BOX, drawn)
    framed = frame_whole(ink.strength) if center is Choice.NO else frame(drawn, thicken=not small)
    saw(Step.SCALED, framed.scaled)
    return _normalized(picture.size, ink, framed, several=holds_several(drawn))


def normalize_alike(
    greys: FloatArray, invert: Choice = Choice.AUTO, center: Choice = Choice.AUTO
) -> list[Normalized | None]:
    """Return, of each picture of MNIST's size, what normalize does where it leaves one untouched.

    Args:
        greys: (n, 28, 28) float32, 0 black to 1 white.
        invert: see normalize.
        center: AUTO or NO; see normalize.

    Returns:
        None in place of a picture that is to be framed.
    """
    strengths, dark, boxes = as_they_are(greys, dark=DARK_INK[invert], centred=center is Choice.AUTO)
    pixels = strengths.reshape(-1, SIDE * SIDE)
    sums = np.add.reduce(pixels, axis=1).tolist()
    return [
        None
        if box is None
        else Normalized(
            pixels=Pixels(row),
            inverted=inverted,
            bounding_box=box,
            scale=1.0,
            shift=NOWHERE,
            ink=total / len(row),
            blank=False,
            several=False,
        )
        for row, inverted, box, total in zip(pixels, dark, boxes, sums, strict=True)
    ]


def _unscaled(picture: FloatArray) -> Framed:
    """Frame a picture that has the frame's size, and leave it where it is."""
    return Framed(picture, 1.0, NOWHERE, picture)


def _normalized(size: tuple[int, int], ink: Ink, framed: Framed, *, several: bool = False) -> Normalized:
    return Normalized(
        pixels=Pixels(framed.picture.reshape(-1)),
        inverted=ink.dark,
        bounding_box=ink.box and _enlarged(ink.box, ink.strength.shape, size),
        scale=framed.scale / _factor(ink.strength.shape, size),
        shift=framed.shift,
        ink=float(np.add.reduce(framed.picture, axis=None)) / framed.picture.size,
        blank=ink.box is None,
        several=several,
    )


def _factor(shape: tuple[int, ...], size: tuple[int, int]) -> float:
    """Say by how much a picture of that shape, (height, width), is smaller than one of that size."""
    exact = max(size) / max(shape)
    return exact if max(shape) <= SIDE else np.ceil(exact)


def _enlarged(box: Box, shape: tuple[int, ...], size: tuple[int, int]) -> Box:
    width, height = size
    if shape == (height, width):
        return box
    factor = _factor(shape, size)
    left, top, right, bottom = (round(edge * factor) for edge in box)
    return left, top, min(right, width), min(bottom, height)
