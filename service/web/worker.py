"""A worker process: gunicorn's threads, kept from waiting for clients that do not keep up.

gunicorn waits in its main loop for clients to close connections that it is done with, up to two seconds for
each, and in its threads without end for the rest of a request. Here the main loop discards what comes too
late while it does other things, and cuts requests that do not arrive in time. It gives threads only what has
begun to arrive, and turns away what would have to wait for too long.
"""

import signal
import socket
import time
from contextlib import suppress
from functools import partial
from itertools import islice
from logging import ERROR, INFO
from selectors import EVENT_READ
from typing import TYPE_CHECKING, cast

from gunicorn import util
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn

from service.errors import ServiceError
from service.web.admission import PEEK_BYTES, Queue, arrived, is_probe, overloaded
from service.web.ahead import Foreseen, foresee
from service.web.brief import Brief, read_brief
from service.web.deadlines import Deadlines
from service.web.exhaustion import EXHAUSTED, Spare, Threads, die_first
from service.web.heads import check_request
from service.web.linger import Linger
from service.web.load import Shed
from service.web.logs import end_of_traceback
from service.web.loop import BriefWorker, Envelope
from service.web.problems import kind_of
from service.web.refusal import Asked, asked_by, asked_in, refusal

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Sequence
    from concurrent.futures import Future
    from types import FrameType

    from gunicorn._types import _AddressType
    from gunicorn.http import Request

    from service.web.application import Application
    from service.web.loop import Answered

__all__ = ["DigitWorker"]

AT_ONCE = 16  # connections that are closed together, so that files can be opened besides
MOST_PROBES = 64  # that wait for their thread: each takes milliseconds
LAST_SECONDS = 0.5  # for which idle connections are kept when the drain is over, and late answers are sent
LOOK_SECONDS = 0.01  # between two looks whether those have left


