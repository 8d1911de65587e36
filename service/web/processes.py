"""What the processes of the service use of the machine, added up as if they were one.

Memory is added by proportional set sizes: a page that n processes share counts for one n-th in each, so that
the sum is what is really occupied. The time of processes that have ended is in their parent's account.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = ["Processes"]

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")  # a second
UTIME = 11  # place of a process's own time in /proc/<pid>/stat behind the name; proc_pid_stat(5)


class Processes(Collector):
    """Reads what a process and its children use; where there is no /proc, it reads nothing."""

    def __init__(self, parent: int) -> None:
        """Observe the process of this id and its children."""
        self._parent = parent

    def collect(self) -> Iterator[Metric]:
        """Yield processor time, memory and open files under the names that Prometheus knows them by."""
        if not (PROC / str(self._parent)).exists():
            return
        pids = [self._parent, *_children(self._parent)]
        cpu = _cpu_seconds(self._parent, ended=True) + _total(_cpu_seconds, pids[1:])
        yield CounterMetricFamily(
            "process_cpu_seconds", "Processor time of all processes, ended ones included.", value=cpu
        )
        yield GaugeMetricFamily(
            "process_resident_memory_bytes",
            "Memory of all processes, shared pages counted once.",
            value=_total(_memory_bytes, pids),
        )
        yield GaugeMetricFamily(
            "process_open_fds", "Files that all processes hold open.", value=_total(_open_files, pids)
        )
        yield GaugeMetricFamily(
            "process_max_fds", "Files that each process may hold open.", value=getrlimit(RLIMIT_NOFILE)[0]
        )
        yield GaugeMetricFamily("digits_processes", "Processes, the master included.", value=len(pids))


def _children(pid: int) -> list[int]:
    with suppress(OSError):  # a kernel may be built without this file
        return [int(child) for child in (PROC / f"{pid}/task/{pid}/children").read_text().split()]
    return []


def _total(measure: Callable[[int], float], pids: list[int]) -> float:
    total = 0.0
    for pid in pids:
        with suppress(OSError):  # it has just ended
            total += measure(pid)
    return total


def _cpu_seconds(pid: int, *, ended: bool = False) -> float:
    """Return the time that a process took, with that of its children that have ended where asked for."""
    fields = (PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[UTIME : UTIME + (4 if ended else 2)])) / TICKS


def _memory_bytes(pid: int) -> float:
    """Return the proportional set size, or the resident one where the kernel does not tell."""
    try:
        text = (PROC / f"{pid}/smaps_rollup").read_text().partition("\nPss:")[2]
    except OSError:
        text = (PROC / f"{pid}/status").read_text().partition("\nVmRSS:")[2]
    kibibytes = text.split()[:1]  # none of one that has ended, and that nobody has asked for its end yet
    return 1024 * int(kibibytes[0]) if kibibytes else 0


def _open_files(pid: int) -> float:
    return sum(1 for _ in (PROC / f"{pid}/fd").iterdir())
