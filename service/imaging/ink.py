"""From grey to ink: how much of it each pixel holds, whatever it is written on."""

from typing import NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from service.imaging.cells import Scene
from service.imaging.label import Label, label_in, note_in
from service.imaging.paper import beside_a_table, contrast, from_even_paper, from_lit_paper
from service.imaging.parts import Box, parts_of
from service.imaging.robust import median
from service.imaging.subject import SMALL_THRESHOLD, THRESHOLD, subject, without_light
from service.imaging.surface import plane_through
from service.network import FloatArray

__all__ = [
    "LONGEST",
    "SOLID",
    "Ink",
    "border_of",
    "box_of",
    "outline_of",
    "padded",
    "pen_width",
    "read_ink",
    "read_small_ink",
]

Scalar = TypeVar("Scalar", bound=np.generic)

SOLID = 0.5  # strength from which a pixel lies inside a stroke
FULL = 0.75  # of the strongest ink: from here on a stroke is as dark as it gets
FAINT = 0.04  # of the way from black to white: no pen leaves so little
GRAIN_PEAK = 6  # standard deviations: higher than the grain of a paper gets in 192 × 192 pixels
GRAIN_MOST = 0.2  # of the way from black to white: what rises higher is no grain, however rough the picture
CRISP = 18  # times the strongest ink, over the whole picture: so steep a stroke's edge is somewhere
CRISPER = 40  # the same of ink that is weaker than grain may be: shades of paper are soft
CRISPEST = 0.36  # times the strongest ink, from one cell to the next: no more is asked for
HAIR = 1.7  # pixels: a narrower line is read from the pixels around each as well
LARGE = 96  # pixels a side: on fewer no line is thinner than a pixel of what was sent
LONGEST = 10
"""Of an outline, in longer sides of the picture: 8.9 in MNIST's test digits at most, 11 and more in noise."""
WRITTEN = 0.35  # of a label's longer side: so large is what is written on it
BROADEST = 0.2  # of its longer side: a pen is no wider there, and a hole in a thick digit is
ONE = 0.85  # of it, at least, hangs together: an eight has two holes
WRITTEN_ON_NOTE = 0.2  # of a note's longer side: its corners tell that it is no thick digit
BROADEST_ON_NOTE = 0.3  # the same of a pen there, where what is written hangs together
ONE_ON_NOTE = 0.5  # of it, at least, hangs together there: a five's bar may lie apart, and noise is specks
EVERY = 4  # pixels to the next one that is looked at for the grain


class Ink(NamedTuple):
    """What is written in a picture.

    Attributes:
        strength: (height, width) float32, 0 paper to 1 ink.
        dark: true where the ink is darker than its paper.
        box: what the ink fills; None where nothing is written.
    """

    strength: FloatArray
    dark: bool
    box: Box | None


def read_ink(scene: Scene, *, dark: bool | None) -> Ink:
    """Find the ink on paper that may be uneven and rough, or on a label that lies on something else.

    Args:
        scene: the picture.
        dark: whether the ink is darker than its paper; None finds out.
    """
    found, is_plain = _departing(scene, dark=dark)
    label = None if found.box is None else label_in(found.strength > SOLID, found.box)
    if label is None and not is_plain:  # a note at the picture's edge was left out, or taken for light
        label = note_in(beside_a_table(scene), found.box)
    on_label = None if label is None else _written_on(label, scene.grey, dark=dark)
    return found if on_label is None else on_label


def _written_on(label: Label, grey: FloatArray, *, dark: bool | None) -> Ink | None:
    """Read what is written on a label; None where it is nothing of which a digit could be."""
    sheet = grey[label.place]
    seen = ~label.around
    if not seen.any():
        return None
    around = plane_through(sheet, seen) if label.is_note else np.float32(median(sheet[seen]))
    (strength, is_dark, box), _ = _departing(Scene(np.where(seen, sheet, around)), dark=dark)
    if box is None or not _is_writing(strength, box, is_note=label.is_note):
        return None
    whole = np.zeros(grey.shape, strength.dtype)
    whole[label.place] = strength
    down, across = (side.start for side in label.place)
    left, top, right, bottom = box
    return Ink(whole, is_dark, (left + across, top + down, right + across, bottom + down))


