"""Connections that have had their last answer, kept open until their client has read it.

To close a socket on which bytes are still coming in resets the connection, and the client loses the answer
that it has not read. So the sending half is closed first, and what still comes in is discarded for a while.
"""

import selectors
import socket
import time
from dataclasses import dataclass

__all__ = ["Linger"]

LINGER_SECONDS = 5
LINGER_BYTES = 64 * 1024 * 1024  # that a client may send meanwhile: four bodies of the largest size
CHUNK_BYTES = 64 * 1024  # read at a time


@dataclass(slots=True)
class _Allowance:
    until: float  # on the monotonic clock
    bytes_left: int


class Linger:
    """Discards what clients send too late, within a selector that others wait on."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._allowances: dict[socket.socket, _Allowance] = {}

    def add(self, sock: socket.socket) -> None:
        """Tell the client that nothing more will come, and wait for it to hang up."""
        try:
            sock.shutdown(socket.SHUT_WR)
        except OSError:  # it has hung up already
            sock.close()
            return
        sock.settimeout(0)
        self._allowances[sock] = _Allowance(time.monotonic() + LINGER_SECONDS, LINGER_BYTES)
        self._selector.register(sock, selectors.EVENT_READ, self._discard)

    def expire(self) -> None:
        """Close connections whose time is up; call it every second or so."""
        now = time.monotonic()
        for sock in [sock for sock, allowance in self._allowances.items() if allowance.until < now]:
            self._close(sock)

    def cut_short(self, most: int) -> int:
        """Close the connections that were added first, where their descriptors are needed; say how many."""
        oldest = [*self._allowances][:most]
        for sock in oldest:
            self._close(sock)
        return len(oldest)

    def close(self) -> None:
        """Wait for nobody any longer."""
        for sock in self._allowances:
            sock.close()

    def _discard(self, sock: socket.socket) -> None:
        allowance = self._allowances[sock]
        try:
            received = len(sock.recv(CHUNK_BYTES))
        except OSError:
            received = 0
        allowance.bytes_left -= received
        if received == 0 or allowance.bytes_left <= 0:
            self._close(sock)

    def _close(self, sock: socket.socket) -> None:
        del self._allowances[sock]
        self._selector.unregister(sock)
        sock.close()
