"""A label that was taken for ink: a note, a disc, a plate, a bubble, on which something is written.

Where what lies around it contrasts with it more than what is written does, the label itself departs from the
paper as ink would. But it fills its box as no digit does, and what is written lies whole in it.
"""

from typing import NamedTuple

import numpy as np

from service.imaging.parts import Box, Ints, Mask, parts_of

__all__ = ["Label", "label_in"]

FILLED = 0.6  # of its box: so much a label covers that is written on
ASLANT = 0.75  # times that, at least, of the upright box, where a label lies aslant
ROUND = 0.74  # of its box, with what is written on it: an ellipse fills more
STRAIGHT = 0.85  # of a box that lies as it does: an ellipse fills less, a note more
TURNS = np.deg2rad(np.arange(-25, 30, 5))[:, np.newaxis]  # a note is not laid down with care
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
    if not _may_be(solid[place], max(solid.shape)):
        return None
    parts = parts_of(solid[place])
    number = int(parts.areas.argmax())
    sheet = parts.mask_of(np.arange(len(parts.areas)) == number)
    gaps = parts_of(~np.pad(sheet, 1))
    around = gaps.mask_of(np.logical_or.reduce(gaps.edges))[1:-1, 1:-1]
    covered = around.size - around.sum()
    own = around.size if covered >= ROUND * around.size else _box_aslant(parts.runs_of(number), covered)
    if own is None or np.count_nonzero(solid[place]) < FILLED * own:
        return None
    return Label(place, _wider(around))


def _may_be(solid: Mask, longest: int) -> bool:
    """Say whether a label may fill this box, in a picture that is so long: most ink is thinner."""
    shortest = min(solid.shape)
    large = shortest >= max(SMALLEST, SQUARE * max(solid.shape), LEAST * longest)
    return large and bool(np.count_nonzero(solid) >= ASLANT * FILLED * solid.size)


def _box_aslant(runs: Ints, covered: int) -> float | None:
    """Measure the box along a sheet with straight sides that lies turned a little; None where it is no such.

    Args:
        runs: of the part that may be a sheet; see Parts.
        covered: pixels of it and of its holes.
    """
    rows, starts, ends = runs
    x, y = np.concatenate((starts, ends)), np.concatenate((rows, rows)) + 0.5
    turned = np.cos(TURNS) * x + np.sin(TURNS) * y, np.cos(TURNS) * y - np.sin(TURNS) * x
    sides = np.ptp(turned, axis=2)  # (2, turns)
    shorter, longer = np.sort(sides[:, sides.prod(axis=0).argmin()]).tolist()
    is_sheet = shorter >= SQUARE * longer and covered >= STRAIGHT * shorter * longer
    return shorter * longer if is_sheet else None


def _wider(around: Mask) -> Mask:
    """Take what lies within the rim of a label for what is around it; so is all beyond the picture."""
    wide = np.pad(around, RIM, constant_values=True)
    for axis in (0, 1):
        steps = range(-RIM, RIM + 1)
        wide = np.logical_or.reduce([np.roll(wide, step, axis) for step in steps])
    wider: Mask = wide[RIM:-RIM, RIM:-RIM]
    return wider
