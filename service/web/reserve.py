"""prometheus-client's files of samples, with room that is reserved before anything is written to it.

A file may be longer than the room that it has. Where none is left when a mapped page is first written to,
the kernel ends the process (SIGBUS). Here room is asked for, and a series that gets none is counted in vain
rather than at the cost of an answer.
"""

import mmap
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from struct import Struct
from threading import Lock

from prometheus_client import mmap_dict, values
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = ["Lost", "reserve_room"]

FIRST_BYTES = 1 << 16  # as prometheus-client makes its files
VALUE_BYTES = 16  # of a sample: its value and its time
ENTRY_BYTES = 4 + 8 + VALUE_BYTES  # and its key: the length of the key, padding
NUMBER = Struct("=Q")
CELLS = mmap.PAGESIZE // NUMBER.size


class Lost(Collector):
    """Counts series that found no room, in all processes that are forked after its making."""

    def __init__(self) -> None:
        self._cells = mmap.mmap(-1, mmap.PAGESIZE)  # each process has one, so that none waits for another
        self._lock = Lock()

    def add(self) -> None:
        """Count one."""
        at = os.getpid() % CELLS * NUMBER.size
        with self._lock:
            NUMBER.pack_into(self._cells, at, NUMBER.unpack_from(self._cells, at)[0] + 1)

    def collect(self) -> Iterator[Metric]:
        """Yield what all processes counted."""
        yield CounterMetricFamily(
            "digits_metric_series_lost",
            "Series that found no room for their counts in a process.",
            value=sum(number for (number,) in NUMBER.iter_unpack(self._cells[:])),
        )


def reserve_room(lost: Lost) -> None:
    """Let prometheus-client ask for room for its files; lost is told of each series that gets none."""
    values.MmapedDict = partial(_Reserved, lost)  # type: ignore[attr-defined, assignment]  # it is called as the class is


class _Reserved(mmap_dict.MmapedDict):
    """Is a file of samples, or memory that nobody else sees where the file cannot be made."""

    def __init__(self, lost: Lost, filename: str) -> None:
        self._lost = lost
        self._is_full = False
        try:
            _make(Path(filename))
            super().__init__(filename)  # type: ignore[no-untyped-call]  # untyped there
        except OSError:  # no room, a read-only folder, no file descriptor
            self._keep_in_memory()

    def _keep_in_memory(self) -> None:
        self._is_full = True
        self._f = None  # type: ignore[assignment]  # as close() leaves it
        self._m = mmap.mmap(-1, VALUE_BYTES)
        self._capacity = VALUE_BYTES
        self._used = VALUE_BYTES
        self._positions: dict[str, int] = {}

    def _init_value(self, key: str) -> None:
        """Find a place for a new series; those without room share one at the end, which nobody reads."""
        needed = self._used + ENTRY_BYTES + len(key.encode()) + VALUE_BYTES
        while needed > self._capacity and not self._is_full:
            self._grow()
        if needed <= self._capacity:
            super()._init_value(key)  # type: ignore[no-untyped-call]  # untyped there
        else:
            self._positions[key] = self._capacity - VALUE_BYTES
            self._lost.add()

    def _grow(self) -> None:
        """Double the file; where that fails it stays as it is, for as long as this process lives."""
        descriptor = self._f.fileno()
        try:
            _allocate(descriptor, self._capacity, self._capacity)
            self._m = mmap.mmap(descriptor, 2 * self._capacity)
        except OSError:
            self._is_full = True
        else:
            self._capacity *= 2


def _make(file: Path) -> None:
    """Make a file whose room is reserved, or none; one that is there already has its room."""
    if file.exists():
        return
    beside = file.with_suffix(".new")  # nobody reads it before it is whole
    try:
        with beside.open("wb") as made:
            _allocate(made.fileno(), 0, FIRST_BYTES)
        beside.rename(file)
    finally:
        beside.unlink(missing_ok=True)


def _allocate(descriptor: int, start: int, size: int) -> None:
    reserve = getattr(os, "posix_fallocate", None)  # macOS has none
    if reserve is None:
        os.ftruncate(descriptor, start + size)
    else:
        reserve(descriptor, start, size)
