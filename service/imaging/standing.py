"""The line that a digit stands on, as forms print one for an answer: it ends before the picture does."""

import numpy as np

from service.imaging.parts import Mask, Parts

__all__ = ["lines_stood_on"]

WIDE = 1.2  # times the height of what stands on it, at least, the line is long: a one's foot is shorter
SHORTEST = 0.15  # of the picture's longer side, at least, the line is long
WING = 0.1  # of the line's length, at least, that it goes on to either side
THIN = 0.06  # of the line's length: it is no thicker
FEWEST = 2  # columns, at least, that it goes on for
LEAST = 3  # cells: a thinner one may always be a line
ROUGH = 1  # cells that its thickness or its middle departs from that of a straight line, at most
STEEPEST = 0.06  # rows for each column: as for ruling
DEEPEST = 0.25  # of the height of what stands on it, at most, that lies below it
LOW = 3  # times its thickness, at most, is what stands on no line


def lines_stood_on(parts: Parts) -> Mask | None:
    """Draw the thin straight lines on which something stands: (height, width); None where none is.

    Where what stands on one meets it, the line is kept.
    """
    wide = (parts.widths >= WIDE * parts.heights) & (parts.widths >= SHORTEST * max(parts.shape))
    drawn = np.zeros(parts.shape, bool)
    for number in np.flatnonzero(wide).tolist():  # of digits hardly any is so wide
        left, top, right, bottom = parts.boxes[:, number]
        part = parts.mask_of(np.arange(len(parts.areas)) == number)[top:bottom, left:right]
        line = _line(part)
        if line is not None:
            drawn[top:bottom, left:right] |= line
    return drawn if drawn.any() else None


def _line(part: Mask) -> Mask | None:
    """Draw the line on which a part stands; None where it stands on none."""
    height, width = part.shape
    wing = max(round(WING * width), FEWEST)
    tops, bottoms = part.argmax(axis=0), height - part[::-1].argmax(axis=0)
    thick = bottoms - tops
    line_thick = np.median(np.concatenate((thick[:wing], thick[-wing:])))
    stands = np.flatnonzero(thick > line_thick + ROUGH)
    if line_thick > max(THIN * width, LEAST) or not len(stands):
        return None
    first, last = int(stands[0]), int(stands[-1]) + 1
    if min(first, width - last) < wing:
        return None
    columns = np.concatenate((np.arange(first), np.arange(last, width)))
    middles = (tops + bottoms - 1)[columns] / 2
    slope, start = np.polyfit(columns, middles, 1)
    if abs(slope) > STEEPEST or np.abs(middles - slope * columns - start).max() > ROUGH:
        return None
    rows = np.arange(height)[:, np.newaxis] - np.rint(slope * np.arange(width) + start)
    reach = (line_thick + 1) // 2
    above, below = -rows[0, first:last].min(), rows[-1, first:last].max()
    if above < LOW * line_thick or below > DEEPEST * above:
        return None
    met = (part & (np.abs(rows) == reach + 1)).any(axis=0)
    line: Mask = part & (np.abs(rows) <= reach) & ~met
    return line
