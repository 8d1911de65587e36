"""The worker's loop, which answers brief requests itself.

To hand a connection to a thread and to take it back costs more than to classify a small picture. But the
loop must wait for nobody. So a request is brief only if all of it has arrived and its picture is small; and
what is written to the client is kept, so that it leaves at once, or by a thread.
"""

import os
import socket
import time
from collections import deque
from concurrent.futures import Future
from functools import lru_cache, partial
from io import BytesIO
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple, cast

from gunicorn.http.wsgi import base_environ
from gunicorn.workers.gthread import ThreadWorker

from service.web.admission import read_ahead
from service.web.heads import Variables, asks_to_part, came_securely, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gunicorn.config import Config
    from gunicorn.http import Request
    from gunicorn.http.parser import RequestParser
    from gunicorn.workers.gthread import TConn

    from service.web.ahead import Foreseen
    from service.web.brief import Brief

__all__ = ["Answered", "BriefWorker", "Envelope"]

AT_ONCE = 8  # pictures that are looked at before the first of their requests is answered
LOOK_SECONDS = 0.002  # after which it looks whether a request has come, where it has more than one to answer
TURN_SECONDS = 0.1  # for which the loop answers brief requests before it looks after its connections again


def _settled(keep: bool) -> "Future[bool]":  # noqa: FBT001
    future = Future[bool]()
    future.set_result(keep)
    return future


def _ends(conn: "TConn") -> Variables:
    """Return what WSGI says of the two ends of a connection."""
    server, client = cast("tuple[str, int]", conn.server), cast("tuple[str, int]", conn.client)
    return {
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
    }


def _is_trusted(config: "Config", address: str) -> bool:
    """Say whether gunicorn believes what a proxy at this address says of its clients."""
    networks = config.forwarded_allow_networks()
    return "*" in config.forwarded_allow_ips or any(ip_address(address) in network for network in networks)


KEPT, PARTED = _settled(True), _settled(False)  # noqa: FBT003


class Answered(NamedTuple):
    """What is left to do about a request that was answered without waiting for its client.

    Attributes:
        keep: whether its connection can be used again.
        rest: of the answer, which the client has not taken yet.
    """

    keep: bool
    rest: bytes


