"""What a process does where the machine has nothing left to give: file descriptors, threads, or memory."""

import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

__all__ = ["EXHAUSTED", "Spare", "Threads", "die_first"]

EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""What accept() says where there is no room for one more connection; accept(2)."""

OOM_SCORE_ADJUSTMENT = "500"  # of 1000: half of the memory that is allowed is added to what a process uses


class Spare:
    """A file descriptor that is kept for the moment at which there is no other."""

    def __init__(self) -> None:
        self._fd: int | None = None
        self._take()

    def lend(self, use: Callable[[], None]) -> None:
        """Call a function that may open one file, and should close it."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)
        try:
            use()
        finally:
            self._take()

    def _take(self) -> None:
        with suppress(OSError):  # somebody was faster: the next loan ends with another try
            self._fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


class Threads(ThreadPoolExecutor):
    """Is the library's pool, whose work waits for another thread where no further one can be started."""

    def _adjust_thread_count(self) -> None:
        with suppress(RuntimeError):  # what is submitted next tries again
            super()._adjust_thread_count()


def die_first() -> None:
    """Let the kernel end this process, and not its parent, where memory runs out."""
    with suppress(OSError):  # no Linux
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE_ADJUSTMENT, encoding="ascii")
