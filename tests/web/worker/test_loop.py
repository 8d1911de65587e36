"""What the loop of a worker answers itself."""

import http.client
import json
import re
import threading
import time
from collections import Counter
from concurrent.futures import wait
from itertools import islice

import pytest

from service.web.app import create_app
from service.web.loop import Envelope
from tests.web.worker.conftest import ASK, LIVE, SECONDS, answer, brief, gauge, reset, wait_until


@pytest.mark.parametrize("changes", [{"threads": 1, "max_waiting": 3}])
def test_a_small_picture_is_classified_while_every_thread_is_busy(worker, slow, connect, png, parts):
    connect(ASK)
    slow.begun.acquire(timeout=SECONDS)
    flask = create_app(parts.state.settings, state=parts.state, metrics=parts.metrics, log=parts.log)
    worker.wsgi = flask.wsgi_app
    response, told = answer(connect(brief(png)))
    assert (response.status, len(told["activations"])) == (200, 10)


def test_small_pictures_may_be_sent_in_one_go(connect, png):
    connection = connect(brief(png) * 3 + LIVE)
    stream = connection.makefile("rb")
    statuses = islice(filter(re.compile(rb"HTTP/1.1 \d+").match, stream), 4)
    assert [*statuses] == [b"HTTP/1.1 200 OK\r\n"] * 4


def test_a_form_with_a_small_picture_is_answered_and_the_connection_kept(connect, png):
    form = b"--x\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\n" + png + b"\r\n--x--\r\n"
    connection = connect()
    for _ in range(2):
        connection.sendall(brief(form, field=b"Content-Type: multipart/form-data; boundary=x"))
        assert answer(connection)[0].status == 200


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ((b"/v1/classify", b"Bad Field: x"), 400, "bad_head"),
        ((b"/v1/classify?model=none", b"Content-Type: image/png"), 404, "unknown_model"),
        ((b"/v1/classify/nothing", b"Content-Type: image/png"), 404, "unknown_route"),
        ((b"/v1/classify", b"Content-Type: text/html"), 415, "unsupported_body"),
    ],
)
def test_what_is_refused_in_the_loop_is_refused_as_elsewhere(connect, png, sent, status, code):
    path, field = sent
    response, told = answer(connect(brief(png, path, field=field)))
    assert (response.status, told["code"]) == (status, code)


def test_an_error_in_the_loop_does_not_end_it(worker, connect, png, lines):
    def fail(*_):
        raise ZeroDivisionError("secret")

    well, worker.wsgi = worker.wsgi, fail
    response, told = answer(connect(brief(png)))
    assert (response.status, told["code"]) == (500, "internal_error")
    assert "ZeroDivisionError" in lines[-1]["traceback"]
    worker.wsgi = well
    assert answer(connect(brief(png)))[0].status == 200


def test_an_error_in_looking_ahead_is_told_and_left_to_the_requests(connect, png, lines, monkeypatch):
    monkeypatch.setattr("service.web.worker.foresee", None)
    assert answer(connect(brief(png)))[0].status == 200
    [told] = [line for line in lines if line["event"] == "looking ahead failed"]
    assert "TypeError" in told["traceback"]


def test_a_draining_worker_answers_small_pictures_and_closes(connect, parts, png):
    parts.state.draining.set()
    connection = connect(brief(png))
    assert answer(connection)[0].headers["Connection"] == "close"
    assert connection.recv(1) == b""


def test_a_client_that_hangs_up_before_its_answer_is_forgotten(worker, connect, png):
    connection = connect(brief(png))
    reset(connection)
    later = connect(LIVE)
    assert answer(later)[1] == {"live": True}
    wait_until(lambda: worker.nr_conns == 1)
    assert worker.nr_conns == 1


UNUSUAL = b"Content-Type: image/png\r\nX-A: \xe9"  # its head is left to gunicorn


