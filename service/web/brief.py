"""Requests that take a millisecond: the worker's loop answers them itself.

To hand a connection to a thread and to take it back costs more than to classify a small picture. But the
loop must wait for nobody. So a request is brief only if all of it has arrived and its picture is small; and
what is written to the client is kept, so that it leaves at once, or by a thread.
"""

import re
import socket
import time
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, cast

from gunicorn.workers.gthread import ThreadWorker

from service.imaging import BRIEF, claimed_pixels, is_alike
from service.imaging.png import SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gunicorn.http import Request
    from gunicorn.http.parser import RequestParser
    from gunicorn.workers.gthread import TConn

    from service.web.ahead import Foreseen

__all__ = ["BriefWorker", "Envelope", "is_brief", "picture_in"]

START = b"POST /v1/classify"
BARE_START = START + b" HTTP/1.1\r\n"
END_OF_HEAD = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,6})[ \t]*(?=\r\n)", re.IGNORECASE)
END_OF_PNG = b"IEND\xaeB`\x82"
OTHER_FORMATS = (b"\xff\xd8\xff", b"WEBP")  # whose pixels are not bounded by what a PNG claims
AT_ONCE = 8  # pictures that are looked at before the first of their requests is answered
TURN_SECONDS = 0.1  # for which the loop answers brief requests before it looks after its connections again


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
    return claimed_pixels(body[body.index(SIGNATURE) :]) <= BRIEF


def picture_in(received: bytes) -> bytes | None:
    """Return the picture in a brief request, by itself or in a form, if MNIST could hold it.

    Of a request that chooses something in its query there is none, since it is not answered like others.
    """
    if not received.startswith(BARE_START):
        return None
    begin = received.index(SIGNATURE)
    end = received.find(END_OF_PNG, begin) + len(END_OF_PNG)
    picture = received[begin:end]
    return picture if is_alike(picture) else None


class Envelope:
    """Stands in for a connection and its socket, and keeps what is written, so that all of it leaves as one.

    Attributes:
        client: of the connection.
        server: of the connection.
        foreseen: what the picture in its request was found to hold; the application finds it here.
    """

    def __init__(self, conn: "TConn", foreseen: "Foreseen | None" = None) -> None:
        self.client, self.server, self.foreseen = conn.client, conn.server, foreseen
        self._parts: list[bytes] = []

    @property
    def sock(self) -> "Envelope":
        """Return what gunicorn writes to."""
        return self

    def sendall(self, part: bytes) -> None:
        """Keep a part of the answer."""
        self._parts.append(part)

    def send_to(self, sock: socket.socket) -> bytes:
        """Send what was kept through a socket that does not block; return what did not leave at once."""
        answer = b"".join(self._parts)
        try:
            return answer[sock.send(answer) :]
        except BlockingIOError:
            return answer


class BriefWorker(ThreadWorker):
    """Is gunicorn's threaded worker, but that its loop answers brief requests itself."""

    def init_process(self) -> None:
        """Begin to work, in the process that was forked."""
        self._brief: deque[tuple[TConn, bytes | None]] = deque()
        self._next: deque[tuple[TConn, Foreseen | None]] = deque()
        super().init_process()

    def answer_soon(self, conn: "TConn", received: bytes) -> None:
        """Let the brief request on a connection wait for the loop."""
        self._brief.append((conn, picture_in(received)))

    def wait_for_and_dispatch_events(self, timeout: float | None) -> None:
        """Let requests come in; between them answer, one at a time, those that are brief."""
        super().wait_for_and_dispatch_events(0 if self._next or self._brief else timeout)
        until = time.monotonic() + TURN_SECONDS
        while (self._next or self._brief) and time.monotonic() < until:
            if not self._next:
                self._look_ahead()
            self.answer_here(*self._next.popleft())
            super().wait_for_and_dispatch_events(0)

    def _look_ahead(self) -> None:
        """Look at the pictures of those whose turn is next."""
        turn = [self._brief.popleft() for _ in range(min(len(self._brief), AT_ONCE))]
        foreseen = self.foresee([picture for _, picture in turn])
        self._next.extend((conn, found) for (conn, _), found in zip(turn, foreseen, strict=True))

    def foresee(self, pictures: "Sequence[bytes | None]") -> "list[Foreseen | None]":
        """Classify pictures whose requests wait; None in place of one that its own request looks at.

        It must not raise: the loop would end.
        """
        return [None] * len(pictures)

    def answer_here(self, conn: "TConn", foreseen: "Foreseen | None" = None) -> None:
        """Answer a brief request in the loop, which waits for the client neither to send nor to read."""
        done = Future[bool]()
        try:
            envelope = Envelope(conn, foreseen)
            keep = self._handle_here(conn, envelope)
            rest = envelope.send_to(conn.sock)
        except OSError:  # the client is gone
            keep, rest = False, b""
        if rest:
            done = self.tpool.submit(self.send_rest, conn, rest, keep=keep)
            done.add_done_callback(lambda sent: self.method_queue.defer(self.finish_request, conn, sent))
        else:
            done.set_result(keep)
            self.finish_request(conn, done)

    def _handle_here(self, conn: "TConn", envelope: Envelope) -> bool:
        """Do what ThreadWorker.handle does in a thread; say whether the connection can be used again."""
        req: Request | None = None
        try:
            if not conn.initialized:
                conn.init()
                conn.sock.settimeout(0)
            req = next(cast("RequestParser", conn.parser))
            keep = self.handle_request(req, cast("TConn", envelope))
            return bool(self._keepalive_after(conn, keep))  # type: ignore[attr-defined]  # the stubs lack it
        except StopIteration:
            return False
        except Exception as error:  # noqa: BLE001  # as ThreadWorker does
            self.handle_error(req, conn.sock, conn.client, error)
            return False

    def send_rest(self, conn: "TConn", rest: bytes, *, keep: bool) -> bool:
        """Wait, in a thread, for a client to take the rest of an answer; pass on whether to keep it."""
        try:
            conn.sock.settimeout(None)
            conn.sock.sendall(rest)
        except OSError:
            return False
        return keep
