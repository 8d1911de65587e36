"""What a network wants done to the 28×28 picture before it reads it: named in its artifact, known here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NewType

import numpy as np

from service.network import FloatArray

__all__ = ["PREPROCESSINGS", "Pixels", "Preprocessing", "deskew"]

Pixels = NewType("Pixels", FloatArray)
"""One image, (784,) float32, row by row; 0 is paper and 1 is ink."""


SIDE = 28
MIDDLE = 13.5  # row and column, counted from the middle of the first pixel


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
    """Shear each image upright, so that its ink's main axis stands vertical.

    Args:
        images: (n, 784), 0 paper to 1 ink.

    Returns:
        (n, 784), the same dtype, still within 0..1; blank images stay blank.
    """
    pictures = images.reshape(-1, SIDE, SIDE)
    axis = np.arange(SIDE, dtype=images.dtype) - images.dtype.type(MIDDLE)
    rows, columns = pictures.sum(axis=2), pictures.sum(axis=1)  # ink of each row, of each column: (n, 28)
    mass = rows.sum(axis=1) + np.finfo(images.dtype).tiny  # (n,)
    y, x = rows @ axis / mass, columns @ axis / mass  # centre of mass, in pixels from the middle: (n,)
    dy = axis - y[:, np.newaxis]  # (n, 28)
    spread = (rows * dy * dy).sum(axis=1)
    lean = ((pictures @ axis - x[:, np.newaxis] * rows) * dy).sum(axis=1)
    slant = np.divide(lean, spread, out=np.zeros_like(spread), where=spread > 0)
    moved = slant[:, np.newaxis] * dy + x[:, np.newaxis]  # by how far each row, (n, 28)
    return _move_rows(pictures, moved).reshape(images.shape)


def _move_rows(pictures: FloatArray, moved: FloatArray) -> FloatArray:
    """Move each row, (n, 28, 28), to the left by so many pixels, (n, 28); paper comes in from outside."""
    # A column of paper to the left and two to the right: the last place and what lies right of it.
    wide = np.zeros((len(pictures) * SIDE, SIDE + 3), pictures.dtype)
    wide[:, 1:-2] = pictures.reshape(-1, SIDE)
    place = moved.reshape(-1, 1) + np.arange(1, SIDE + 1, dtype=pictures.dtype)  # column to read, (n 28, 28)
    np.clip(place, 0, SIDE + 1, out=place)
    left = place.astype(np.intp)
    place -= left  # the share of the pixel to the right
    left += (np.arange(len(wide)) * wide.shape[1])[:, np.newaxis]
    ink = wide.reshape(-1)
    nearer: FloatArray = ink[left]
    return nearer + place * (ink[left + 1] - nearer)


PREPROCESSINGS: Mapping[str, Preprocessing] = MappingProxyType(
    {
        p.name: p
        for p in (
            Preprocessing("mnist", (28, 28), 0, 1, _as_it_is),
            Preprocessing("mnist-deskewed", (28, 28), 0, 1, deskew),
            Preprocessing("four-pixel", (2, 2), -1, 1, _as_it_is, on_paper=False),
        )
    }
)
