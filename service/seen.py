"""One input as a classifier sees it: read but not yet judged, and then with its verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from service.imaging import Normalized, Pixels
from service.network import FloatArray
from service.verdict import Verdict

__all__ = ["Classification", "Images", "Seen"]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One input as it was read, not yet judged.

    Attributes:
        pixels: (n_in,) float32, the input before the network's own preprocessing.
        blank: there is no ink on the paper.
        normalized: what was done to the upload; None where pixels were sent instead of a picture.
        size: (width, height) of the upload in pixels; None likewise.
        mode: how the file held its pixels; None likewise.
    """

    pixels: Pixels
    blank: bool
    normalized: Normalized | None = None
    size: tuple[int, int] | None = None
    mode: str | None = None

    @property
    def several(self) -> bool:
        """Say whether there was more than one thing in the picture."""
        return self.normalized is not None and self.normalized.several


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Many inputs as they were read, not yet judged: in each array one row or one number an image.

    Attributes:
        pixels: (n, n_in) float32.
        blank: (n,), true where there is no ink.
        several: (n,), true where there is more than one thing.
    """

    pixels: FloatArray
    blank: NDArray[np.bool_]
    several: NDArray[np.bool_]

    @classmethod
    def of(cls, seen: Sequence[Seen]) -> Self:
        """Put together what was seen one by one, at least one."""
        return cls(
            np.stack([one.pixels for one in seen]),
            np.array([one.blank for one in seen]),
            np.array([one.several for one in seen]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Classification:
    """An input and what it was answered with.

    Attributes:
        seen: what the network read.
        verdict: the answer.
    """

    seen: Seen
    verdict: Verdict
