"""The paper behind the ink: what a picture would show if nothing were written on it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.imaging.cells import Scene, border_mask
from service.imaging.parts import pieces_less_holes
from service.imaging.robust import median
from service.imaging.subject import subject
from service.imaging.surface import NEAR, Samples, fit, fit_among_ink, heights, sampled
from service.network import FloatArray

__all__ = ["Contrast", "beside_a_table", "contrast", "from_even_paper", "from_lit_paper"]

EVEN = 0.9  # of the border, at least, is the same grey where the paper is even
EVEN_BUT_FOR_INK = 0.75  # the same where the rest departs to one side, as ink does that touches the edge
NEAR_SURFACE = 0.12  # of the picture's own range: what departs less from a surface is paper
EVEN_SURFACE = 0.97  # of the border, at least, lies near the surface
LIT = 0.9  # of the border, at least, lies near a plane
LIT_AMONG_INK = 0.5  # the same where ink is cut off
MORE = 0.2  # of the border: so much more of it lies near the plane than near one grey
OTHER = 0.05  # of what departs from it, at most, does so to the other side
CUT = 0.8  # of the picture's own range: the border spans so much of it where the ink is cut off
SURE = 0.25  # of the border, beyond half of it: so much is paper, however few pieces it has
TONE = 0.2  # of the way from one tone to the other
TWO_TONES = 0.8  # of a picture, at least, has one of two tones
THIRD_TONE = 0.01  # of a picture, at most, is darker than the dark tone, or lighter than the light one
A_PIECE = 0.2  # of the border: one piece more than the rest has tells as much
MOST = 0.8  # of a picture, at least: no digit covers so much of its box, but for a one, which is narrow
NARROW = 0.5  # of the longer side: so narrow a one's box is
ROUGHER = 4  # times: so much less even is what remains where ink was taken for paper, and paper for ink
LIKELIER = 2  # times: what has shadows on it is lit, and more often paper than a screen or a board
DARKEST = np.float32(0.1)  # of the way from black to white: paper is never taken to be darker
WIDER_THAN_A_PEN = 0.2  # of the longer side
TABLE = 0.65  # of the border, at least, lies near a plane that is the table
BESIDE = np.float32(0.35)  # of the strongest departure from it, at least, is what lies on the table


class Contrast(NamedTuple):
    """How a picture departs from its paper.

    Attributes:
        departure: (height, width) float32, negative where the picture is darker.
        is_explained: whether the paper is one grey, a surface or of two tones, and not whatever is wide.
    """

    departure: FloatArray
    is_explained: bool


def contrast(scene: Scene, *, dark: bool | None = None) -> Contrast:
    """Take the paper away.

    The paper is the first of these that explains the picture's border: one grey; a surface of second degree,
    which is light from one side or dark corners; one grey, but for some ink that touches the edge; where more
    of it is cut off at the border, one of two tones; a plane, but for where the ink is; and else whatever is
    wider than a pen, which follows the edge of any shadow. Where the light is uneven, ink that is darker than
    its paper departs by its share of it.

    Args:
        scene: the picture.
        dark: whether the ink is darker than its paper; None finds out where that matters.
    """
    departure = from_even_paper(scene)
    if departure is None:
        cells = scene.cells
        is_cut = bool(np.ptp(cells[border_mask(*cells.shape)]) >= CUT * scene.span)
        tone = _tone(cells, dark=dark) if is_cut else None
        departure = from_lit_paper(scene, is_cut=is_cut) if tone is None else scene.grey - tone
    if departure is None:
        return Contrast(_beyond_a_pen(scene, dark=dark), is_explained=False)
    return Contrast(departure, is_explained=True)


def from_even_paper(scene: Scene) -> FloatArray | None:
    """Take away one grey, or a surface of second degree; None where neither explains the picture's border.

    One grey may leave a quarter of it unexplained where that departs to one side, as a digit does that
    touches the edge; but a surface is tried before, since light may do the same.
    """
    samples = sampled(scene)
    greys, (border, terms, _) = samples
    level = np.float32(median(greys[border]))
    departure = greys[border] - level
    even = _share(np.abs(departure) <= NEAR)
    if even >= EVEN:
        return scene.grey - level
    surface = fit(samples)
    if _share(np.abs(greys - surface @ terms)[border] <= _near_surface(samples)) >= EVEN_SURFACE:
        return _relative(scene.grey, heights(surface, *scene.grey.shape))
    one_sided = departure.max() <= NEAR or departure.min() >= -NEAR
    return scene.grey - level if even >= EVEN_BUT_FOR_INK and one_sided else None


def from_lit_paper(scene: Scene, *, is_cut: bool) -> FloatArray | None:
    """Take away a plane that explains the border but for where the ink is; None where none does.

    All that departs from it, inside as well, must do so to one side, as ink does.

    Args:
        scene: the picture.
        is_cut: whether much of the border may be ink; the plane must then explain more of it than one grey.
    """
    samples = sampled(scene)
    greys, (border, terms, _) = samples
    near = _near_surface(samples)
    plane = fit_among_ink(samples, near)
    departure = greys - plane @ terms
    explained = _share(np.abs(departure[border]) <= near)
    by_one_grey = _share(np.abs(greys[border] - np.float32(median(greys[border]))) <= near)
    if explained < (max(LIT_AMONG_INK, by_one_grey + MORE) if is_cut else LIT):
        return None
    darker, lighter = np.count_nonzero(departure < -near), np.count_nonzero(departure > near)
    if min(darker, lighter) > OTHER * (darker + lighter):
        return None
    return _relative(scene.grey, heights(plane, *scene.grey.shape))


def beside_a_table(scene: Scene) -> NDArray[np.bool_]:
    """Draw what departs much from a plane that explains two thirds of the border: (height, width).

    That may be a note that reaches the edge of the picture. Where no plane explains so much it is nothing.
    """
    samples = sampled(scene)
    greys, (border, terms, _) = samples
    near = _near_surface(samples)
    plane = fit_among_ink(samples, near)
    departure = greys - plane @ terms
    if _share(np.abs(departure[border]) <= near) < TABLE:
        return np.zeros(scene.grey.shape, bool)
    whole = scene.grey - heights(plane, *scene.grey.shape)
    is_lighter = np.count_nonzero(departure > near) >= np.count_nonzero(departure < -near)
    beside: NDArray[np.bool_] = (
        whole > BESIDE * departure.max() if is_lighter else whole < BESIDE * departure.min()
    )
    return beside


def _near_surface(samples: Samples) -> float:
    return float(max(NEAR, NEAR_SURFACE * samples.span))


def _share(mask: NDArray[np.bool_]) -> float:
    return np.count_nonzero(mask) / mask.size


def _relative(grey: FloatArray, paper: FloatArray) -> FloatArray:
    """Say by how much a picture departs from its paper, where it is darker as a share of the paper."""
    departure = grey - paper
    shares = np.maximum(paper, DARKEST)
    np.divide(departure, shares, out=shares)
    return np.minimum(departure, shares, out=shares)  # a share is farther from 0 than what it is a share of


def _tone(cells: FloatArray, *, dark: bool | None) -> np.float32 | None:
    """Return the paper's tone in a picture that has two; None where there are more."""
    light = cells > (cells.min() + cells.max()) / 2
    low, high = np.float32(median(cells[~light])), np.float32(median(cells[light]))
    departure = np.abs(cells - np.where(light, high, low))
    near = TONE * (high - low)
    beyond = (cells < low - near) | (cells > high + near)  # ink in a shadow, where the tones are of the light
    if np.count_nonzero(departure <= near) < TWO_TONES * cells.size or beyond.mean() > THIRD_TONE:
        return None
    if dark is None:
        dark = _looks_like_paper(light)
    return high if dark else low


