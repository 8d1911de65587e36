"""What of the ink is the digit: light, frames, lines, holes and specks around it are told apart from it."""

import numpy as np

from service.imaging.parts import Ints, Mask, Parts, parts_of
from service.imaging.shapes import dots, frames, light, lines, printed_boxes
from service.imaging.standing import lines_stood_on
from service.network import FloatArray

__all__ = ["SMALL_THRESHOLD", "THRESHOLD", "subject", "without_light"]

THRESHOLD = 0.25  # of the strongest ink: what is weaker is a shade of the paper
SMALL_THRESHOLD = 0.1  # the same in a picture of few pixels, which are clean and hold half tones
ROUNDS = 4  # what is left out may have outshone the rest
MOST = 200  # parts: so many are a swarm, in which nothing stands out

LARGE = 0.12  # of the picture's longer side: a digit is no smaller where other things are left out
DOT = 0.15  # of the picture's longer side: a dot is smaller
SPECK = 0.06  # of the digit's own area, and more: less is a crumb
NEAR = 0.25  # of the digit's longer side: what is farther off belongs to it only where it is as large
ALIKE = 0.6  # of the digit's longer side: so large is a second digit
FLAT = 0.25  # of its own width, at most: printed words, and an underline
UNDER = 0.75  # of the digit's width, at least: an underline
LONG = 2  # times its shorter side, at most: for so long a picture counts
LONGER = 1.15  # times the digit's longer side: a line beside it that is no longer may be a one
APART = 0.08  # of the digit's longer side, between it and a dot that is not its own
OUTWEIGHED = 3  # times its area: so much ink at all four edges is the digit, and this is a piece of it


def subject(cells: FloatArray) -> Mask | None:
    """Find the ink of the digit, or of the digits: (height, width), true there; None where all ink is.

    Left out are, beside a digit that lies whole in the picture: what reaches the picture's edge, a frame
    around the digit, lines, dots, specks, and what is small and far off. Where no digit lies whole in the
    picture, as in one that is cut to its ink, all is kept but light, lines and dots.

    Args:
        cells: (height, width), 0 where there is no ink.
    """
    left_out, least = None, THRESHOLD * cells.max()
    for _ in range(ROUNDS):
        out = _beside(cells > THRESHOLD * cells.max())
        if out is None:
            break
        left_out = out if left_out is None else left_out | out
        cells = np.where(left_out, 0, cells)
        if cells.max() <= least:  # only the fringe of what was left out remains
            return np.zeros(cells.shape, bool)
    return None if left_out is None else ~left_out


def without_light(cells: FloatArray) -> FloatArray:
    """Leave out what comes in along the edges of a picture of few pixels, where ink may lie anywhere."""
    parts = parts_of(cells > SMALL_THRESHOLD * cells.max())
    if len(parts.areas) > MOST or not (lit := light(parts)).any():
        return cells
    return cells * ~_widened(parts.mask_of(lit))


def _beside(mask: Mask) -> Mask | None:
    """Draw what is not the digit, and a cell around it; None where all is."""
    parts = parts_of(mask)
    if not 0 < len(parts.areas) <= MOST:
        return None
    around = frames(parts)
    boxes = printed_boxes(parts, around)
    if boxes is not None:
        return _widened(boxes & mask)
    stood_on = lines_stood_on(parts)
    if stood_on is not None:
        return _widened(stood_on) & (stood_on | ~mask)
    chosen = _chosen(parts, around)
    if chosen.all():
        return None
    return _widened(parts.mask_of(~chosen)) & ~parts.mask_of(chosen)


def _chosen(parts: Parts, around: Mask) -> Mask:
    """Choose the parts that are the digit: (n,); around says which are frames."""
    at_edge: Mask = np.logical_or.reduce(parts.edges)
    if len(at_edge) == 1 and not at_edge[0]:
        return ~at_edge
    longer = np.maximum(parts.widths, parts.heights)
    longest = min(max(parts.shape), LONG * min(parts.shape))  # a digit in a strip is no dot
    small_dots = dots(parts) & (longer < DOT * longest)
    straight = lines(parts)
    whole = ~at_edge & ~around
    large = whole & ~small_dots & ~straight & (longer >= LARGE * longest)
    if not large.any():
        if np.count_nonzero(straight) == 1:  # a one, unless it goes from edge to edge
            through = (parts.edges[:2] & parts.edges[2:]).any(axis=0)
            straight &= through & ~parts.edges.all(axis=0)
        return ~(light(parts) | small_dots | straight)
    main = int(np.where(large, parts.areas, 0).argmax())
    whole &= ~(straight & (longer > LONGER * longer[main]))
    whole &= ~_underlines(parts, main)
    cut = at_edge & ~light(parts)
    if parts.areas[cut].sum() > OUTWEIGHED * parts.areas[main] and parts.edges[:, cut].any(axis=1).all():
        return cut | ~at_edge
    chosen: Mask = whole & _belongs(parts, main, longer)
    return chosen


def _underlines(parts: Parts, main: int) -> Mask:
    """Tell what is drawn across below the main part, and is no second digit: (n,)."""
    flat = _flat(parts)
    wide = parts.widths >= UNDER * parts.widths[main]
    below = parts.boxes[1] >= parts.boxes[3, main]
    stands = parts.heights[main] >= ALIKE * parts.widths[main]
    under: Mask = flat & wide & below & stands
    return under


def _flat(parts: Parts) -> Mask:
    """Tell what lies flat: (n,)."""
    flat: Mask = parts.heights <= FLAT * parts.widths
    return flat


def _belongs(parts: Parts, main: int, longer: Ints) -> Mask:
    """Tell which parts belong to the main one, or are as large and no words: (n,)."""
    left, top, right, bottom = parts.boxes
    side = longer[main]
    gaps = np.maximum.reduce(
        [left - right[main], left[main] - right, top - bottom[main], top[main] - bottom]
    )  # negative where they overlap
    own = (parts.areas > SPECK * parts.areas[main]) & (gaps <= NEAR * side)
    own &= ~(dots(parts) & (gaps > APART * side))
    belongs: Mask = own | ((longer >= ALIKE * side) & ~_flat(parts))
    return belongs


def _widened(mask: Mask) -> Mask:
    """Widen by a cell to all sides."""
    wide = np.pad(mask, 1)
    rows = wide[:-2] | wide[1:-1] | wide[2:]
    widened: Mask = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
    return widened