GONE = Answered(keep=False, rest=b"")
"""There is nobody to send the rest to."""


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
        self._brief: deque[tuple[TConn, Brief]] = deque()
        self._next: deque[tuple[TConn, Brief, Foreseen | None]] = deque()
        self._asking: set[TConn] = set()
        self._keepalive_seconds = float(self.cfg.keepalive)  # asked once: it takes a microsecond
        self._trusts = lru_cache(maxsize=1024)(partial(_is_trusted, self.cfg))
        self._environ = {**base_environ(self.cfg), "wsgi.multithread": True}
        self._is_prefixed = bool(os.environ.get("SCRIPT_NAME"))  # gunicorn takes that off every path
        super().init_process()

    def answer_soon(self, conn: "TConn", brief: "Brief") -> None:
        """Let the brief request on a connection wait for the loop."""
        self._brief.append((conn, brief))

    def on_client_socket_readable(self, conn: "TConn", client: socket.socket) -> None:  # noqa: ARG002  # its socket
        """Look at what has come on a connection, which the poller goes on to watch if the loop answers it."""
        if conn not in self._asking:  # or its request is about to be answered
            self.keepalived_conns.remove(conn)
            self._asking.add(conn)
            self.enqueue_req(conn)

    def take_out(self, conn: "TConn") -> None:
        """Let the poller watch a connection no longer, if it does."""
        if conn in self._asking:
            self._asking.discard(conn)
            self.poller.unregister(conn.sock)

    def wait_for_and_dispatch_events(self, timeout: float | None) -> None:
        """Let requests come in; between them answer, one at a time, those that are brief."""
        super().wait_for_and_dispatch_events(0 if self._next or self._brief else timeout)
        looked = begun = time.monotonic()
        while (self._next or self._brief) and looked - begun < TURN_SECONDS:
            if not self._next:
                self._look_ahead()
            self.answer_here(*self._next.popleft())
            if not self._next or time.monotonic() - looked > LOOK_SECONDS:
                super().wait_for_and_dispatch_events(0)
                looked = time.monotonic()

    def _look_ahead(self) -> None:
        """Look at the pictures of those whose turn is next."""
        turn = [self._brief.popleft() for _ in range(min(len(self._brief), AT_ONCE))]
        foreseen = self.foresee([brief.picture for _, brief in turn])
        self._next.extend((*asked, found) for asked, found in zip(turn, foreseen, strict=True))

    def foresee(self, pictures: "Sequence[bytes | None]") -> "list[Foreseen | None]":
        """Classify pictures whose requests wait; None in place of one that its own request looks at.

        It must not raise: the loop would end.
        """
        return [None] * len(pictures)

    def answer_here(self, conn: "TConn", brief: "Brief", foreseen: "Foreseen | None") -> None:
        """Answer a brief request in the loop, which waits for the client neither to send nor to read."""
        self.settle(conn, self.answer_at_once(conn, Envelope(conn, foreseen), brief))

    def settle(self, conn: "TConn", answered: Answered) -> None:
        """Let a connection wait for its next request, where its client has taken the whole answer."""
        if conn in self._asking and self.alive and answered == (True, b"") and not read_ahead(conn):
            self._asking.discard(conn)  # the poller never ceased to watch it
            conn.timeout = time.monotonic() + self._keepalive_seconds
            self.keepalived_conns.append(conn)
        else:
            self.take_out(conn)
            self.go_on(conn, answered)

    def go_on(self, conn: "TConn", answered: Answered) -> None:
        """Send in a thread what is left of an answer; then keep the connection, or part with it."""
        keep, rest = answered
        if rest:
            sent = self.tpool.submit(self.send_rest, conn, rest, keep=keep)
            sent.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))
        else:
            self.finish_request(conn, KEPT if keep else PARTED)

    def answer_at_once(self, conn: "TConn", envelope: Envelope, brief: "Brief | None" = None) -> Answered:
        """Do what ThreadWorker.handle does, for a request that has come as a whole, and wait for nobody.

        Args:
            conn: on which the request was looked at, and not read.
            envelope: around the answer.
            brief: what was found in the request; None leaves all of it to gunicorn.
        """
        req: Request | None = None
        try:
            if not conn.initialized:
                conn.init()
            if conn.sock.gettimeout() != 0:  # as a thread leaves it that has waited for its client
                conn.sock.settimeout(0)
            if brief and brief.variables is not None and not self._is_prefixed and not read_ahead(conn):
                keep = self._answer_read(conn, brief, envelope)
            else:
                req = next(cast("RequestParser", conn.parser))
                keep = self.handle_request(req, cast("TConn", envelope))
                keep = bool(self._keepalive_after(conn, keep))  # type: ignore[attr-defined]  # the stubs lack it
            return Answered(keep, envelope.send_to(conn.sock))
        except (OSError, StopIteration):  # the client is gone
            return GONE
        except Exception as error:  # noqa: BLE001  # as ThreadWorker does
            self.handle_error(req, conn.sock, conn.client, error)
            return GONE

    def _answer_read(self, conn: "TConn", brief: "Brief", envelope: Envelope) -> bool:
        """Do what ThreadWorker.handle_request does, where gunicorn need not read the head."""
        read = conn.sock.recv(brief.n_head + brief.n_body)
        variables = {**self._environ, **(brief.variables or {}), **_ends(conn)}
        variables |= {"gunicorn.socket": envelope, "wsgi.input": BytesIO(read[brief.n_head :])}
        if came_securely(variables) and self._trusts(variables["REMOTE_ADDR"]):
            variables["wsgi.url_scheme"] = "https"
        begun: list[tuple[str, Iterable[tuple[str, str]]]] = []

        def start_response(status: str, fields: "Iterable[tuple[str, str]]", _: object = None) -> None:
            begun.append((status, fields))

        body = b"".join(self.wsgi(variables, start_response))
        keep = self.keeps_open() and not asks_to_part(variables.get("HTTP_CONNECTION", ""))
        envelope.sendall(written(*begun[0], body, keep=keep))
        return keep

    def keeps_open(self) -> bool:
        """Say whether a connection may be used again after the next answer."""
        room = len(self.keepalived_conns) < self.max_keepalived
        return self.alive and self._keepalive_seconds > 0 and room

    def send_rest(self, conn: "TConn", rest: bytes, *, keep: bool) -> bool:
        """Wait, in a thread, for a client to take the rest of an answer; pass on whether to keep it."""
        try:
            conn.sock.settimeout(None)
            conn.sock.sendall(rest)
        except OSError:
            return False
        return keep