def _looks_like_paper(light: NDArray[np.bool_]) -> bool:
    """Say whether what is light is the paper: more than ink covers, most of the border, or cut up by ink.

    Ink hangs together; but so does a page that lies aslant, with something else in the picture's corners.
    """
    covered = np.count_nonzero(light) / light.size
    if max(covered, 1 - covered) >= MOST and min(light.shape) > NARROW * max(light.shape):
        return bool(covered >= MOST)
    share = light[border_mask(*light.shape)].mean() - 1 / 2
    if abs(share) > SURE:  # what is cut off by the border takes less of it
        return bool(share > 0)
    return bool(share + A_PIECE * (pieces_less_holes(light) - pieces_less_holes(~light)) >= 0)


def _beyond_a_pen(scene: Scene, *, dark: bool | None) -> FloatArray:
    """Take away all that is wider than a pen, whatever its shape: only ink is narrower."""
    grey, cells = scene.grey, scene.cells
    width = round(WIDER_THAN_A_PEN * max(cells.shape))
    light, deep = _closed(cells, width), _opened(cells, width)
    if dark is None:
        dark = _is_dark(cells, light, deep)
    paper = _smallest(light, 3) if dark else _largest(deep, 3)  # an edge of a shadow is blurred by cells
    height, columns = grey.shape
    size = cells.shape[1] * scene.factor, cells.shape[0] * scene.factor
    whole = np.asarray(Image.fromarray(paper).resize(size, Image.Resampling.BILINEAR))[:height, :columns]
    departure = _relative(grey, whole)
    one_sided: FloatArray = np.minimum(departure, 0) if dark else np.maximum(departure, 0)
    return one_sided