@pytest.mark.parametrize(
    "further",
    [b"X-A: b; c=", b"X-Forwarded-Proto: https", b"X-Forwarded-Proto: http", b"X-Forwarded-Ssl: on"],
)
@pytest.mark.parametrize("trusted", [[], ["127.0.0.0/8"], ["*"]])
def test_the_application_is_told_the_same_whoever_read_the_head(
    worker, connect, png, monkeypatch, parts, further, trusted
):
    worker.cfg.set("forwarded_allow_ips", ",".join(trusted))
    worker._trusts.cache_clear()
    well, told = worker.wsgi, []

    def look(environ, start_response):
        told.append({name: value for name, value in environ.items() if isinstance(value, (str, int, tuple))})
        return well(environ, start_response)

    worker.wsgi = look
    fields = b"Content-Type: image/png\r\n%s\r\nConnection: close" % further
    for quick in (True, False):
        monkeypatch.setattr("service.web.state.QUICK_NUMBERS", 10**9 if quick else 1)
        parts.state.reload()
        answer(connect(brief(png, b"/v1/classify?include=image", field=fields)))
    ours, gunicorns = ({name: value for name, value in one.items() if name != "REMOTE_PORT"} for one in told)
    assert ours == gunicorns
    secure = trusted and further in {b"X-Forwarded-Proto: https", b"X-Forwarded-Ssl: on"}
    assert ours["wsgi.url_scheme"] == ("https" if secure else "http")


@pytest.fixture
def prefixed(monkeypatch):
    """All paths begin with /digits, as gunicorn is told."""
    monkeypatch.setenv("SCRIPT_NAME", "/digits")


@pytest.mark.usefixtures("prefixed")
@pytest.mark.parametrize(("path", "status"), [(b"/v1/classify", 400), (b"/digits/v1/classify", 200)])
@pytest.mark.parametrize("field", [b"Content-Type: image/png", UNUSUAL])
def test_behind_a_prefix_whoever_reads_the_head_asks_for_it(connect, png, path, status, field):
    assert answer(connect(brief(png, path, field=field)))[0].status == status


@pytest.mark.parametrize("times", [1, 3])
def test_requests_of_every_kind_can_share_a_connection(worker, connect, png, times):
    kinds = (brief(png), brief(png, field=UNUSUAL), LIVE, brief(png, b"/v1/classify?model=tiny"), ASK)
    connection = connect()
    for request in kinds * times:
        connection.sendall(request)
        assert answer(connection)[0].status == 200
    wait_until(lambda: worker.keepalived_conns)
    assert (len(worker.keepalived_conns), worker.nr_conns) == (1, 1)


@pytest.mark.parametrize("fields", [(b"", b""), (UNUSUAL, b""), (b"", UNUSUAL), (UNUSUAL, UNUSUAL)])
def test_requests_that_follow_each_other_unasked_are_answered_in_turn(connect, png, fields):
    usual = b"Content-Type: image/png"
    requests = [
        brief(png, b"/v1/classify", field=b"%s\r\nX-Request-ID: r%d" % (field or usual, number))
        for number, field in enumerate(fields * 3)
    ]
    connection = connect(brief(png))
    answer(connection)  # it is one that is kept, and watched
    connection.sendall(b"".join(requests))
    read = connection.makefile("rb")
    for number in range(len(requests)):
        head = dict(line.split(b": ", 1) for line in iter(read.readline, b"\r\n") if b": " in line)
        assert head[b"X-Request-ID"] == b"r%d\r\n" % number
        assert json.loads(read.read(int(head[b"Content-Length"])))["id"] == f"r{number}"


