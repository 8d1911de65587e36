"""Work on many tasks in several processes, each of which is handed once what all tasks share."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

__all__ = ["side_by_side"]

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
    """
    if processes <= 1:
        yield from (work(shared, task) for task in tasks)
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _keep, (shared,)) as pool:
        begun: deque[Future[Result]] = deque()
        try:
            for task in tasks:
                begun.append(pool.submit(_work, work, task))
                if len(begun) > ahead:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _keep(shared: Any) -> None:  # noqa: ANN401  # whatever the tasks share
    _shared.append(shared)


def _work(work: Callable[[Any, Task], Result], task: Task) -> Result:
    return work(_shared[0], task)
