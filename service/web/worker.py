"""A worker process: gunicorn's threads, kept from waiting for clients that do not keep up.

gunicorn waits in its main loop for clients to close connections that it is done with, up to two seconds for
each, and in its threads without end for the rest of a request. Here the main loop discards what comes too
late while it does other things, and cuts requests that do not arrive in time.
"""

import socket
import time
from contextlib import suppress
from logging import ERROR, INFO
from typing import TYPE_CHECKING, cast

from gunicorn import util
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn, ThreadWorker

from service.web.finish import HEADERS
from service.web.ids import new_id
from service.web.linger import Linger
from service.web.logs import end_of_traceback
from service.web.problems import MIMETYPE, Kind, detail_of, kind_of, problem

if TYPE_CHECKING:
    from concurrent.futures import Future
    from types import FrameType

    from gunicorn._types import _AddressType
    from gunicorn.http import Request

    from service.web.application import Application

__all__ = ["DigitWorker"]

LAST_SECONDS = 0.5  # for which idle connections are kept when the drain is over


class DigitWorker(ThreadWorker):
    """Is gunicorn's threaded worker.

    Attributes:
        slot: names the file that this worker counts in.
    """

    slot: str

    def init_process(self) -> None:
        """Begin to work, in the process that was forked."""
        self._parts = cast("Application", self.app).parts
        self._parts.slot.name = self.slot
        self._due: dict[TConn, float] = {}  # when the request that is being read must have arrived
        super().init_process()

    def run(self) -> None:
        """Answer requests until told to stop."""
        self._linger = Linger(self.poller)
        super().run()
        self._linger.close()

    def handle(self, conn: TConn) -> bool:
        """Answer one request of a connection; say whether the connection can be used again."""
        self._due[conn] = self._deadline()
        try:
            return super().handle(conn)
        finally:
            del self._due[conn]

    def handle_request(self, req: "Request", conn: TConn) -> bool:
        """Answer one request whose head has been read; the last of its connection when draining."""
        self._due[conn] = self._deadline()  # the body has its own time
        if self._parts.state.draining:
            req.force_close()
        return super().handle_request(req, conn)

    def finish_request(self, conn: TConn, fs: "Future[bool]") -> None:
        """Keep the connection for its next request, or let the client hang up."""
        if fs.cancelled() or fs.exception() or fs.result() is not False:
            super().finish_request(conn, fs)
        else:
            self.nr_conns -= 1
            self._linger.add(conn.sock)

    def murder_pending(self) -> None:
        """Close connections that were idle for too long; gunicorn's loop calls it every second."""
        super().murder_pending()
        self._linger.expire()
        now = time.monotonic()
        for conn, due in self._due.copy().items():
            if due < now:
                self._cut(conn)

    def handle_exit(self, sig: int, frame: "FrameType | None") -> None:
        """Accept no more connections; when the service stops, soon close those on which nothing is asked."""
        super().handle_exit(sig, frame)
        if self._parts.state.draining:
            self._hurry()

    def handle_quit(self, sig: int, frame: "FrameType | None") -> None:
        """End now, without waiting for requests that are still arriving."""
        for conn in self._due.copy():
            self._cut(conn)
        super().handle_quit(sig, frame)

    def _hurry(self) -> None:
        soon = time.monotonic() + LAST_SECONDS
        for conn in self.keepalived_conns:
            conn.timeout = min(conn.timeout or soon, soon)
        for conn in self._due.copy():
            if not conn.initialized:
                self._cut(conn)

    def _deadline(self) -> float:
        return time.monotonic() + self._parts.state.settings.timeout_seconds

    def _cut(self, conn: TConn) -> None:
        """Read nothing more of a request; what has arrived is still answered."""
        with suppress(OSError):
            conn.sock.shutdown(socket.SHUT_RD)

    def handle_error(
        self,
        req: "Request | None",
        client: socket.socket,
        addr: "_AddressType",  # noqa: ARG002  # gunicorn hands it in
        exc: BaseException,
    ) -> None:
        """Answer what gunicorn itself refuses in the shape of every other failure."""
        kind, request_id = kind_of(exc), new_id()
        told = {} if isinstance(exc, ParseException) else {"traceback": end_of_traceback(exc)}
        level = ERROR if told else INFO
        self._parts.log.log(level, "request", id=request_id, status=kind.status, code=kind.code, **told)
        self._parts.metrics.answered(None, (req and req.method) or "", kind.status, 0)
        with suppress(OSError):
            util.write_nonblock(client, _answer(kind, problem(kind, detail_of(exc), request_id), request_id))


def _answer(kind: Kind, body: bytes, request_id: str) -> bytes:
    fields = {
        "Content-Type": MIMETYPE,
        "Content-Length": str(len(body)),
        "Connection": "close",
        "X-Request-ID": request_id,
        **HEADERS,
    }
    lines = [f"HTTP/1.1 {kind.status.value} {kind.status.phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
