"""The paper behind the ink: what a picture would show if nothing were written on it."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.imaging.cells import Scene, cells_of
from service.imaging.robust import median
from service.imaging.subject import subject
from service.network import FloatArray

__all__ = ["contrast", "unexplained"]

COARSE = 22  # cells along the longer side, at most, that a surface is fitted to
N_FITS = 3
INNER = np.float32(0.25)  # weight of a cell inside, where ink is likely, beside 1 at the border
EVEN = 0.9  # of the border, at least, is the same grey where the paper is even
NEAR = np.float32(0.02)  # of the way from black to white; what departs less from the paper is paper
NEAR_SURFACE = 0.12  # of the picture's own range: what departs less from a surface is paper
EVEN_SURFACE = 0.97  # of the border, at least, lies near the surface
CUT = 0.8  # of the picture's own range: the border spans so much of it where the ink is cut off
TONE = 0.2  # of the way from one tone to the other
TWO_TONES = 0.8  # of a picture, at least, has one of two tones
THIRD_TONE = 0.01  # of a picture, at most, is darker than the dark tone, or lighter than the light one
LIKELIER = 2  # times: what has shadows on it is lit, and more often paper than a screen or a board
DARKEST = np.float32(0.1)  # of the way from black to white: paper is never taken to be darker
WIDER_THAN_A_PEN = 0.2  # of the longer side
SHAPES = 64  # of pictures, whose grids are kept

TERMS = ((0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0))  # powers of y and x
RIDGE = np.float32(1e-4) * np.eye(6, dtype=np.float32)  # keeps pictures one pixel wide solvable


class Grid(NamedTuple):
    """Places in a picture that a surface of second degree is fitted to, n of them.

    Attributes:
        border: (n,), true for the outermost.
        terms: (6, n): 1, x, y, x², x y and y² at each, x and y from -1 to 1.
        to_surface: (6, n), times the greys is the surface nearest to those at the border.
    """

    border: NDArray[np.bool_]
    terms: FloatArray
    to_surface: FloatArray


def contrast(scene: Scene, *, dark: bool | None = None) -> FloatArray:
    """Take the paper away: (height, width) grey → its departure from the paper, negative where it is darker.

    The paper is the first of these that explains the picture's border: one grey; a surface of second degree,
    which is light from one side or dark corners; one of two tones, where ink is cut off at the border; and
    else whatever is wider than a pen, which follows the edge of any shadow. Where the light is uneven, ink
    that is darker than its paper departs by its share of it.

    Args:
        scene: the picture.
        dark: whether the ink is darker than its paper; None finds out where that matters.
    """
    grey, cells = scene.grey, scene.cells
    factor = -(-max(cells.shape) // COARSE)
    coarse = cells_of(cells, factor)
    grid = _grid(*coarse.shape, *grey.shape, scene.factor * factor)
    greys, border = coarse.ravel(), grid.border
    at_border = greys[border]
    level = np.float32(median(at_border))
    if np.count_nonzero(np.abs(at_border - level) <= NEAR) >= EVEN * len(at_border):
        return grey - level
    surface = _fit(greys, grid)
    departure = np.abs(greys - surface @ grid.terms)[border]
    near = max(NEAR, NEAR_SURFACE * (greys.max() - greys.min()))
    if np.count_nonzero(departure <= near) >= EVEN_SURFACE * len(departure):
        return _relative(grey, _heights(surface, *grey.shape))
    is_cut = np.ptp(cells[_border(*cells.shape)]) >= CUT * scene.span
    if is_cut and (tone := _tone(cells, dark=dark)) is not None:
        return grey - tone
    return _beyond_a_pen(scene, dark=dark)


def unexplained(cells: FloatArray) -> float:
    """Say how far a picture of few cells departs at most from the nearest surface of second degree."""
    greys, terms = cells.ravel(), _grid(*cells.shape, *cells.shape, 1).terms
    surface = _weighted_fit(greys, terms, np.ones(cells.size, np.float32))
    return float(np.abs(greys - surface @ terms).max())


def _relative(grey: FloatArray, paper: FloatArray) -> FloatArray:
    """Say by how much a picture departs from its paper, where it is darker as a share of the paper."""
    departure = grey - paper
    shares = np.maximum(paper, DARKEST)
    np.divide(departure, shares, out=shares)
    return np.minimum(departure, shares, out=shares)  # a share is farther from 0 than what it is a share of


def _tone(cells: FloatArray, *, dark: bool | None) -> np.float32 | None:
    """Return the paper's tone in a picture that has two; None where there are more.

    Ink hangs together and paper, cut up by it, does not.
    """
    light = cells > (cells.min() + cells.max()) / 2
    low, high = np.float32(median(cells[~light])), np.float32(median(cells[light]))
    departure = np.abs(cells - np.where(light, high, low))
    near = TONE * (high - low)
    beyond = (cells < low - near) | (cells > high + near)  # ink in a shadow, where the tones are of the light
    if np.count_nonzero(departure <= near) < TWO_TONES * cells.size or beyond.mean() > THIRD_TONE:
        return None
    if dark is None:
        dark = _pieces(~light) <= _pieces(light)
    return high if dark else low


def _pieces(mask: NDArray[np.bool_]) -> int:
    """Count four times the pieces of a mask less its holes (Gray's Euler number, by 2 × 2 windows)."""
    wide = np.pad(mask, 1).astype(np.int8)
    windows = wide[:-1, :-1] + wide[1:, :-1] + wide[:-1, 1:] + wide[1:, 1:]
    corners, notches = windows == 1, windows == 3  # noqa: PLR2004 - of four cells
    return int(np.count_nonzero(corners) - np.count_nonzero(notches))


def _beyond_a_pen(scene: Scene, *, dark: bool | None) -> FloatArray:
    """Take away all that is wider than a pen, whatever its shape: only ink is narrower."""
    grey, cells = scene.grey, scene.cells
    width = round(WIDER_THAN_A_PEN * max(cells.shape))
    light, deep = _closed(cells, width), _opened(cells, width)
    if dark is None:
        dark = bool(LIKELIER * _energy(light - cells) > _energy(cells - deep))
    paper = _smallest(light, 3) if dark else _largest(deep, 3)  # an edge of a shadow is blurred by cells
    height, columns = grey.shape
    size = cells.shape[1] * scene.factor, cells.shape[0] * scene.factor
    whole = np.asarray(Image.fromarray(paper).resize(size, Image.Resampling.BILINEAR))[:height, :columns]
    departure = _relative(grey, whole)
    one_sided: FloatArray = np.minimum(departure, 0) if dark else np.maximum(departure, 0)
    return one_sided


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
    reach = width // 2
    for _axis in range(2):
        view = cells.T
        cells = np.concatenate((view[:1].repeat(reach, axis=0), view, view[-1:].repeat(reach, axis=0)))
        done = 1
        while done < 2 * reach + 1:
            step = min(done, 2 * reach + 1 - done)
            cells = of_two(cells[:-step], cells[step:])
            done += step
    return cells


def _border(height: int, width: int) -> NDArray[np.bool_]:
    border = np.ones((height, width), dtype=bool)
    border[1:-1, 1:-1] = False
    return border


@lru_cache(SHAPES)
def _grid(n_rows: int, n_columns: int, height: int, width: int, factor: int) -> Grid:
    """Lay a grid of cells, factor × factor pixels each, over a picture; the last of a line may be smaller."""
    y, x = _powers(height, factor), _powers(width, factor)
    terms = [y[:, down, np.newaxis] * x[:, across] for down, across in TERMS]
    flat = np.stack(terms).reshape(len(TERMS), -1)
    border = _border(n_rows, n_columns).ravel()
    return Grid(border, flat, np.linalg.solve(flat * border @ flat.T + RIDGE, flat * border))


@lru_cache(2 * SHAPES)
def _powers(length: int, factor: int) -> FloatArray:
    """Raise the middles of cells of so many pixels, from -1 to 1, to the powers 0, 1 and 2: (n, 3)."""
    starts = np.arange(0, length, factor, dtype=np.float32)
    ends = np.minimum(starts + factor, length)  # the last cell may be smaller
    middles = (starts + ends) / length - 1
    return np.stack((np.ones_like(middles), middles, middles * middles), axis=1)


def _fit(greys: FloatArray, grid: Grid) -> FloatArray:
    """Fit a surface to the border, and unless that explains it twice to all that lies near: (6,)."""
    border, terms, to_surface = grid
    surface: FloatArray = to_surface @ greys
    for _ in range(N_FITS - 1):
        departure = np.abs(greys - surface @ terms)
        if departure[border].max() <= NEAR:
            break
        near = max(3 * np.float32(median(departure)), NEAR)
        weights = np.where(border, np.float32(1), INNER)
        weights /= np.square(1 + np.square(departure / near))  # Geman and McClure's: far is nothing
        surface = _weighted_fit(greys, terms, weights)
    return surface


def _weighted_fit(greys: FloatArray, terms: FloatArray, weights: FloatArray) -> FloatArray:
    """Solve the normal equations of least squares: (n,), (6, n), (n,) → (6,)."""
    weighted = terms * weights
    surface: FloatArray = np.linalg.solve(weighted @ terms.T + RIDGE, weighted @ greys)
    return surface


def _heights(surface: FloatArray, height: int, width: int) -> FloatArray:
    """Evaluate a surface at every pixel: (height, width)."""
    one, by_x, by_y, by_xx, by_xy, by_yy = surface
    by_powers = np.array([[one, by_x, by_xx], [by_y, by_xy, 0], [by_yy, 0, 0]], np.float32)  # of y, of x
    heights: FloatArray = _powers(height, 1) @ (by_powers @ _powers(width, 1).T)
    return heights