def _is_dark(cells: FloatArray, light: FloatArray, deep: FloatArray) -> bool:
    """Say whether the ink is dark: the paper is then more even with all that is dark filled, else less.

    Where both are about as even, whatever departs more from its paper is the ink.

    Args:
        cells: of the picture.
        light: the same, with what is dark and narrow filled.
        deep: the same, with what is light and narrow filled.
    """
    if_dark, if_light = _roughness(light), _roughness(deep)
    if max(if_dark, if_light) > ROUGHER * min(if_dark, if_light):
        return if_dark < if_light
    return LIKELIER * _energy(light - cells) > _energy(cells - deep)


def _roughness(cells: FloatArray) -> float:
    """Sum the squares of the steps from each cell to the next: paper under soft light takes small ones."""
    down, right = cells[1:] - cells[:-1], cells[:, 1:] - cells[:, :-1]
    return float(np.vdot(down, down) + np.vdot(right, right))


def _energy(departure: FloatArray) -> float:
    """Sum the squares of what may be a digit; a lit corner is not."""
    kept = subject(departure)
    return float(np.square(departure if kept is None else departure * kept).sum())


def _closed(cells: FloatArray, width: int) -> FloatArray:
    """Fill what is dark and narrower than so many cells (a morphological closing)."""
    return _smallest(_largest(cells, width), width)


def _opened(cells: FloatArray, width: int) -> FloatArray:
    """Fill what is light and narrower than so many cells (a morphological opening)."""
    return _largest(_smallest(cells, width), width)


def _largest(cells: FloatArray, width: int) -> FloatArray:
    """Give each cell the largest value of a square around it, width cells wide; the edges go on outside."""
    return _extreme(np.maximum, cells, width)


def _smallest(cells: FloatArray, width: int) -> FloatArray:
    return _extreme(np.minimum, cells, width)


def _extreme(of_two: np.ufunc, cells: FloatArray, width: int) -> FloatArray:
    """Put the values of each square together, of two at a time: of rows and then of columns."""
    reach = width // 2
    for _axis in range(2):
        view = cells.T
        cells = np.concatenate((view[:1].repeat(reach, axis=0), view, view[-1:].repeat(reach, axis=0)))
        joined = 1  # rows that each one stands for; twice as many every time, until it is all of a square's
        while joined < 2 * reach + 1:
            step = min(joined, 2 * reach + 1 - joined)
            cells = of_two(cells[:-step], cells[step:])
            joined += step
    return cells