def test_a_request_is_accounted_for_before_a_thread_takes_the_next(worker, connect, parts, png, monkeypatch):
    submit = worker.tpool.submit

    def submit_and_wait(*call):
        future = submit(*call)
        wait([future], SECONDS)  # as where the thread is faster than the loop
        return future

    monkeypatch.setattr(worker.tpool, "submit", submit_and_wait)
    stream = connect(brief(png, field=UNUSUAL) + ASK * 2).makefile("rb")
    assert len([*islice(filter(re.compile(rb"HTTP/1.1 200").match, stream), 3)]) == 3
    wait_until(lambda: worker.keepalived_conns)
    assert gauge(parts, "digits_requests_in_flight") == gauge(parts, "digits_requests_waiting") == {(): 0}


def test_a_client_may_ask_whether_to_go_on_and_not_wait_for_the_answer(connect, png):
    response, told = answer(connect(brief(png, field=b"Content-Type: image/png\r\nExpect: 100-continue")))
    assert (response.status, len(told["activations"])) == (200, 10)


def test_what_follows_a_request_that_a_thread_has_answered_blocks_no_more(connect, png, monkeypatch):
    waits, send_to = [], Envelope.send_to

    def look(envelope, sock):
        waits.append(sock.gettimeout())
        return send_to(envelope, sock)

    monkeypatch.setattr(Envelope, "send_to", look)
    connection = connect(ASK + brief(png))
    stream = connection.makefile("rb")
    assert len([*islice(filter(re.compile(rb"HTTP/1.1 200").match, stream), 2)]) == 2
    assert waits == [0]


@pytest.mark.parametrize("field", [b"Content-Type: image/png", UNUSUAL])
def test_a_client_that_asks_for_it_sees_its_connection_closed(worker, connect, png, field):
    connection = connect(brief(png, field=field + b"\r\nConnection: close"))
    response, _ = answer(connection)
    assert (response.status, response.headers["Connection"]) == (200, "close")
    assert connection.recv(1) == b""
    connection.close()
    wait_until(lambda: worker.nr_conns == 0)
    assert worker.nr_conns == 0


@pytest.mark.parametrize("field", [b"Content-Type: image/png", UNUSUAL])
def test_where_as_many_connections_are_kept_as_may_be_the_next_is_closed(worker, connect, png, field):
    worker.max_keepalived = 1
    kept = connect(brief(png))
    assert answer(kept)[0].headers["Connection"] == "keep-alive"
    wait_until(lambda: worker.keepalived_conns)
    connection = connect(brief(png, field=field))
    assert answer(connection)[0].headers["Connection"] == "close"
    assert connection.recv(1) == b""


def test_a_connection_that_is_used_again_may_be_idle_for_as_long_again(worker, connect, png):
    worker.cfg.set("keepalive", 600)
    worker._keepalive_seconds = 600
    connection = connect(brief(png))
    for _ in range(2):  # the first of a connection's answers takes another way than the others
        answer(connection)
        wait_until(lambda: worker.keepalived_conns)
        [conn] = worker.keepalived_conns
        assert conn.timeout > time.monotonic() + 500
        conn.timeout = time.monotonic() + 60
        connection.sendall(brief(png))
    answer(connection)


def test_a_connection_that_the_loop_has_answered_is_closed_when_it_stays_idle(worker, connect, png):
    connection = connect(brief(png))
    answer(connection)
    wait_until(lambda: worker.keepalived_conns)
    worker.method_queue.defer(lambda: setattr(worker.keepalived_conns[0], "timeout", 0))
    assert connection.recv(1) == b""
    wait_until(lambda: worker.nr_conns == 0)
    assert (worker.nr_conns, len(worker.poller.get_map())) == (0, 2)  # the listener and the queue


def test_a_client_that_hangs_up_when_its_request_has_been_seen_is_forgotten(worker, connect, png, lines):
    both, well = [connect(brief(png)) for _ in range(2)], worker.wsgi
    for connection in both:
        answer(connection)
    wait_until(lambda: len(worker.keepalived_conns) == len(both))

    def hang_up(environ, start_response):
        other = next(one for one in both if one.getsockname()[1] != int(environ["REMOTE_PORT"]))
        both.remove(other)
        reset(other)
        worker.wsgi = well
        return well(environ, start_response)

    worker.wsgi = hang_up
    asking = [*both]
    worker.method_queue.defer(lambda: [connection.sendall(brief(png)) for connection in asking])
    wait_until(lambda: worker.nr_conns == 1)
    assert answer(both[0])[0].status == 200
    assert worker.nr_conns == 1
    assert not [line for line in lines if "traceback" in line]


