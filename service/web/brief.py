"""Requests that take a millisecond: the worker's loop answers them itself.

To hand a connection to a thread and to take it back costs more than to classify a small picture. But the
loop must wait for nobody. So a request is brief only if all of it has arrived, and if its picture and the
networks are small; and what is written to the client is kept, so that it leaves at once or by a thread.
"""

import re
from typing import TYPE_CHECKING

from service.imaging import claimed_pixels
from service.imaging.png import SIGNATURE

if TYPE_CHECKING:
    import socket

    from gunicorn.workers.gthread import TConn

__all__ = ["Envelope", "is_brief"]

PIXELS = 256 * 256  # of the largest picture that is decoded and normalized in about a millisecond
START = b"POST /v1/classify"
END_OF_HEAD = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,6})[ \t]*(?=\r\n)", re.IGNORECASE)
OTHER_FORMATS = (b"\xff\xd8\xff", b"WEBP")  # whose pixels are not bounded by what a PNG claims


def is_brief(received: bytes) -> bool:
    """Say whether bytes are, or begin with, a whole request to classify one small PNG.

    Of the length of the body gunicorn's parser has the last word. It can only agree or refuse the request:
    there is one such field, well-formed, and none that would count in its place.
    """
    if not received.startswith(START):
        return False
    head, end, rest = received.partition(END_OF_HEAD)
    lengths = LENGTH.findall(head + end)
    if len(lengths) != 1 or len(rest) < int(lengths[0]) or b"transfer-encoding" in head.lower():
        return False
    body = rest[: int(lengths[0])]
    if body.count(SIGNATURE) != 1 or any(mark in body for mark in OTHER_FORMATS):
        return False
    return claimed_pixels(body[body.index(SIGNATURE) :]) <= PIXELS


class Envelope:
    """Stands in for a connection and its socket, and keeps what is written, so that all of it leaves as one.

    Attributes:
        sock: itself.
        client: of the connection.
        server: of the connection.
    """

    def __init__(self, conn: "TConn") -> None:
        self.client, self.server = conn.client, conn.server
        self._parts: list[bytes] = []

    @property
    def sock(self) -> "Envelope":
        """Return what gunicorn writes to."""
        return self

    def sendall(self, part: bytes) -> None:
        """Keep a part of the answer."""
        self._parts.append(part)

    def send_to(self, sock: "socket.socket") -> bytes:
        """Send what was kept through a socket that does not block; return what did not leave at once."""
        answer = b"".join(self._parts)
        try:
            return answer[sock.send(answer) :]
        except BlockingIOError:
            return answer
