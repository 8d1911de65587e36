"""Log lines that never make a request wait: what a stalled reader does not take is dropped, and counted."""

import os
import select
import stat
from collections.abc import Callable

__all__ = ["LineWriter"]

PIPE_BUF = select.PIPE_BUF  # bytes that a pipe takes whole or not at all


class LineWriter:
    """Writes lines to a file descriptor, as structlog's own loggers do, but never waits for its reader."""

    def __init__(self, fd: int, dropped: Callable[[], None]) -> None:
        """Write to a file descriptor; dropped is told of each line that is lost."""
        mode = os.fstat(fd).st_mode
        own = _opened_anew(fd) if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) else None
        self._fd = fd if own is None else own
        self._asks_first = own is None and not stat.S_ISREG(mode)
        self._dropped = dropped
        self._is_torn = False  # the end of what was written last is missing

    def write(self, line: bytes) -> None:
        """Write one line, its newline included, or drop it."""
        if len(line) > PIPE_BUF or (self._asks_first and not _takes_more(self._fd)):
            self._dropped()
            return
        whole = b"\n" + line if self._is_torn else line
        try:
            written = os.write(self._fd, whole)
        except OSError:  # a full pipe, a full disk, a reader that went away
            written = 0
        if written:  # a disk that is nearly full takes some of it
            self._is_torn = written < len(whole)
        if written < len(whole):
            self._dropped()

    debug = info = warning = error = critical = write  # structlog calls the level's name


def _opened_anew(fd: int) -> int | None:
    """Open a pipe or terminal a second time, so that only our writes to it return at once when it is full.

    Files are not opened anew: another writer to the same file would then overwrite our lines.
    """
    try:
        return os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:  # no /proc, or stdout belongs to somebody else
        return None


def _takes_more(fd: int) -> bool:
    _, writable, _ = select.select((), (fd,), (), 0)
    return bool(writable)
