"""This machine's cores, a process each."""

import signal
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Future
from ctypes import c_bool
from multiprocessing import get_all_start_methods, get_context
from types import TracebackType
from typing import Self

from service.bulk.job import Item, Job, Worker
from service.bulk.rows import Row
from service.processes import Context, Processes
from service.threads import ONE_THREAD

__all__ = ["Cores"]

AT_ONCE = 4  # batches for each process, so that none waits for the next


class Cores:
    """Processes of this machine that answer files; one that is killed is replaced.

    Attributes:
        broken: raised by a batch whose process was ended before it was through.
        brings_bytes: False, as the processes read files themselves.
        batch_items: files of a batch.
    """

    broken: tuple[type[Exception], ...] = (BrokenExecutor,)
    brings_bytes = False
    batch_items = 64

    def __init__(self, job: Job, n_workers: int) -> None:
        """Start so many processes when the first files come."""
        self._n_workers = n_workers
        context = _context()
        self._stop = context.RawValue(c_bool)  # an Event's lock would die with its holder
        self._processes = Processes(
            n_workers, context, _begin, job, inherited=(self._stop,), environment=ONE_THREAD
        )

    @property
    def capacity(self) -> int:
        """Say how many batches are worth having in hand."""
        return AT_ONCE * self._n_workers

    def submit(self, items: Sequence[Item]) -> Future[list[Row]]:
        """Let a process answer a batch."""
        return self._processes.submit(_answer, items)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the processes; where something went wrong each ends with the picture at hand."""
        if kind is not None:
            self._stop.value = True
        self._processes.shutdown(cancel_futures=True)


def _context() -> Context:
    """Return a way to start processes that forks nothing which has threads, and imports once where it can."""
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


HERE: list[Worker] = []
"""The one worker of a process that this module started."""


def _begin(stop: c_bool, job: Job) -> None:
    # Ctrl-C reaches every process of a terminal; the first one ends us
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    HERE.append(Worker(job, lambda: bool(stop.value)))


def _answer(items: Sequence[Item]) -> list[Row]:
    return HERE[0].answer(items)
