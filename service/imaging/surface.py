"""Surfaces of second degree: what light from one side, or dark corners, make of even paper."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.imaging.cells import Scene, border_mask, cells_of
from service.imaging.robust import median
from service.network import FloatArray

__all__ = ["NEAR", "Samples", "fit", "fit_among_ink", "heights", "plane_through", "sampled", "unexplained"]

COARSE = 22  # cells along the longer side, at most, that a surface is fitted to
NEAR = 0.02  # of the way from black to white; what departs less from the paper is paper
N_FITS = 3
INNER = np.float32(0.25)  # weight of a cell inside, where ink is likely, beside 1 at the border
AMONG_INK = (0.5, 0.3, 0.18, 0.11, 0.065)  # of the picture's own range: how far is still near, ever less
EVERY = 13  # one of so many pixels a plane is laid through
SHAPES = 16  # of pictures, whose grids are kept

TERMS = ((0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0))  # powers of y and x
N_FLAT = 3  # of them make a plane
RIDGE = np.float32(1e-4) * np.eye(len(TERMS), dtype=np.float32)  # keeps pictures one pixel wide solvable


class Grid(NamedTuple):
    """Places in a picture that a surface is fitted to, n of them.

    Attributes:
        border: (n,), true for the outermost.
        terms: (6, n): 1, x, y, x², x y and y² at each, x and y from -1 to 1.
        to_surface: (6, n), times the greys is the surface nearest to those at the border.
    """

    border: NDArray[np.bool_]
    terms: FloatArray
    to_surface: FloatArray


class Samples(NamedTuple):
    """A picture in few cells.

    Attributes:
        greys: (n,), 0 black to 1 white.
        grid: where they lie.
    """

    greys: FloatArray
    grid: Grid

    @property
    def span(self) -> float:
        """Say how far the darkest is from the lightest."""
        return float(self.greys.max() - self.greys.min())


def sampled(scene: Scene) -> Samples:
    """Average a picture into the cells that a surface is fitted to."""
    cells = scene.cells
    factor = -(-max(cells.shape) // COARSE)
    coarse = cells_of(cells, factor)
    return Samples(coarse.ravel(), _grid(*coarse.shape, *scene.grey.shape, scene.factor * factor))


def fit(samples: Samples) -> FloatArray:
    """Fit a surface to the border, and unless that explains it twice to all that lies near: (6,)."""
    greys, (border, terms, to_surface) = samples
    surface: FloatArray = to_surface @ greys
    for _ in range(N_FITS - 1):
        departure = np.abs(greys - surface @ terms)
        if departure[border].max() <= NEAR:
            break
        weights = _weights(border, departure, max(3 * median(departure), NEAR))
        surface = _weighted_fit(greys, terms, weights)
    return surface


def fit_among_ink(samples: Samples, near: float) -> FloatArray:
    """Fit a plane to the border, though ink covers some of it, and to all that lies near: (6,).

    What counts as near is everything at first, and in the end what paper is; so the fit is not led to the
    nearest of several planes (graduated non-convexity, Blake and Zisserman 1987). Among ink a surface that
    bends would follow it.

    Args:
        samples: of the picture.
        near: what departs less from the plane is paper.
    """
    greys, (border, terms, _) = samples
    flat = terms[:N_FLAT]
    plane = _weighted_fit(greys, flat, border.astype(np.float32))
    return _flat_surface(_fit_ever_nearer(plane, greys, flat, border, near))


def plane_through(grey: FloatArray, seen: NDArray[np.bool_]) -> FloatArray:
    """Lay a plane through what is seen of even paper, though something is written on it: (height, width).

    Args:
        grey: (height, width).
        seen: (height, width), true where there is paper or ink; somewhere it is.
    """
    height, width = grey.shape
    rows, columns = (places[::EVERY] for places in seen.nonzero())
    greys, across, down = grey[rows, columns], _powers(width, 1)[columns, 1], _powers(height, 1)[rows, 1]
    level = np.array([median(greys), 0, 0], np.float32)
    terms = np.stack((np.ones_like(greys), across, down))
    plane = _fit_ever_nearer(level, greys, terms, np.ones(len(greys), bool), NEAR)
    return heights(_flat_surface(plane), height, width)


def _fit_ever_nearer(
    plane: FloatArray, greys: FloatArray, flat: FloatArray, border: NDArray[np.bool_], near: float
) -> FloatArray:
    """Fit a plane to what lies near the last one, and what counts as near shrinks: (3,)."""
    span = float(np.ptp(greys))
    for share in AMONG_INK:
        departure = np.abs(greys - plane @ flat)
        plane = _weighted_fit(greys, flat, _weights(border, departure, max(share * span, near)))
    return plane


def _flat_surface(plane: FloatArray) -> FloatArray:
    return np.concatenate((plane, np.zeros(len(TERMS) - N_FLAT, np.float32)))


def heights(surface: FloatArray, height: int, width: int) -> FloatArray:
    """Evaluate a surface at every pixel: (height, width)."""
    one, by_x, by_y, by_xx, by_xy, by_yy = surface
    by_powers = np.array([[one, by_x, by_xx], [by_y, by_xy, 0], [by_yy, 0, 0]], np.float32)  # of y, of x
    evaluated: FloatArray = _powers(height, 1) @ (by_powers @ _powers(width, 1).T)
    return evaluated


def unexplained(cells: FloatArray) -> float:
    """Say how far a picture of few cells departs at most from the nearest surface of second degree."""
    greys, terms = cells.ravel(), _grid(*cells.shape, *cells.shape, 1).terms
    surface = _weighted_fit(greys, terms, np.ones(cells.size, np.float32))
    return float(np.abs(greys - surface @ terms).max())


@lru_cache(SHAPES)
def _grid(n_rows: int, n_columns: int, height: int, width: int, factor: int) -> Grid:
    """Lay a grid of cells, factor × factor pixels each, over a picture; the last of a line may be smaller."""
    y, x = _powers(height, factor), _powers(width, factor)
    terms = np.stack([y[:, down, np.newaxis] * x[:, across] for down, across in TERMS]).reshape(
        len(TERMS), -1
    )
    border = border_mask(n_rows, n_columns).ravel()
    return Grid(border, terms, np.linalg.solve(terms * border @ terms.T + RIDGE, terms * border))


@lru_cache(2 * SHAPES)
def _powers(length: int, factor: int) -> FloatArray:
    """Raise the middles of cells of so many pixels, from -1 to 1, to the powers 0, 1 and 2: (n, 3)."""
    starts = np.arange(0, length, factor, dtype=np.float32)
    ends = np.minimum(starts + factor, length)  # the last cell may be smaller
    middles = (starts + ends) / length - 1
    return np.stack((np.ones_like(middles), middles, middles * middles), axis=1)


def _weights(border: NDArray[np.bool_], departure: FloatArray, near: float) -> FloatArray:
    """Weigh what lies near the last surface (Geman and McClure's weights: far is nothing)."""
    weights = np.where(border, np.float32(1), INNER)
    weights /= np.square(1 + np.square(departure / np.float32(near)))
    return weights


def _weighted_fit(greys: FloatArray, terms: FloatArray, weights: FloatArray) -> FloatArray:
    """Solve the normal equations of least squares: (n,), (terms, n), (n,) → (terms,)."""
    weighted = terms * weights
    ridge = RIDGE[: len(terms), : len(terms)]
    surface: FloatArray = np.linalg.solve(weighted @ terms.T + ridge, weighted @ greys)
    return surface
