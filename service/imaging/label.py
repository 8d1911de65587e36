"""A label that was taken for ink: a note, a disc, a plate, a bubble, on which something is written.

Where what lies around it contrasts with it more than what is written does, the label itself departs from the
paper as ink would. But it fills its box as no digit does, and what is written lies whole in it.
"""

from typing import NamedTuple

import numpy as np

from service.imaging.parts import Box, Mask, parts_of

__all__ = ["Label", "label_in"]

FILLED = 0.6  # of its box: so much a label covers that is written on
ROUND = 0.74  # of its box, with what is written on it: an ellipse fills more
SQUARE = 0.5  # of its longer side, at least: a label's shorter one
LEAST = 0.25  # of the picture's longer side
SMALLEST = 28  # pixels a side
RIM = 4  # pixels at its edge that are blended with what is around


class Label(NamedTuple):
    """Where a label lies.

    Attributes:
        place: its rows and columns in the picture.
        around: (height, width) of that place, true where the label is not, or is blended with what is around.
    """

    place: tuple[slice, slice]
    around: Mask


def label_in(solid: Mask, box: Box) -> Label | None:
    """Find out whether what was taken for ink is a label.

    Args:
        solid: (height, width) of the picture, true inside of strokes.
        box: what the ink fills: left, top, right, bottom.
    """
    left, top, right, bottom = box
    place = slice(top, bottom), slice(left, right)
    shape = bottom - top, right - left
    if not _may_be(solid[place], max(solid.shape)):
        return None
    parts = parts_of(solid[place])
    sheet = parts.mask_of(np.arange(len(parts.areas)) == parts.areas.argmax())
    gaps = parts_of(~np.pad(sheet, 1))
    around = gaps.mask_of(np.logical_or.reduce(gaps.edges))[1:-1, 1:-1]
    if around.sum() > (1 - ROUND) * shape[0] * shape[1]:
        return None
    return Label(place, _wider(around))


def _may_be(solid: Mask, longest: int) -> bool:
    """Say whether a label may fill this box, in a picture that is so long: most ink is thinner."""
    shortest = min(solid.shape)
    large = shortest >= max(SMALLEST, SQUARE * max(solid.shape), LEAST * longest)
    return large and bool(np.count_nonzero(solid) >= FILLED * solid.size)


def _wider(around: Mask) -> Mask:
    """Take what lies within the rim of a label for what is around it; so is all beyond the picture."""
    wide = np.pad(around, RIM, constant_values=True)
    for axis in (0, 1):
        steps = range(-RIM, RIM + 1)
        wide = np.logical_or.reduce([np.roll(wide, step, axis) for step in steps])
    wider: Mask = wide[RIM:-RIM, RIM:-RIM]
    return wider