def test_a_request_that_waits_is_taken_up_once_however_often_the_loop_looks(worker, connect, png):
    waiting, well, asked = [connect(brief(png)) for _ in range(4)], worker.wsgi, []
    for connection in waiting:
        answer(connection)
    wait_until(lambda: len(worker.keepalived_conns) == len(waiting))

    def slowly(environ, start_response):
        asked.append(environ["REMOTE_PORT"])
        time.sleep(0.005)
        return well(environ, start_response)

    worker.wsgi = slowly
    worker.method_queue.defer(lambda: [connection.sendall(brief(png)) for connection in waiting])
    assert [answer(connection)[0].status for connection in waiting] == [200] * 4
    assert Counter(asked) == Counter(str(connection.getsockname()[1]) for connection in waiting)


def test_the_loop_does_not_wait_for_a_client_that_does_not_read(worker, connect, png):
    whole = bytes(range(256)) * 40_000

    def much(_, start_response):
        start_response("200 OK", [("Content-Length", str(len(whole)))])
        return [whole]

    well, worker.wsgi = worker.wsgi, much
    lazy = connect(brief(png))
    wait_until(lambda: worker._deadlines.watched)
    worker.wsgi = well
    assert answer(connect(brief(png)))[0].status == 200
    response = http.client.HTTPResponse(lazy)
    response.begin()
    assert response.read() == whole
    lazy.sendall(LIVE)
    assert answer(lazy)[1] == {"live": True}


@pytest.mark.parametrize("changes", [{"timeout_seconds": 1}])
def test_a_client_that_never_reads_is_given_up(worker, connect, png):
    def much(_, start_response):
        start_response("200 OK", [("Content-Length", "20000000")])
        return [bytes(20_000_000)]

    worker.wsgi = much
    connect(brief(png))
    wait_until(lambda: worker._deadlines.watched)
    wait_until(lambda: worker.nr_conns == 0)
    assert worker.nr_conns == 0


@pytest.mark.parametrize("changes", [{"max_waiting_seconds": 0.01}])
@pytest.mark.parametrize("kept", [False, True])
def test_a_small_picture_whose_turn_comes_too_late_is_not_classified(worker, connect, png, parts, kept):
    well, both = worker.wsgi, (connect(), connect())
    if kept:
        for connection in both:
            connection.sendall(brief(png))
            assert answer(connection)[0].status == 200

    def slowly(environ, start_response):
        time.sleep(0.1)
        return well(environ, start_response)

    worker.wsgi = slowly
    wait_until(lambda: len(worker.keepalived_conns if kept else worker.pending_conns) == 2)
    worker.method_queue.defer(lambda: [connection.sendall(brief(png)) for connection in both])
    assert sorted(answer(connection)[0].status for connection in both) == [200, 503]
    assert gauge(parts, "digits_requests_shed_total")["late",] == 1
    assert answer(connect(LIVE))[1] == {"live": True}


@pytest.mark.parametrize("quick", [True, False])
def test_networks_that_take_long_answer_in_threads_alone(worker, connect, png, monkeypatch, parts, quick):
    monkeypatch.setattr("service.web.state.QUICK_NUMBERS", 10**9 if quick else 1)
    parts.state.reload()
    found = []
    well = worker.wsgi

    def look(environ, start_response):
        found.append(threading.current_thread().name)
        return well(environ, start_response)

    worker.wsgi = look
    assert answer(connect(brief(png)))[0].status == 200
    assert ("ThreadPool" in found[0]) is not quick