def _is_writing(strength: FloatArray, box: Box, *, is_note: bool) -> bool:
    """Say whether what is on a label is large, thin and in one piece; the holes of a thick digit are not."""
    left, top, right, bottom = box
    strokes = strength[top:bottom, left:right] > SOLID
    areas = parts_of(strokes).areas
    one = areas.max(initial=0) / max(areas.sum(), 1)
    least, broadest, least_in_one = WRITTEN, BROADEST, ONE
    if is_note:
        least, broadest = WRITTEN_ON_NOTE, BROADEST_ON_NOTE if one >= ONE else BROADEST
        least_in_one = ONE_ON_NOTE
    longer = max(strokes.shape)
    is_large_and_thin = longer >= least * max(strength.shape) and pen_width(strokes) <= broadest * longer
    return bool(is_large_and_thin and one >= least_in_one)


def _departing(scene: Scene, *, dark: bool | None) -> tuple[Ink, bool]:
    """Take for ink what departs from the paper to one side, and say whether that is all there is to see."""
    departure, is_explained = contrast(scene, dark=dark)
    if dark is None:  # paper departs from itself to both sides alike, ink to one
        some = departure[::EVERY]
        dark = bool(np.vdot(some * some, some) < 0)
    ink = -departure if dark else departure
    smooth = _smooth(ink)
    cells = _halved(smooth)
    kept = subject(cells)
    if kept is not None and not kept.any():  # light in a corner, or a digit so small that it seems to touch
        kept = subject(_off_the_edges(cells, ink))
    is_plain = is_explained and kept is None
    if kept is not None:
        height, width = smooth.shape
        whole = kept.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
        ink, smooth = ink * whole, smooth * whole
        cells = cells * kept
    strongest = float(cells.max())
    if strongest < GRAIN_MOST and strongest < _least_ink(smooth):
        return Ink(ink, dark, None), is_plain
    crisp = CRISPER if strongest < GRAIN_MOST else CRISP
    if _steepest(cells, kept) < strongest * min(crisp / max(cells.shape), CRISPEST):
        return Ink(ink, dark, None), is_plain
    strokes = cast("Box", box_of(cells > THRESHOLD * strongest))  # in which at least the strongest is
    left, top, right, bottom = (2 * edge for edge in strokes)
    around = slice(top, bottom), slice(left, right)  # elsewhere there is paper
    drawn, written = _drawn(ink[around], smooth[around], strongest, max(ink.shape))
    strength = np.zeros(ink.shape, ink.dtype)
    strength[around] = drawn
    inner = cast("Box", box_of(written))
    found = left + inner[0], top + inner[1], left + inner[2], top + inner[3]
    return Ink(strength, dark, found), is_plain


