"""What a network answers when nothing has drifted: its validation digits, counted as a service counts."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from service.artifacts.record import Count, Record, Row, rising

__all__ = ["INK_BOUNDS", "SHARE_BOUNDS", "Bins", "Reference"]

SHARE_BOUNDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Upper bounds of the bins of an activation, or of a difference of two."""

INK_BOUNDS = (0.01, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.5, 1.0)
"""Upper bounds of the bins of the mean pixel."""


class Bins(Record):
    """Images by the bin that a number of theirs falls into.

    Attributes:
        bounds: upper ones, included in their bins, rising.
        counts: images in each bin, and the last of those beyond every bound.
    """

    bounds: Annotated[Row[float], Field(min_length=1, max_length=64)]
    counts: Row[Count]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if not rising(self.bounds):
            raise ValueError("bounds are not sorted")
        if len(self.counts) != len(self.bounds) + 1:
            raise ValueError(f"{len(self.bounds)} bounds need one more count; there are {len(self.counts)}")
        return self


class Reference(Record):
    """The validation digits behind the threshold, counted.

    Attributes:
        n_images: validation digits.
        answers: of them by label, and the last of those rejected at the artifact's threshold.
        largest_activation: of them by their largest activation.
        ink: of them by their mean pixel, before the network's own preprocessing.
    """

    n_images: Annotated[int, Field(ge=1, lt=2**63)]
    answers: Row[Count]
    largest_activation: Bins
    ink: Bins

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        for counts in (self.answers, self.largest_activation.counts, self.ink.counts):
            if sum(counts) != self.n_images:
                raise ValueError(f"{sum(counts)} images are counted, and n_images says {self.n_images}")
        return self
