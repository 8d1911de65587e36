"""Those who answer files: this machine's processes, or a cluster's."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from service.bulk.job import Item
from service.bulk.rows import Row

__all__ = ["Crew"]


class Crew(Protocol):
    """Answers batches of files, several at once and in any order.

    Attributes:
        broken: raised by a batch whose process was ended before it was through.
        brings_bytes: whether files are read here, because those who answer may not see them.
        batch_items: files of a batch.
    """

    broken: tuple[type[Exception], ...]
    brings_bytes: bool
    batch_items: int

    @property
    def capacity(self) -> int:
        """Say how many batches are worth having in hand."""
        ...

    def submit(self, items: Sequence[Item]) -> Future[list[Row]]:
        """Let a batch be answered."""
        ...
