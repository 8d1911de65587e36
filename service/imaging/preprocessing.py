"""What a network wants done to the 28×28 picture before it reads it: named in its artifact, known here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NewType

import numpy as np
from numpy.typing import NDArray

from service.imaging.moments import even
from service.network import FloatArray

__all__ = ["PREPROCESSINGS", "Pixels", "Preprocessing", "deskew"]

Pixels = NewType("Pixels", FloatArray)
"""One image, (784,) float32, row by row; 0 is paper and 1 is ink."""


SIDE = 28
AXIS = np.arange(SIDE) - 13.5  # rows and columns, counted from the middle of the picture
ROWS = AXIS[:, np.newaxis]
FARTHEST = SIDE  # columns by which a row is moved: from there on nothing of it is left
LEAST = 1e-9  # square pixels: less is what float64 makes of ink that lies in a single row
AT_ONCE = 64  # images: what is made of them stays in a core's cache


def _moments() -> NDArray[np.float64]:
    """Return (784, 5): what sums up the ink of an image, and its moments x, y, xy and yy."""
    y, x = (grid.reshape(-1) for grid in np.meshgrid(AXIS, AXIS, indexing="ij"))
    return np.stack([np.ones(SIDE * SIDE), x, y, x * y, y * y], axis=1)


MOMENTS = _moments()


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The input that a kind of network reads.

    Attributes:
        name: how artifacts call it.
        shape: (rows, columns) of the picture.
        low: the smallest pixel, paper.
        high: the largest pixel, ink.
        prepare: images (n, n_in) as uploaded → images (n, n_in) as the first layer reads them.
        on_paper: true where an image is ink in MNIST's frame: any upload can be brought to it, and one
            without ink is blank.
    """

    name: str
    shape: tuple[int, int]
    low: float
    high: float
    prepare: Callable[[FloatArray], FloatArray]
    on_paper: bool = True

    @property
    def n_in(self) -> int:
        """Count the numbers of one image."""
        rows, columns = self.shape
        return rows * columns


def _as_it_is(images: FloatArray) -> FloatArray:
    return images


def deskew(images: FloatArray) -> FloatArray:
    """Shear each image until its ink leans to no side, and move its centre of mass to the middle column.

    Args:
        images: (n, 784), 0 paper to 1 ink.

    Returns:
        (n, 784), the same dtype, still within 0..1; blank images stay blank.
    """
    if len(images) <= AT_ONCE:
        return _upright(images)
    upright = np.empty_like(images)
    for first in range(0, len(images), AT_ONCE):
        upright[first : first + AT_ONCE] = _upright(images[first : first + AT_ONCE])
    return upright


def _upright(images: FloatArray) -> FloatArray:
    sums = images @ MOMENTS
    # of one image these are plain numbers, with which all this takes half as long
    mass, x, y, xy, yy = sums[0].tolist() if len(sums) == 1 else sums.T
    mass = mass + float(np.finfo(images.dtype).tiny)
    across, down = x / mass, y / mass  # the centre of mass, in pixels from the middle
    spread = np.maximum(yy - down * y, LEAST * mass)
    slant = (xy - across * y) / spread
    moved = (ROWS * slant + (across - slant * down)).T  # by how far each row, (n, 28)
    return _move_rows(images.reshape(-1, SIDE), moved.reshape(-1)).reshape(images.shape)


def _move_rows(rows: FloatArray, moved: NDArray[np.float64]) -> FloatArray:
    """Move each row, (n, 28), to the left by so many pixels, (n,); paper comes in from outside."""
    wide = np.zeros((len(rows), FARTHEST + SIDE + FARTHEST + 1), rows.dtype)
    wide[:, FARTHEST : FARTHEST + SIDE] = rows
    begin = np.minimum(np.maximum(moved + FARTHEST, 0), 2 * FARTHEST)  # where in wide the row begins
    first = begin.astype(np.intp)
    share = (begin - first).astype(rows.dtype)[:, np.newaxis]  # of the pixel to the right
    every = _runs(wide, SIDE + 1)[np.arange(len(rows)), first]  # (n, 29)
    left, right = every[:, :-1], every[:, 1:]
    between: FloatArray = right - left
    between *= share
    between += left
    return between


def _runs(rows: FloatArray, length: int) -> FloatArray:
    """View each run of so many neighbours: (n, columns) → (n, columns - length + 1, length)."""
    n, columns = rows.shape
    strides = (*rows.strides, rows.itemsize)
    # as numpy's sliding_window_view would, which takes as long as all the rest
    return np.ndarray((n, columns - length + 1, length), rows.dtype, rows.data, 0, strides)


PREPROCESSINGS: Mapping[str, Preprocessing] = MappingProxyType(
    {
        p.name: p
        for p in (
            Preprocessing("mnist", (28, 28), 0, 1, _as_it_is),
            Preprocessing("mnist-deskewed", (28, 28), 0, 1, deskew),
            Preprocessing("mnist-evened", (28, 28), 0, 1, even),
            Preprocessing("four-pixel", (2, 2), -1, 1, _as_it_is, on_paper=False),
        )
    }
)
