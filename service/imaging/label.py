"""A label that was taken for ink: a note, a disc, a plate, a bubble, on which something is written.

Where what lies around it contrasts with it more than what is written does, the label itself departs from the
paper as ink would. But it fills its box as no digit does, and what is written lies whole in it.
"""

from typing import NamedTuple

import numpy as np

from service.imaging.parts import Box, Ints, Mask, parts_of

__all__ = ["Label", "label_in", "note_in"]

FILLED = 0.6  # of its box: so much a label covers that is written on
ASLANT = 0.75  # times that, at least, of the upright box, where a label lies aslant
ROUND = 0.74  # of its box, with what is written on it: an ellipse fills more
STRAIGHT = 0.85  # of a box that lies as it does: an ellipse fills less, a note more
CORNERS = 0.94  # of it: a digit fills less, unless its pen leaves no holes to look into
TURNS = np.deg2rad(np.arange(-25, 27.5, 2.5))[:, np.newaxis]  # a note is not laid down with care
SQUARE = 0.5  # of its longer side, at least: a label's shorter one
LEAST = 0.25  # of the picture's longer side
SMALLEST = 28  # pixels a side
RIM = 4  # pixels at its edge that are blended with what is around


class Label(NamedTuple):
    """Where a label lies.

    Attributes:
        place: its rows and columns in the picture.
        around: (height, width) of that place, true where the label is not, or is blended with what is around.
        is_note: whether it has four corners, as hardly a digit has.
    """

    place: tuple[slice, slice]
    around: Mask
    is_note: bool


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
    shorter, longer = _sides_aslant(parts.runs_of(number))
    own: float = around.size
    if covered < ROUND * own:
        own = shorter * longer
        if shorter < SQUARE * longer or covered < STRAIGHT * own:
            return None
    if np.count_nonzero(solid[place]) < FILLED * own:
        return None
    return Label(place, _wider(around), bool(covered >= CORNERS * shorter * longer))


def note_in(beside: Mask, box: Box | None) -> Label | None:
    """Find out whether the largest part of what lies on a table is a note, at the picture's edge or not.

    Args:
        beside: (height, width) of the picture, true where it departs from the table.
        box: what was taken for ink, and must lie on the note; None where nothing was.
    """
    parts = parts_of(beside)
    if not len(parts.areas):
        return None
    number = int(parts.areas.argmax())
    left, top, right, bottom = parts.boxes[:, number].tolist()
    if box is not None:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        if not (left < x < right and top < y < bottom):
            return None
    label = label_in(parts.mask_of(np.arange(len(parts.areas)) == number), (left, top, right, bottom))
    return label if label is not None and label.is_note else None


def _may_be(solid: Mask, longest: int) -> bool:
    """Say whether a label may fill this box, in a picture that is so long: most ink is thinner."""
    shortest = min(solid.shape)
    large = shortest >= max(SMALLEST, SQUARE * max(solid.shape), LEAST * longest)
    return large and bool(np.count_nonzero(solid) >= ASLANT * FILLED * solid.size)


def _sides_aslant(runs: Ints) -> tuple[float, float]:
    """Measure the smallest box around a part that may lie turned a little: its shorter and its longer side.

    Args:
        runs: of the part; see Parts.
    """
    rows, starts, ends = runs
    x, y = np.concatenate((starts, ends)), np.concatenate((rows, rows)) + 0.5
    turned = np.cos(TURNS) * x + np.sin(TURNS) * y, np.cos(TURNS) * y - np.sin(TURNS) * x
    sides = np.ptp(turned, axis=2)  # (2, turns)
    shorter, longer = np.sort(sides[:, sides.prod(axis=0).argmin()]).tolist()
    return shorter, longer


def _wider(around: Mask) -> Mask:
    """Take what lies within the rim of a label for what is around it; so is all beyond the picture."""
    wide = np.pad(around, RIM, constant_values=True)
    for axis in (0, 1):
        steps = range(-RIM, RIM + 1)
        wide = np.logical_or.reduce([np.roll(wide, step, axis) for step in steps])
    wider: Mask = wide[RIM:-RIM, RIM:-RIM]
    return wider
