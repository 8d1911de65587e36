"""Pictures of MNIST's size that may be MNIST's own: seen as they are, any number at a time."""

import numpy as np
from numpy.typing import NDArray

from service.imaging.frame import are_framed
from service.imaging.ink import THRESHOLD, Box, Ink, borders_of
from service.network import FloatArray

__all__ = ["as_they_are"]

MIDDLE_GREY = 0.5


def as_they_are(greys: FloatArray, *, dark: bool | None, centred: bool) -> list[Ink | None]:
    """Take white for ink, or black where most of the border is light.

    Args:
        greys: (n, 28, 28), 0 black to 1 white.
        dark: whether the ink is darker than its paper; None finds out.
        centred: whether the ink must lie in the middle.

    Returns:
        of each, None where it is not framed as MNIST's images are.
    """
    inverted = _are_dark(greys) if dark is None else np.full(len(greys), dark)
    strengths = np.abs(inverted[:, np.newaxis, np.newaxis] - greys)
    framed = are_framed(strengths, centred=centred)
    if not framed.any():
        return [None] * len(greys)
    boxes = _boxes_of(strengths > THRESHOLD)
    return [
        Ink(strength, is_dark, box) if is_framed else None
        for strength, is_dark, box, is_framed in zip(
            strengths, inverted.tolist(), boxes, framed.tolist(), strict=True
        )
    ]


def _are_dark(greys: FloatArray) -> NDArray[np.bool_]:
    borders = borders_of(greys)
    dark: NDArray[np.bool_] = 2 * np.add.reduce(borders > MIDDLE_GREY, axis=1) > borders.shape[1]
    return dark


def _boxes_of(masks: NDArray[np.bool_]) -> list[Box]:
    """Return the smallest box around what is true in each mask, (n, height, width), in which something is."""
    rows, columns = np.logical_or.reduce(masks, axis=2), np.logical_or.reduce(masks, axis=1)
    _, height, width = masks.shape
    left, top = columns.argmax(axis=1), rows.argmax(axis=1)
    right, bottom = width - columns[:, ::-1].argmax(axis=1), height - rows[:, ::-1].argmax(axis=1)
    return list(zip(left.tolist(), top.tolist(), right.tolist(), bottom.tolist(), strict=True))
