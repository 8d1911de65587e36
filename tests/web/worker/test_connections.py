"""What a worker does with clients that are slow, silent or talk nonsense."""

import errno
import json
import re
from itertools import islice
from threading import Event
from types import SimpleNamespace

import pytest
from gunicorn.workers.gthread import ThreadWorker

from tests.web.worker.conftest import ASK, LIVE, SECONDS, answer, brief, reset, wait_until


def test_a_worker_counts_in_its_own_slot(connect, parts):
    answer(connect(LIVE))
    assert parts.slot.name == "1"


def test_a_connection_can_be_used_again(connect):
    connection = connect(LIVE)
    assert answer(connection)[1] == {"live": True}
    connection.sendall(LIVE)
    assert answer(connection)[1] == {"live": True}


def test_a_body_that_arrives_too_slowly_is_cut(connect):
    head = b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: 9\r\n\r\n"
    response, told = answer(connect(head + b"half"))
    assert (response.status, told["code"]) == (408, "slow_body")


def test_a_head_that_arrives_too_slowly_is_cut(connect):
    assert connect(b"GET /livez HTTP/1.1\r\nHos").recv(100) == b""


def test_a_request_that_still_has_time_is_waited_for(worker, connect):
    connection = connect(LIVE[:10])
    wait_until(lambda: worker._deadlines.watched)
    worker.murder_pending()
    connection.sendall(LIVE[10:])
    assert answer(connection)[1] == {"live": True}


