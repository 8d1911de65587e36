"""What all records of the metadata build upon: refused where they say too much, and never changed."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, FailFast, Field

__all__ = ["Count", "Fraction", "Record", "Row", "rising"]

Item = TypeVar("Item")
Row: TypeAlias = Annotated[tuple[Item, ...], FailFast()]  # of a million wrong numbers one is told

Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, lt=2**63)]


class Record(BaseModel):
    """Refuses members it does not know, and does not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def rising(numbers: Iterable[float]) -> bool:
    """Say whether each number is larger than the one before it."""
    return all(before < after for before, after in pairwise(numbers))