def _drawn(
    ink: FloatArray, smooth: FloatArray, strongest: float, side: int
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Put strokes on the scale of ink, and say which pixels they cover.

    Args:
        ink: (height, width).
        smooth: the same, each pixel averaged with its neighbours.
        strongest: of smooth.
        side: the longer one of the whole picture, in pixels.
    """
    written = smooth > THRESHOLD * strongest
    drawn = _strength(ink, strongest)
    if _is_hairline(drawn > SOLID, side):  # it falls onto one pixel or between two, and would be dashed
        drawn = _strength(smooth, median(smooth[written]))
    return drawn, written


def read_small_ink(scene: Scene, *, dark: bool | None) -> Ink:
    """Find the ink in a picture of few pixels, where every half tone counts.

    Args:
        scene: the picture.
        dark: whether the ink is darker than its paper; None finds out.
    """
    grey = scene.grey
    departure = from_even_paper(scene)
    if departure is None:
        departure = from_lit_paper(scene, is_cut=True)
    if departure is None:
        departure = grey - np.float32(median(border_of(grey)))
    if dark is None:
        dark = bool(departure.max() + departure.min() < 0)
    ink = np.maximum(-departure if dark else departure, 0)
    strongest = ink.max()
    if strongest < FAINT:
        return Ink(ink, dark, None)
    strength = without_light(ink / strongest)
    return Ink(strength, dark, box_of(strength > SMALL_THRESHOLD))


def border_of(picture: FloatArray) -> FloatArray:
    """Return the outermost pixels, corners twice: (2 height + 2 width,)."""
    return np.concatenate((picture[0], picture[-1], picture[:, 0], picture[:, -1]))


def box_of(mask: NDArray[np.bool_]) -> Box | None:
    """Return the smallest box around what is true; None where nothing is."""
    (columns,), (rows,) = (np.logical_or.reduce(mask, axis=axis).nonzero() for axis in (0, 1))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def outline_of(mask: NDArray[np.bool_]) -> int:
    """Count the steps between true and false along every row and column, beyond the edges all being false."""
    wide = padded(mask, 1)
    return int(np.count_nonzero(wide[1:] != wide[:-1]) + np.count_nonzero(wide[:, 1:] != wide[:, :-1]))


def pen_width(stroke: NDArray[np.bool_]) -> float:
    """Estimate how wide strokes are: a long stroke's area is half its outline times its width."""
    outline = outline_of(stroke) * np.pi / 4  # a slanted edge counts in both directions (Crofton's formula)
    return float(2 * np.count_nonzero(stroke) / max(outline, 1))


def padded(picture: NDArray[Scalar], margin: int) -> NDArray[Scalar]:
    """Lay a picture on paper that is larger by a margin all round."""
    height, width = picture.shape
    paper = np.zeros((height + 2 * margin, width + 2 * margin), picture.dtype)
    paper[margin:-margin, margin:-margin] = picture
    return paper


def _strength(ink: FloatArray, full: float) -> FloatArray:
    """Put ink on the scale from 0 paper to 1 ink, where a stroke has about as much as `full`."""
    strength = ink * np.float32(1 / (full * (FULL - THRESHOLD)))
    strength -= np.float32(THRESHOLD / (FULL - THRESHOLD))
    np.clip(strength, 0, 1, out=strength)
    return strength


def _is_hairline(ink: NDArray[np.bool_], side: int) -> bool:
    """Say whether ink is a line of less than two pixels on a page so large, and not the specks of noise."""
    return side >= LARGE and pen_width(ink) < HAIR and outline_of(ink) < LONGEST * side


def _smooth(picture: FloatArray) -> FloatArray:
    """Average each pixel with its neighbours, so that no single one of them counts as ink."""
    mean = _with_neighbours(_with_neighbours(picture).T).T
    mean *= np.float32(1 / 9)
    return mean


def _with_neighbours(rows: FloatArray) -> FloatArray:
    """Add to each row those before and after it; beyond the edges a picture goes on as it ends."""
    summed = np.empty_like(rows)
    np.add(rows[:-2], rows[2:], out=summed[1:-1])
    inner = min(1, len(rows) - 1)
    summed[0], summed[-1] = rows[0] + rows[inner], rows[-1] + rows[-1 - inner]
    summed += rows
    return summed


def _halved(picture: FloatArray) -> FloatArray:
    """Keep the strongest of each 2 × 2 pixels, so that no thin stroke is lost."""
    height, width = (length // 2 for length in picture.shape)
    rows = np.empty((-(-picture.shape[0] // 2), picture.shape[1]), picture.dtype)
    np.maximum(picture[:-1:2], picture[1::2], out=rows[:height])
    rows[height:] = picture[2 * height :]  # what has no partner
    cells = np.empty((len(rows), -(-picture.shape[1] // 2)), picture.dtype)
    np.maximum(rows[:, :-1:2], rows[:, 1::2], out=cells[:, :width])
    cells[:, width:] = rows[:, 2 * width :]
    return cells


def _off_the_edges(cells: FloatArray, ink: FloatArray) -> FloatArray:
    """Clear the cells along those edges at which no pixel holds ink, but some near it, which was averaged."""
    cleared, weak = cells.copy(), THRESHOLD * cells.max()
    for view, pixels in ((cleared, ink), (cleared.T, ink.T)):
        for end in (0, -1):
            if pixels[end].max() <= weak:
                view[end] = 0
    return cleared


def _steepest(cells: FloatArray, kept: NDArray[np.bool_] | None) -> float:
    """Say by how much the ink that is kept changes from a cell to the next, at most."""
    most = 0.0
    for view, chosen in ((cells, kept), (cells.T, None if kept is None else kept.T)):
        steps = np.abs(view[1:] - view[:-1])
        if chosen is not None:
            steps *= chosen[1:] & chosen[:-1]
        most = max(most, float(steps.max(initial=0)))
    return most


def _least_ink(smooth: FloatArray) -> float:
    """Say how strong something must be to be ink rather than the grain of the paper."""
    sample = smooth[::EVERY, ::EVERY]
    deviation = 1.4826 * median(np.abs(sample - median(sample)))  # of a normal distribution
    return max(FAINT, min(GRAIN_PEAK * deviation, GRAIN_MOST))
