"""Connections whose client must have sent its request, and then taken its answer, by a certain time.

A thread that reads from a client waits for it without end. So another one, which looks every second or so,
shuts down what has taken too long, and the thread goes on with what has come.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Deadlines"]


class Connection(Protocol):
    """Has a socket; two of them are equal only if they are the same."""

    sock: socket.socket


@dataclass(slots=True)
class _Deadline:
    """What happens when.

    Attributes:
        at: on the monotonic clock.
        then: what is shut down: first the receiving half, then both.
    """

    at: float
    then: int = socket.SHUT_RD


class Deadlines:
    """Ends the waiting for clients that do not keep up."""

    def __init__(self, seconds: float) -> None:
        """Give each half of an exchange so many seconds."""
        self._seconds = seconds
        self._due: dict[Connection, _Deadline] = {}

    @property
    def watched(self) -> tuple[Connection, ...]:
        """Return the connections that are waited for."""
        return (*self._due.copy(),)

    @contextmanager
    def watch(self, conn: Connection) -> Iterator[None]:
        """Bound how long a connection is waited for meanwhile."""
        self._due[conn] = _Deadline(self._from_now())
        try:
            yield
        finally:
            del self._due[conn]

    def begin_anew(self, conn: Connection) -> None:
        """Give a connection all of its time again, if it is watched: its request has another part to come."""
        if conn in self._due:
            self._due[conn] = _Deadline(self._from_now())

    def cut_late(self) -> None:
        """Answer what has arrived of requests whose time is up, and end answers that nobody takes."""
        now = time.monotonic()
        for conn, deadline in self._due.copy().items():
            if deadline.at < now:
                _cut(conn, deadline.then)
                deadline.then, deadline.at = socket.SHUT_RDWR, self._from_now()

    def cut(self) -> None:
        """Read nothing more of any request, and answer what has arrived."""
        self._cut_all(socket.SHUT_RD)

    def end(self) -> None:
        """Wait for nobody any longer: end the answers, too, that are not taken."""
        self._cut_all(socket.SHUT_RDWR)

    def _cut_all(self, how: int) -> None:
        for conn in self.watched:
            _cut(conn, how)

    def _from_now(self) -> float:
        return time.monotonic() + self._seconds


def _cut(conn: Connection, how: int) -> None:
    with suppress(OSError):  # the client is gone
        conn.sock.shutdown(how)
