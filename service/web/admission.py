"""Which requests may wait for a thread, and how long: bounded, so that under load some are answered in time.

The others are turned away by the loop that accepts connections, which no classification keeps busy. The
requests of probes do not wait with the others, so that a busy service is not taken for a dead one.
"""

import re
import time
from collections.abc import Mapping
from socket import MSG_DONTWAIT, MSG_PEEK
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from service.web.errors import OverloadedError
from service.web.heads import END_OF_HEAD
from service.web.health import PROBES
from service.web.load import Load, Shed
from service.web.strain import Strain

if TYPE_CHECKING:
    from gunicorn.http.parser import RequestParser
    from gunicorn.workers.gthread import TConn

__all__ = ["PEEK_BYTES", "Queue", "arrived", "is_probe", "overloaded", "read_ahead"]

LOOK = MSG_PEEK | MSG_DONTWAIT  # joined once: flags of an enumeration take as long as the look itself
PEEK_BYTES = 65_536  # in which the whole of a brief request fits, and the head of a probe's
PATHS = b"|".join(re.escape(path.encode()) for path in sorted(PROBES))
PROBE_LINE = re.compile(rb"(?:GET|HEAD) (?:%s)[ ?]" % PATHS)
GOES_ON = re.compile(rb"\r\n(?:content-length|transfer-encoding|expect)[ \t]*:", re.IGNORECASE)
LONG_SECONDS = 1  # for which no request keeps a processor busy
RETRY_AFTER_SECONDS = 1  # a queue that is full now has been answered or given up by then
WHY: Mapping[Shed, str] = MappingProxyType(
    {
        Shed.FULL: "more requests wait than are answered in time",
        Shed.STRAIN: "more requests come than are answered in time",
        Shed.LATE: "the request has waited for too long",
        Shed.FILES: "more connections are open than there are files for",
    }
)
"""What a client is told whose request is turned away."""


def arrived(conn: "TConn") -> bytes | None:
    """Return the beginning of the request that waits on a connection, unread.

    None is returned where nothing has come yet, and nothing (b"") where nothing will.
    """
    try:
        return read_ahead(conn) or conn.sock.recv(PEEK_BYTES, LOOK)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def read_ahead(conn: "TConn") -> bytes:
    """Return what was read behind the body of the connection's last request."""
    parser = cast("RequestParser | None", conn.parser)
    return parser.unreader.buf.getvalue() if parser else b""


def is_probe(head: bytes) -> bool:
    """Say whether a request is that of a probe, and complete, so that nobody waits for the rest of it."""
    if not PROBE_LINE.match(head):
        return False
    fields, end, _ = head.partition(END_OF_HEAD)
    return bool(end) and not GOES_ON.search(fields)


def overloaded(reason: Shed) -> OverloadedError:
    """Return what is answered to a request that is turned away."""
    return OverloadedError(
        f"{WHY[reason]}; send it again after {RETRY_AFTER_SECONDS} s or more",
        {"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


class Queue:
    """Knows since when each connection waits for a thread, and which threads are at work.

    The loop adds connections and threads take them; each of these steps is one operation on a dict.
    """

    def __init__(self, most: int, seconds: float, load: Load) -> None:
        """Let so many requests wait, and each for so many seconds."""
        self._most = most
        self._seconds = seconds
        self._load = load
        self._strain = Strain(seconds)
        self._since: dict[TConn, float] = {}  # on the monotonic clock
        self._working: dict[TConn, float] = {}  # since when, on the same clock

    def reason_to_refuse(self) -> Shed | None:
        """Say why one more request may not wait, or None where it may."""
        waiting = len(self._since)
        if waiting >= self._most:
            return Shed.FULL
        if self._strain.is_calm or self._strain.admits(waiting + self._n_working()):
            return None
        return Shed.STRAIN

    def _n_working(self) -> int:
        """Count the requests that are being answered; one that takes long waits for its client."""
        long_ago = time.monotonic() - LONG_SECONDS
        return sum(since > long_ago for since in self._working.copy().values())

    def add(self, conn: "TConn") -> None:
        """Let the request on a connection wait."""
        self._since[conn] = time.monotonic()
        self._load.queued()

    def take(self, conn: "TConn") -> float:
        """End the wait; say how many seconds were left."""
        since = self._since.pop(conn)
        now = self._working[conn] = time.monotonic()
        self._load.taken()
        bearable = self._strain.bears(now - since, behind=len(self._since))
        return self._seconds - (now - since) if bearable else 0

    def done(self, conn: "TConn") -> None:
        """End the work on a request that has waited."""
        del self._working[conn]
        self._load.done()