def test_a_body_has_as_much_time_as_its_head_had(worker, slow, connect, monkeypatch):
    clock, cut = [100.0], []
    monkeypatch.setattr("service.web.deadlines.time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr("service.web.deadlines._cut", lambda *what: cut.append(what))
    connection = connect(b"POST / HTTP/1.1\r\nHost: a\r\n")
    wait_until(lambda: any(conn.initialized for conn in worker._deadlines.watched))
    clock[0] += 0.9  # of the second that there is
    connection.sendall(b"Content-Length: 9\r\n\r\n")
    assert slow.begun.acquire(timeout=SECONDS)
    clock[0] += 0.9
    worker._deadlines.cut_late()
    assert cut == []
    clock[0] += 0.2
    worker._deadlines.cut_late()
    assert len(cut) >= 1  # the loop looks too


def test_a_connection_is_closed_after_its_last_answer(connect):
    connection = connect(LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert answer(connection)[0].status == 200
    assert connection.recv(1) == b""


def test_a_client_that_never_hangs_up_after_its_last_answer_is_not_waited_for_without_end(
    connect, monkeypatch
):
    monkeypatch.setattr("service.web.linger.LINGER_SECONDS", 0)
    connection = connect(LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    answer(connection)

    def is_reset():
        try:
            connection.send(b"still here")
        except OSError:
            return True
        return False

    wait_until(is_reset)
    assert is_reset()


@pytest.mark.parametrize("asked", [LIVE, brief(b"no picture")], ids=["a probe", "a classification"])
def test_a_later_version_of_http_is_answered_in_the_one_that_is_spoken_here(connect, asked):
    assert connect(asked.replace(b"HTTP/1.1", b"HTTP/1.2")).recv(100).startswith(b"HTTP/1.1 ")


def test_a_draining_worker_answers_and_closes(connect, parts):
    parts.state.draining.set()
    connection = connect(LIVE)
    assert answer(connection)[0].headers["Connection"] == "close"
    assert connection.recv(1) == b""


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [(b"nonsense\r\n\r\n", 400, "bad_head"), (b"GET /" + b"x" * 5000, 414, "url_too_long")],
)
def test_what_is_not_http_is_refused_counted_and_logged(connect, parts, lines, sent, status, code):
    response, told = answer(connect(sent))
    assert (response.status, told["code"], told["id"]) == (status, code, response.headers["X-Request-ID"])
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    [sample] = [
        s
        for f in parts.metrics.collector.collect()
        for s in f.samples
        if s.name == "digits_http_requests_total"
    ]
    assert (sample.labels, sample.value) == ({"route": "(none)", "method": "other", "code": str(status)}, 1)
    assert (lines[-1]["status"], lines[-1]["code"]) == (status, code)


def test_an_error_outside_of_the_application_is_told_to_the_log_alone(worker, connect, lines):
    def fail(*_):
        raise ZeroDivisionError("secret")

    worker.wsgi = fail
    response, told = answer(connect(LIVE))
    assert (response.status, told["code"]) == (500, "internal_error")
    assert "secret" not in json.dumps(told)
    assert "ZeroDivisionError" in lines[-1]["traceback"]


@pytest.mark.usefixtures("scarce")
def test_where_no_descriptor_is_left_silent_connections_make_room(connect):
    silent = [connect() for _ in range(3)]
    assert answer(connect(LIVE))[1] == {"live": True}
    assert {connection.recv(1) for connection in silent} == {b""}


@pytest.mark.usefixtures("scarce")
def test_where_no_descriptor_is_left_kept_connections_make_room(connect):
    kept = [connect(LIVE) for _ in range(3)]
    assert [answer(connection)[0].status for connection in kept] == [200] * 3
    assert answer(connect(LIVE))[1] == {"live": True}
    assert {connection.recv(1) for connection in kept} == {b""}


def test_where_no_descriptor_is_left_whoever_has_asked_is_answered(worker, connect):
    silent, asking = connect(), connect()
    wait_until(lambda: len(worker.pending_conns) == 2)

    def ask_and_run_out():
        asking.sendall(LIVE)
        worker._make_room()

    worker.method_queue.defer(ask_and_run_out)
    assert answer(asking)[1] == {"live": True}
    assert silent.recv(1) == b""


@pytest.mark.usefixtures("scarce")
def test_once_there_is_room_silent_connections_are_left_alone(worker, connect):
    for _ in range(3):
        connect()
    answer(connect(LIVE))
    silent, looked = connect(), Event()
    wait_until(lambda: worker.pending_conns)
    worker.method_queue.defer(worker.murder_pending)  # as the loop does every second
    worker.method_queue.defer(looked.set)
    assert looked.wait(SECONDS)
    silent.sendall(LIVE)
    assert answer(silent)[1] == {"live": True}


def test_other_failures_to_accept_are_not_hidden(worker, monkeypatch):
    def fail(*_):
        raise OSError(errno.EBADF, "bad file descriptor")

    wait_until(lambda: worker._accepting)
    monkeypatch.setattr(ThreadWorker, "accept", fail)
    with pytest.raises(OSError, match="bad file"):
        worker.accept(worker.sockets[0])


def test_a_stopping_worker_answers_what_is_arriving(worker, connect, parts):
    connection = connect(LIVE[:10])
    wait_until(lambda: any(conn.initialized for conn in worker._deadlines.watched))
    parts.state.draining.set()
    worker.handle_exit(None, None)
    connection.sendall(LIVE[10:])
    response, told = answer(connection)
    assert (told, response.headers["Connection"]) == ({"live": True}, "close")


def test_a_stopping_worker_does_not_wait_for_silent_connections(worker, connect, parts):
    used, unused = connect(LIVE), connect()
    answer(used)
    wait_until(lambda: worker.keepalived_conns and worker.pending_conns)
    for conn in (*worker.keepalived_conns, *worker.pending_conns):
        conn.timeout += 600
    parts.state.draining.set()
    worker.handle_exit(None, None)
    assert used.recv(1) == unused.recv(1) == b""


def test_a_worker_that_is_replaced_still_answers_on_kept_connections(worker, connect, monkeypatch):
    monkeypatch.setattr("service.web.worker.LAST_SECONDS", -10)  # a draining worker would close at once
    connection = connect(LIVE)
    answer(connection)
    wait_until(lambda: worker.keepalived_conns)
    worker.handle_exit(None, None)
    wait_until(lambda: not worker._accepting)
    connection.sendall(LIVE)
    assert answer(connection)[1] == {"live": True}


def test_a_worker_that_must_end_now_waits_for_no_request(worker, connect):
    worker._deadlines._seconds = 600
    connection = connect(LIVE[:10])
    wait_until(lambda: any(conn.initialized for conn in worker._deadlines.watched))
    with pytest.raises(SystemExit):
        worker.handle_quit(None, None)
    assert connection.recv(1) == b""


@pytest.fixture
def stop_at_once(worker):
    """Tell the worker to stop, and leave it no time to finish."""
    left = []

    def stop():
        left.extend(worker._deadlines.watched)
        worker.handle_exit(None, None)

    worker.cfg.set("graceful_timeout", 0)
    worker._deadlines._seconds = 600
    yield stop
    for conn in left:  # as the end of the process does
        conn.sock.close()


def test_a_request_that_has_not_arrived_when_the_time_to_finish_is_over_is_answered(
    worker, stop_at_once, connect
):
    connection = connect(b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n12345")
    wait_until(lambda: any(conn.initialized for conn in worker._deadlines.watched))
    stop_at_once()
    assert "send it again" in answer(connection)[1]["error"]
    wait_until(lambda: not worker._deadlines.watched)


def test_an_answer_that_is_not_taken_when_the_time_to_finish_is_over_is_ended(worker, stop_at_once, connect):
    worker.wsgi = endless
    connection = connect(ASK)
    wait_until(lambda: any(conn.initialized for conn in worker._deadlines.watched))
    stop_at_once()
    wait_until(lambda: not worker._deadlines.watched)
    assert not worker._deadlines.watched
    connection.close()


def endless(_, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield from iter(lambda: bytes(1 << 20), None)


def test_a_client_that_takes_no_answer_does_not_keep_its_thread(worker, connect):
    worker.wsgi = endless
    connection = connect(ASK)
    wait_until(lambda: worker._deadlines.watched)
    wait_until(lambda: not worker._deadlines.watched)
    assert not worker._deadlines.watched
    connection.close()


def test_a_client_that_leaves_before_it_asks_is_forgotten(worker, connect):
    connect().close()
    silent = connect()
    wait_until(lambda: worker.pending_conns)
    silent.close()
    wait_until(lambda: worker.nr_conns == 0)
    assert (worker.nr_conns, len(worker.pending_conns)) == (0, 0)


def test_a_client_that_resets_its_connection_is_forgotten(worker, connect):
    connection = connect()
    wait_until(lambda: worker.pending_conns)
    reset(connection)
    later = connect(LIVE)
    assert answer(later)[1] == {"live": True}
    wait_until(lambda: worker.nr_conns == 1)
    assert worker.nr_conns == 1


def test_requests_may_be_sent_in_one_go(connect):
    connection = connect(LIVE + ASK + LIVE)
    stream = connection.makefile("rb")
    statuses = islice(filter(re.compile(rb"HTTP/1.1 \d+").match, stream), 3)
    assert [*statuses] == [b"HTTP/1.1 200 OK\r\n"] * 3
