"""What a network wants done to the 28×28 picture before it reads it: named in its artifact, known here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NewType

from service.imaging.deskew import deskew
from service.imaging.frame import SIDE
from service.imaging.moments import even
from service.network import FloatArray

__all__ = ["PREPROCESSINGS", "Pixels", "Preprocessing"]

Pixels = NewType("Pixels", FloatArray)
"""One image, (784,) float32, row by row; 0 is paper and 1 is ink."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The input that a kind of network reads.

    Attributes:
        name: how artifacts call it; where images are on paper it begins with "mnist", as model cards tell
            them by that.
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


PREPROCESSINGS: Mapping[str, Preprocessing] = MappingProxyType(
    {
        p.name: p
        for p in (
            Preprocessing("mnist", (SIDE, SIDE), 0, 1, _as_it_is),
            Preprocessing("mnist-deskewed", (SIDE, SIDE), 0, 1, deskew),
            Preprocessing("mnist-evened", (SIDE, SIDE), 0, 1, even),
            Preprocessing("four-pixel", (2, 2), -1, 1, _as_it_is, on_paper=False),
        )
    }
)
