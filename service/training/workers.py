"""Work on many tasks in several processes, each of which is handed once what all tasks share."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any, TypeVar

__all__ = ["side_by_side"]

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")

_shared: list[Any] = []  # in a worker: the one thing that every task is given


def side_by_side(
    work: Callable[[Shared, Task], Result], shared: Shared, tasks: Sequence[Task], processes: int
) -> Iterator[Result]:
    """Yield work(shared, task) for each task, in the order of the tasks.

    Args:
        work: a function of a module, which another process can import.
        shared: what every task is given; it is sent to each process once.
        tasks: small values.
        processes: at most so many at once; 1 works here and starts none.
    """
    processes = min(processes, len(tasks))
    if processes <= 1:
        yield from (work(shared, task) for task in tasks)
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _keep, (shared,)) as pool:
        yield from pool.map(partial(_work, work), tasks)


def _keep(shared: Any) -> None:  # noqa: ANN401  # whatever the tasks share
    _shared.append(shared)


def _work(work: Callable[[Any, Task], Result], task: Task) -> Result:
    return work(_shared[0], task)