class DigitWorker(BriefWorker):
    """Is gunicorn's threaded worker, bounded in what may wait and for how long.

    Attributes:
        slot: names the file that this worker counts in.
        is_ending: whether the master has told it to end.
    """

    slot: str
    is_ending: bool = False

    def init_process(self) -> None:
        """Begin to work, in the process that was forked."""
        self._parts = cast("Application", self.app).parts
        self._parts.slot.name = self.slot
        self._parts.metrics.load.begin()
        settings = self._parts.state.settings
        self._queue = Queue(settings.max_waiting, settings.max_waiting_seconds, self._parts.metrics.load)
        self._probes = Threads(1)
        self._n_probes = 0
        self._deadlines = Deadlines(settings.timeout_seconds)  # of the requests that threads read and answer
        self._spare = Spare()
        self._crowded = False
        self.booted = self.age > settings.workers  # a replacement that fails ends itself, not the service
        die_first()
        super().init_process()

    def get_thread_pool(self) -> Threads:
        """Make the pool that answers what is not brief."""
        return Threads(self.cfg.threads)

    def init_signals(self) -> None:
        """Listen to signals, those that came since the fork included."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self.SIGNALS)

    def run(self) -> None:
        """Answer requests until told to stop."""
        self._linger = Linger(self.poller)
        for threads in (self.tpool, self._probes):
            threads.submit(int)  # its first thread is there before others take the room for it
        try:
            super().run()
        finally:
            self._end_late()
        self._linger.close()
        self._probes.shutdown(wait=False)

    def _end_late(self) -> None:
        """End what the time to finish was too short for, or the process would wait for it."""
        self._deadlines.cut()
        limit = time.monotonic() + LAST_SECONDS
        while self._deadlines.watched and time.monotonic() < limit:
            time.sleep(LOOK_SECONDS)
        self._deadlines.end()

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection, where a file descriptor is left for it."""
        try:
            super().accept(listener)
        except OSError as error:
            if error.errno not in EXHAUSTED:
                raise
            self._crowded = True  # the loop makes room when it has gone through what happened

    def _make_room(self) -> None:
        """Close what has been silent for longest; where nothing is, turn away who waits to be accepted."""
        self._crowded = False
        closed = self._close_silent(self.pending_conns, AT_ONCE)
        closed += self._close_silent(self.keepalived_conns, AT_ONCE - closed)
        if not closed and not self._linger.cut_short(AT_ONCE):
            for listener in self.sockets:
                self._spare.lend(partial(self._refuse, listener))

    def _close_silent(self, conns: "deque[TConn]", most: int) -> int:
        """Close the first of these connections on which nothing has come; return how many."""
        silent = [*islice((conn for conn in conns if arrived(conn) is None), most)]
        for conn in silent:
            conns.remove(conn)
            self.poller.unregister(conn.sock)
            self.nr_conns -= 1
            conn.close()
        return len(silent)

    def _refuse(self, listener: socket.socket) -> None:
        with suppress(OSError):  # another worker was faster, or the whole machine has none left
            sock, addr = listener.accept()
            with sock:
                self._parts.metrics.load.shed(Shed.FILES)
                self.handle_error(None, sock, addr, overloaded(Shed.FILES))
                sock.recv(PEEK_BYTES, socket.MSG_DONTWAIT)  # to close on what is unread would cost the answer

    def enqueue_req(self, conn: TConn) -> None:
        """Let a request wait for a thread, a probe's for a thread of its own, or turn it away at once."""
        head = arrived(conn)
        if head is None:
            self.take_out(conn)
            self._wait_for_data(conn)
            return
        conn.data_ready = True
        if not head:
            self.take_out(conn)
            self.nr_conns -= 1
            conn.close()
        elif self._n_probes < MOST_PROBES and is_probe(head):
            self._probe(conn)
        elif reason := self._queue.reason_to_refuse():
            self._turn_away(conn, reason)
            self._part_with(conn)
        else:
            self._queue.add(conn)
            brief = read_brief(head) if self._parts.state.current.quick else None
            if brief is None:
                self._submit(conn)
            else:
                self.answer_soon(conn, brief)

    def _probe(self, conn: TConn) -> None:
        """Let the thread of the probes answer, which waits for no client."""
        self.take_out(conn)
        self._n_probes += 1
        future = self._probes.submit(self.answer_at_once, conn, Envelope(conn))
        future.add_done_callback(lambda done: self.method_queue.defer(self._probed, conn, done))

    def _probed(self, conn: TConn, done: "Future[Answered]") -> None:
        self._n_probes -= 1
        self.go_on(conn, done.result())

    def foresee(self, pictures: "Sequence[bytes | None]") -> list[Foreseen | None]:
        """Classify pictures whose requests wait; where keys are asked for, nothing before they are seen."""
        state = self._parts.state
        try:
            return super().foresee(pictures) if state.keys else foresee(state.current.default, pictures)
        except Exception as error:  # noqa: BLE001  # each request still looks at its own picture
            self._parts.log.warning("looking ahead failed", traceback=end_of_traceback(error))
            return super().foresee(pictures)

    def answer_here(self, conn: TConn, brief: Brief, foreseen: Foreseen | None) -> None:
        """Answer a brief request in the loop, unless it has waited for too long."""
        left = self._queue.take(conn)
        try:
            answered = self.answer_at_once(conn, Envelope(conn, foreseen), brief) if left > 0 else None
        finally:
            self._queue.done(conn)  # before a thread can take the next request of this connection
        if answered is None:
            self._turn_away(conn, Shed.LATE)
            self._part_with(conn)
        else:
            self.settle(conn, answered)

    def keeps_open(self) -> bool:
        """Say whether a connection may be used again after the next answer; none is when draining."""
        return super().keeps_open() and not self._parts.state.draining

    def send_rest(self, conn: TConn, rest: bytes, *, keep: bool) -> bool:
        """Wait for a client to take the rest of an answer, for as long as for any other."""
        with self._deadlines.watch(conn):
            return super().send_rest(conn, rest, keep=keep)

    def handle(self, conn: TConn) -> bool:
        """Answer one request of a connection; say whether the connection can be used again."""
        left = self._queue.take(conn)
        try:
            if left > 0:
                with self._deadlines.watch(conn):
                    return super().handle(conn)
            self._turn_away(conn, Shed.LATE)
            return False
        finally:
            self._queue.done(conn)

    def _submit(self, conn: TConn) -> None:
        self.take_out(conn)
        future = self.tpool.submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def _wait_for_data(self, conn: TConn) -> None:
        """Give a client that has connected and says nothing as long as a connection that is idle."""
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _turn_away(self, conn: TConn, reason: Shed) -> None:
        self._parts.metrics.load.shed(reason)
        self._answer_unread(conn.sock, asked_in(arrived(conn) or b""), overloaded(reason))

    def handle_request(self, req: "Request", conn: TConn) -> bool:
        """Answer one request whose head has been read; the last of its connection when draining."""
        check_request(req)
        self._deadlines.begin_anew(conn)  # the body has its own time
        if self._parts.state.draining:
            req.force_close()
        return super().handle_request(req, conn)

    def finish_request(self, conn: TConn, fs: "Future[bool]") -> None:
        """Keep the connection for its next request, or let the client hang up."""
        if fs.cancelled() or fs.exception() or fs.result() is not False:
            super().finish_request(conn, fs)
        else:
            self._part_with(conn)

    def _part_with(self, conn: TConn) -> None:
        self.take_out(conn)
        self.nr_conns -= 1
        self._linger.add(conn.sock)

    def murder_pending(self) -> None:
        """Close connections that were idle for too long; gunicorn's loop calls it every second."""
        super().murder_pending()
        self._linger.expire()
        if self._crowded:
            self._make_room()
        self._deadlines.cut_late()

    def handle_exit(self, sig: int, frame: "FrameType | None") -> None:
        """Accept no more connections; when the service stops, soon close those on which nothing is asked."""
        super().handle_exit(sig, frame)
        if self._parts.state.draining:
            self._hurry()

    def handle_quit(self, sig: int, frame: "FrameType | None") -> None:
        """End now, without waiting for requests that are still arriving."""
        self._deadlines.cut()
        super().handle_quit(sig, frame)

    def _hurry(self) -> None:
        soon = time.monotonic() + LAST_SECONDS
        for conn in (*self.keepalived_conns, *self.pending_conns):
            conn.timeout = min(conn.timeout or soon, soon)

    def handle_error(
        self,
        req: "Request | None",
        client: socket.socket,
        addr: "_AddressType",  # noqa: ARG002  # gunicorn hands it in
        exc: BaseException,
    ) -> None:
        """Answer what gunicorn itself refuses in the shape of every other failure."""
        self._answer_unread(client, asked_by(req), exc)

    def _answer_unread(self, client: socket.socket, asked: Asked, error: BaseException) -> None:
        kind = kind_of(error)
        is_expected = isinstance(error, (ParseException, ServiceError))
        told = {} if is_expected else {"traceback": end_of_traceback(error)}
        if asked.trace is not None:
            told["trace_id"] = asked.trace.trace_id
        level = INFO if is_expected else ERROR
        self._parts.log.log(level, "request", id=asked.id, status=kind.status, code=kind.code, **told)
        self._parts.metrics.answered(None, asked.method, kind.status, 0)
        with suppress(OSError):
            util.write_nonblock(client, refusal(error, asked))
