"""Work in other processes: on many tasks side by side, or on one long one beside what is done here."""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import Any, TypeVar

from service.errors import ServiceError
from service.processes import Processes

__all__ = ["elsewhere", "side_by_side"]

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")

_shared: list[Any] = []  # in a worker: the one thing that every task is given


def side_by_side(
    work: Callable[[Shared, Task], Result], shared: Shared, tasks: Iterable[Task], processes: int, ahead: int
) -> Iterator[Result]:
    """Yield work(shared, task) for each task, in the order of the tasks.

    Args:
        work: a function of a module, which another process can import.
        shared: what every task is given; it is sent to each process once.
        tasks: small values, any number of them.
        processes: 1 works here, when a result is asked for, and starts none.
        ahead: how many tasks are begun before their results are asked for, at most.

    Raises:
        ServiceError: a process was ended from outside.
    """
    if processes <= 1:
        yield from (work(shared, task) for task in tasks)
        return
    pool = Processes(processes, get_context("spawn"), _keep, shared)
    begun: deque[Future[Result]] = deque()
    try:
        for task in tasks:
            begun.append(pool.submit(_work, work, task))
            if len(begun) > ahead:
                yield _result(begun.popleft())
        while begun:
            yield _result(begun.popleft())
    finally:  # once, and waited for: a second call would take back that what has not begun is left undone
        pool.shutdown(cancel_futures=True)


@contextmanager
def elsewhere(work: Callable[..., Result], *arguments: object) -> Iterator[Callable[[], Result]]:
    """Do a long work in a process of its own; it is ended where nobody will ask for its result any more.

    Args:
        work: a function of a module, which another process can import.
        arguments: its own.

    Yields:
        what waits for the result.

    Raises:
        ServiceError: the process was ended from outside.
    """
    with Processes(1, get_context("spawn"), _end_when_told) as pool:
        number = _result(pool.submit(os.getpid))
        result = pool.submit(work, *arguments)
        try:
            yield partial(_result, result)
        except BaseException:
            if not result.done():  # else the process waits for nothing, or is gone
                os.kill(number, signal.SIGTERM)
            raise


def _result(future: Future[Result]) -> Result:
    """Wait for what a process makes."""
    try:
        return future.result()
    except BrokenExecutor as error:
        raise ServiceError(f"{error}, perhaps for want of memory; allow fewer with --processes") from error


def _end_when_told() -> None:
    """Unwind on SIGTERM as on Ctrl-C, so that this process ends those that it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one


def _keep(shared: Any) -> None:  # noqa: ANN401  # whatever the tasks share
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a word; whoever started it has one
    _shared.append(shared)


def _work(work: Callable[[Any, Task], Result], task: Task) -> Result:
    return work(_shared[0], task)
