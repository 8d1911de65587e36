"""What processes use of this machine, as Linux tells it in /proc."""

import os
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import NamedTuple, Self

__all__ = ["Share", "cpu_seconds", "family", "own_bytes", "proportional_bytes"]

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")  # a second
UTIME = 11  # place of a process's own time in /proc/<pid>/stat behind the name; proc_pid_stat(5)
BUSY = (0, 1, 2, 7)  # user, nice, system, steal in /proc/stat; interrupts belong to nobody


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    children = (PROC / f"{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def cpu_seconds(pid: int) -> float:
    """Return the processor time, user and system, of a process and all that descend from it."""
    return sum(sum(_stat(one)[UTIME : UTIME + 2]) for one in family(pid)) / TICKS


def _stat(pid: int) -> list[int]:
    fields = (PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
    return [0, *(int(field) for field in fields[1:])]


def proportional_bytes(pid: int) -> int:
    """Return the memory of a process and all that descend from it, shared pages counted once."""
    return sum(_memory(one, "Pss:") for one in family(pid))


def own_bytes(pid: int) -> int:
    """Return the memory that one process shares with no other."""
    return _memory(pid, "Private_Clean:") + _memory(pid, "Private_Dirty:")


def _memory(pid: int, row: str) -> int:
    lines = (PROC / f"{pid}/smaps_rollup").read_text().splitlines()
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith(row))


class Share(NamedTuple):
    """The machine at one moment: what was used of it since it started, and by whom, in seconds."""

    wall: float
    used: float
    ours: float

    @classmethod
    def now(cls, *pids: int) -> Self:
        """Look at the machine; ours are this process, its children that have ended, and these families."""
        fields = [int(field) for field in (PROC / "stat").read_text().partition("\n")[0].split()[1:]]
        accounts = (getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN))
        ours = sum(account.ru_utime + account.ru_stime for account in accounts)
        used = sum(fields[place] for place in BUSY) / TICKS
        return cls(time.monotonic(), used, ours + sum(map(cpu_seconds, pids)))

    def of_others_since(self, before: Self) -> float:
        """Return the share of the machine that others used meanwhile, 0..1."""
        seconds = (self.wall - before.wall) * (os.cpu_count() or 1)
        return max(0.0, (self.used - before.used - (self.ours - before.ours)) / seconds)
