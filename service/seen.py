"""One input as a classifier sees it: read but not yet judged, and then with its verdict."""

from dataclasses import dataclass

from service.imaging import Normalized, Pixels
from service.verdict import Verdict

__all__ = ["Classification", "Seen"]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One input as it was read, not yet judged.

    Attributes:
        pixels: (n_in,) float32, the input before the network's own preprocessing.
        blank: there is no ink on the paper.
        normalized: what was done to the upload; None where pixels were sent instead of a picture.
        size: (width, height) of the upload in pixels; None likewise.
        mode: how the PNG held its pixels; None likewise.
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
class Classification:
    """An input and what it was answered with.

    Attributes:
        seen: what the network read.
        verdict: the answer.
    """

    seen: Seen
    verdict: Verdict
