"""The paper behind the ink: what a picture would show if nothing were written on it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.imaging.cells import cells_of
from service.imaging.robust import median
from service.imaging.subject import subject
from service.network import FloatArray

__all__ = ["contrast", "unexplained"]

CELLS = 20  # along the longer side; a cell is the mean of its pixels
N_FITS = 3
INNER = np.float32(0.25)  # weight of a cell inside, where ink is likely, beside 1 at the border
EVEN = 0.9  # of the border, at least, is the same grey where the paper is even
NEAR = np.float32(0.02)  # of the way from black to white; what departs less from the paper is paper
NEAR_SURFACE = 0.12  # of the picture's own range: what departs less from a surface is paper
EVEN_SURFACE = 0.97  # of the border, at least, lies near the surface
FINE_CELLS = 64  # along the longer side
CUT = 0.8  # of the picture's own range: the border spans so much of it where the ink is cut off
TONE = 0.2  # of the way from one tone to the other
TWO_TONES = 0.8  # of a picture, at least, has one of two tones
THIRD_TONE = 0.01  # of a picture, at most, is darker than the dark tone, or lighter than the light one
LIKELIER = 2  # times: what has shadows on it is lit, and more often paper than a screen or a board
DARKEST = np.float32(0.1)  # of the way from black to white: paper is never taken to be darker
WHITE = np.float32(1)
WIDER_THAN_A_PEN = 0.2  # of the longer side
Places = tuple[FloatArray, FloatArray]

RIDGE = np.float32(1e-4) * np.eye(6, dtype=np.float32)  # keeps pictures one pixel wide solvable


def contrast(grey: FloatArray, *, dark: bool | None = None) -> FloatArray:
    """Take the paper away: (height, width) grey → its departure from the paper, negative where it is darker.

    The paper is the first of these that explains the picture's border: one grey; a surface of second degree,
    which is light from one side or dark corners; one of two tones, where ink is cut off at the border; and
    else whatever is wider than a pen, which follows the edge of any shadow. Where the light is uneven, ink
    that is darker than its paper departs by its share of it.

    Args:
        grey: 0 black to 1 white.
        dark: whether the ink is darker than its paper; None finds out where that matters.
    """
    factor = -(-max(grey.shape) // CELLS)
    cells = cells_of(grey, factor)
    border = _border(*cells.shape)
    level = np.float32(median(cells[border]))
    if np.count_nonzero(np.abs(cells[border] - level) <= NEAR) >= EVEN * np.count_nonzero(border):
        return grey - level
    places = _places(grey.shape, factor)
    surface = _fit(cells, border, places)
    departure = np.abs(cells - _heights(surface, places))[border]
    near = max(NEAR, NEAR_SURFACE * np.ptp(cells))
    if np.count_nonzero(departure <= near) >= EVEN_SURFACE * np.count_nonzero(border):
        return _relative(grey, _heights(surface, _places(grey.shape, 1)))
    cells = np.ascontiguousarray(cells_of(grey, -(-max(grey.shape) // FINE_CELLS)))
    is_cut = np.ptp(cells[_border(*cells.shape)]) >= CUT * np.ptp(cells)
    if is_cut and (tone := _tone(cells, dark=dark)) is not None:
        return grey - tone
    return _beyond_a_pen(grey, cells, dark=dark)


def unexplained(cells: FloatArray) -> float:
    """Say how far a picture of few cells departs at most from the nearest surface of second degree."""
    places = _places(cells.shape, 1)
    surface = _weighted_fit(cells.ravel(), _terms(cells.shape, places), np.ones(cells.size, np.float32))
    return float(np.abs(cells - _heights(surface, places)).max())


def _relative(grey: FloatArray, paper: FloatArray) -> FloatArray:
    """Say by how much a picture departs from its paper, where it is darker as a share of the paper."""
    departure = grey - paper
    shares: FloatArray = departure / paper.clip(DARKEST, WHITE)
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


def _beyond_a_pen(grey: FloatArray, cells: FloatArray, *, dark: bool | None) -> FloatArray:
    """Take away all that is wider than a pen, whatever its shape: only ink is narrower."""
    width = round(WIDER_THAN_A_PEN * max(cells.shape))
    light, deep = _closed(cells, width), _opened(cells, width)
    if dark is None:
        dark = bool(LIKELIER * _energy(light - cells) > _energy(cells - deep))
    paper = _smallest(light, 3) if dark else _largest(deep, 3)  # an edge of a shadow is blurred by cells
    factor = -(-max(grey.shape) // FINE_CELLS)
    height, columns = grey.shape
    size = cells.shape[1] * factor, cells.shape[0] * factor
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


def _places(shape: Sequence[int], factor: int) -> Places:
    """Find the middles of cells of factor × factor pixels: y as a column and x as a row, from -1 to 1."""
    y, x = (_middles(length, factor) for length in shape)
    return y[:, np.newaxis], x[np.newaxis]


def _middles(length: int, factor: int) -> FloatArray:
    starts = np.arange(0, length, factor, dtype=np.float32)
    ends = np.minimum(starts + factor, length)  # the last cell may be smaller
    return (starts + ends) / length - 1


def _fit(cells: FloatArray, border: NDArray[np.bool_], places: Places) -> FloatArray:
    """Fit a surface to the border, then twice to all that lies near the last one: its coefficients, (6,)."""
    terms = _terms(cells.shape, places)
    greys, shares = cells.ravel(), np.where(border.ravel(), np.float32(1), INNER)
    weights: FloatArray = border.ravel().astype(np.float32)
    surface = _weighted_fit(greys, terms, weights)
    for _ in range(N_FITS - 1):
        departure = np.abs(greys - surface @ terms)
        near = max(3 * np.float32(median(departure)), NEAR)
        weights = shares / (1 + (departure / near) ** 2) ** 2  # Geman and McClure's: far is nothing
        surface = _weighted_fit(greys, terms, weights)
    return surface


def _terms(shape: tuple[int, ...], places: Places) -> FloatArray:
    """Evaluate 1, x, y, x², x y and y² at every place: (6, n)."""
    y, x = places
    terms = np.empty((6, *shape), np.float32)
    for term, values in zip(terms, (1, x, y, x * x, x * y, y * y), strict=True):
        term[:] = values
    return terms.reshape(6, -1)


def _weighted_fit(greys: FloatArray, terms: FloatArray, weights: FloatArray) -> FloatArray:
    """Solve the normal equations of least squares: (n,), (6, n), (n,) → (6,)."""
    weighted = terms * weights
    surface: FloatArray = np.linalg.solve(weighted @ terms.T + RIDGE, weighted @ greys)
    return surface


def _heights(surface: FloatArray, places: Places) -> FloatArray:
    """Evaluate a surface at every place: (height, width)."""
    one, by_x, by_y, by_xx, by_xy, by_yy = surface
    y, x = places
    across = one + x * (by_x + x * by_xx), by_y + x * by_xy, np.full_like(x, by_yy)  # times 1, y and y²
    heights: FloatArray = np.hstack((np.ones_like(y), y, y * y)) @ np.vstack(across)
    return heights
