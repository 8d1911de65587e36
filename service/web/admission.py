"""Which requests may wait for a thread, and how long: bounded, so that under load some are answered in time.

The others are turned away by the loop that accepts connections, which no classification keeps busy. The
requests of probes do not wait with the others, so that a busy service is not taken for a dead one.
"""

import time
from socket import MSG_DONTWAIT, MSG_PEEK
from typing import TYPE_CHECKING, cast

from service.web.errors import OverloadedError
from service.web.health import PROBES
from service.web.load import Load, Shed

if TYPE_CHECKING:
    from gunicorn.http.parser import RequestParser
    from gunicorn.workers.gthread import TConn

__all__ = ["PEEK_BYTES", "Queue", "arrived", "is_probe", "overloaded"]

PEEK_BYTES = 2048  # in which the whole head of a probe's request fits
PROBE_LINES = tuple(f"GET {path} ".encode() for path in sorted(PROBES))
END_OF_HEAD = b"\r\n\r\n"
RETRY_AFTER_SECONDS = 1  # a queue that is full now has been answered or given up by then


def arrived(conn: "TConn") -> bytes | None:
    """Return the beginning of the request that waits on a connection, unread.

    None is returned where nothing has come yet, and nothing (b"") where nothing will.
    """
    try:
        return _read_ahead(conn) or conn.sock.recv(PEEK_BYTES, MSG_PEEK | MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _read_ahead(conn: "TConn") -> bytes:
    """Return what was read behind the body of the connection's last request."""
    parser = cast("RequestParser | None", conn.parser)
    return parser.unreader.buf.getvalue() if parser else b""


def is_probe(head: bytes) -> bool:
    """Say whether a request is that of a probe, and complete, so that nobody waits for the rest of it."""
    return head.startswith(PROBE_LINES) and END_OF_HEAD in head


def overloaded(reason: Shed) -> OverloadedError:
    """Return what is answered to a request that is turned away."""
    why = {
        Shed.FULL: "more requests wait than are answered in time",
        Shed.LATE: "the request has waited for too long",
        Shed.FILES: "more connections are open than there are files for",
    }
    return OverloadedError(
        f"{why[reason]}; send it again after {RETRY_AFTER_SECONDS} s or more",
        {"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


class Queue:
    """Knows since when each connection waits for a thread.

    The loop adds connections and threads take them; each of these steps is one operation on a dict.
    """

    def __init__(self, most: int, seconds: float, load: Load) -> None:
        """Let so many requests wait, and each for so many seconds."""
        self._most = most
        self._seconds = seconds
        self._load = load
        self._since: dict[TConn, float] = {}  # on the monotonic clock

    @property
    def full(self) -> bool:
        """Say whether as many requests wait as may."""
        return len(self._since) >= self._most

    def add(self, conn: "TConn") -> None:
        """Let the request on a connection wait."""
        self._since[conn] = time.monotonic()
        self._load.queued()

    def take(self, conn: "TConn") -> float | None:
        """End the wait; say how many seconds were left, or None where the request did not wait here."""
        since = self._since.pop(conn, None)
        if since is None:
            return None
        self._load.taken()
        return self._seconds - (time.monotonic() - since)
