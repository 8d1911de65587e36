"""A worker in this process: what it does with clients that are slow, silent or talk nonsense."""

import errno
import http.client
import json
import os
import re
import selectors
import socket
import struct
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.sock import TCPSocket
from gunicorn.workers.gthread import ThreadWorker
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from service.web.app import create_app
from service.web.application import Parts
from service.web.health import PROBES
from service.web.load import Shed
from service.web.metrics import Metrics
from service.web.scrape import Slot
from service.web.state import State
from service.web.worker import DigitWorker
from tests.web.conftest import to_png

SECONDS = 20  # after which a test gives up


@pytest.fixture
def changes():
    """Settings of a test's own."""
    return {}


@pytest.fixture
def parts(settings_for, log, changes):
    """What a master would have made."""
    state = State(settings_for(**{"timeout_seconds": 1} | changes))
    return Parts(state, Metrics(CollectorRegistry()), Slot(), log)


@pytest.fixture
def worker(parts, monkeypatch):
    """A worker that runs in a thread, on a free port; requests must arrive within a second."""
    config = Config()
    config.set("threads", parts.state.settings.threads)
    config.set("errorlog", None)
    flask = create_app(parts.state.settings, state=parts.state, metrics=parts.metrics, log=parts.log)
    listener = TCPSocket(("127.0.0.1", 0), config, None)
    application = SimpleNamespace(parts=parts, wsgi=lambda: flask.wsgi_app)
    worker = DigitWorker(1, os.getppid(), [listener], application, 1, config, Logger(config))
    worker.slot, worker.wsgi = "1", flask.wsgi_app
    monkeypatch.setattr(ThreadWorker, "init_process", prepare_without_signals)
    monkeypatch.setattr("service.web.worker.die_first", lambda: None)
    thread = threading.Thread(target=worker.init_process)
    thread.start()
    wait_until(lambda: worker.method_queue._queue is not None)  # or it could be told to end before it began
    yield worker
    worker.handle_exit(None, None)
    thread.join()
    worker.tmp.close()


def prepare_without_signals(worker):
    """Do what ThreadWorker does, less what only the main thread of a process may."""
    worker.tpool = worker.get_thread_pool()
    worker.poller = selectors.DefaultSelector()
    worker.method_queue.init()
    worker.run()


@pytest.fixture
def connect(worker):
    connections = []
    address = worker.sockets[0].getsockname()

    def connect(sent=b""):
        connection = socket.create_connection(address, timeout=SECONDS)
        connections.append(connection)
        connection.sendall(sent)
        return connection

    yield connect
    for connection in connections:
        connection.close()


def wait_until(holds):
    deadline = time.monotonic() + SECONDS
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.001)


def answer(connection):
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response, json.loads(response.read())


LIVE = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"


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


def test_a_connection_is_closed_after_its_last_answer(connect):
    connection = connect(LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert answer(connection)[0].status == 200
    assert connection.recv(1) == b""


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


@pytest.fixture
def scarce(monkeypatch):
    """A process that may hold three connections open."""
    accept = ThreadWorker.accept

    def accept_three(worker, listener):
        if worker.nr_conns >= 3:
            raise OSError(errno.EMFILE, "too many open files")
        accept(worker, listener)

    monkeypatch.setattr(ThreadWorker, "accept", accept_three)


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


def test_a_stopping_worker_does_not_wait_for_silent_connections(worker, connect, parts, monkeypatch):
    monkeypatch.setattr("gunicorn.workers.gthread.DEFAULT_WORKER_DATA_TIMEOUT", 600)
    used, unused = connect(LIVE), connect()
    answer(used)
    wait_until(lambda: worker.keepalived_conns and worker.pending_conns)
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
    connection = connect(LIVE[:10])
    wait_until(lambda: any(conn.initialized for conn in worker._deadlines.watched))
    with pytest.raises(SystemExit):
        worker.handle_quit(None, None)
    assert connection.recv(1) == b""


class Slow:
    """A WSGI function that answers when it may."""

    def __init__(self):
        self.may_answer = threading.Event()
        self.begun = threading.Semaphore(0)

    def __call__(self, _, start_response):
        self.begun.release()
        assert self.may_answer.wait(SECONDS)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'"slow"']


@pytest.fixture
def slow(worker):
    """All but probes are answered when the test lets them be."""
    slow, well = Slow(), worker.wsgi

    def either(environ, start_response):
        chosen = well if environ["PATH_INFO"] in PROBES else slow
        return chosen(environ, start_response)

    worker.wsgi = either
    yield slow
    slow.may_answer.set()


ASK = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n"
ONE_AND_ONE = {"threads": 1, "max_waiting": 1}


@pytest.fixture
def busy(slow, connect, worker):
    """The only thread answers one request, and one more waits."""
    first = connect(ASK)
    slow.begun.acquire(timeout=SECONDS)
    second = connect(ASK)
    wait_until(lambda: worker._queue.reason_to_refuse() is Shed.FULL)
    return first, second


def gauge(parts, name):
    samples = [s for f in parts.metrics.collector.collect() for s in f.samples]
    return {tuple(s.labels.values()): s.value for s in samples if s.name == name}


@pytest.mark.parametrize("changes", [ONE_AND_ONE])
def test_a_request_for_which_there_is_no_place_is_turned_away_at_once(busy, slow, connect, parts, lines):
    response, told = answer(connect(ASK))
    assert (response.status, told["code"]) == (503, "overloaded")
    assert int(response.headers["Retry-After"]) >= 1
    assert response.headers["Connection"] == "close"
    assert (lines[-1]["status"], lines[-1]["code"], "traceback" in lines[-1]) == (503, "overloaded", False)
    assert gauge(parts, "digits_requests_shed_total") == {
        ("full",): 1,
        ("strain",): 0,
        ("late",): 0,
        ("files",): 0,
    }
    slow.may_answer.set()
    assert [answer(connection)[1] for connection in busy] == ["slow", "slow"]


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("changes", [ONE_AND_ONE])
def test_one_that_is_turned_away_may_still_be_sending(connect):
    connection = connect(b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n")
    with suppress(TimeoutError):
        connection.sendall(bytes(9_000_000))
    assert answer(connection)[0].status == 503


@pytest.mark.parametrize("changes", [ONE_AND_ONE | {"max_waiting_seconds": 1}])
def test_a_request_whose_turn_comes_too_late_is_not_answered(busy, slow, parts):
    time.sleep(1.1)
    slow.may_answer.set()
    assert answer(busy[0])[0].status == 200
    response, told = answer(busy[1])
    assert (response.status, told["code"]) == (503, "overloaded")
    assert gauge(parts, "digits_requests_shed_total") == {
        ("full",): 0,
        ("strain",): 0,
        ("late",): 1,
        ("files",): 0,
    }


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("changes", [ONE_AND_ONE])
@pytest.mark.parametrize("path", sorted(PROBES))
def test_a_probe_is_answered_while_every_thread_is_busy(connect, path):
    connection = connect(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode())
    assert connection.recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize("changes", [ONE_AND_ONE])
def test_what_waits_and_what_is_answered_is_counted(busy, slow, parts):
    assert gauge(parts, "digits_requests_waiting") == {(): 1}
    assert gauge(parts, "digits_requests_in_flight") == {(): 1}
    slow.may_answer.set()
    for connection in busy:
        answer(connection)
    wait_until(lambda: gauge(parts, "digits_requests_in_flight") == {(): 0})
    assert gauge(parts, "digits_requests_in_flight") == gauge(parts, "digits_requests_waiting") == {(): 0}


@pytest.mark.parametrize("changes", [ONE_AND_ONE])
def test_connections_on_which_nothing_is_said_take_no_thread(worker, connect):
    for _ in range(5):
        connect()
    wait_until(lambda: len(worker.pending_conns) == 5)
    assert answer(connect(ASK))[0].status == 200


@pytest.mark.usefixtures("scarce")
@pytest.mark.parametrize("changes", [{"threads": 3}])
def test_where_all_descriptors_are_at_work_others_are_turned_away(slow, connect, parts):
    busy = [connect(ASK) for _ in range(3)]
    for _ in busy:
        slow.begun.acquire(timeout=SECONDS)
    response, told = answer(connect(ASK))
    assert (response.status, told["code"], response.headers["Retry-After"]) == (503, "overloaded", "1")
    assert gauge(parts, "digits_requests_shed_total")["files",] == 1
    slow.may_answer.set()
    assert [answer(connection)[1] for connection in busy] == ["slow"] * 3


def test_a_client_that_takes_no_answer_does_not_keep_its_thread(worker, connect):
    def endless(_, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield from iter(lambda: bytes(1 << 20), None)

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
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    later = connect(LIVE)
    assert answer(later)[1] == {"live": True}
    wait_until(lambda: worker.nr_conns == 1)
    assert worker.nr_conns == 1


def test_requests_may_be_sent_in_one_go(connect):
    connection = connect(LIVE + ASK + LIVE)
    stream = connection.makefile("rb")
    statuses = islice(filter(re.compile(rb"HTTP/1.1 \d+").match, stream), 3)
    assert [*statuses] == [b"HTTP/1.1 200 OK\r\n"] * 3


class Shop:
    """Serves customers in 20 ms each, two at once: a hundred a second, however busy this machine is."""

    def __call__(self, _, start_response):
        time.sleep(0.02)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'"served"']


@pytest.fixture
def ask_at(worker, connect):
    """Let customers come at a rate for some seconds; return when each was due, its status, and its time."""

    def ask(due):
        time.sleep(max(0, due - time.monotonic()))
        began = time.monotonic()
        with connect(ASK) as connection:
            status = answer(connection)[0].status
        return due, status, time.monotonic() - began

    def ask_at(rate, seconds):
        worker.wsgi = Shop()
        start = time.monotonic()
        with ThreadPoolExecutor(64) as customers:
            return list(customers.map(ask, [start + i / rate for i in range(int(rate * seconds))]))

    return ask_at


def quantile(share, answers, status):
    taken = sorted(took for _, found, took in answers if found == status)
    return taken[int(share * len(taken))]


@pytest.mark.parametrize("changes", [{"threads": 2}])
def test_twice_the_load_is_shed_at_once_and_hardly_slows_what_is_let_in(ask_at, parts, capsys):
    unloaded = quantile(0.99, ask_at(20, 1), 200)
    ask_at(200, 2)  # a queue stands until it is noticed, and a second is counted
    loaded = ask_at(200, 2)
    recovered = ask_at(20, 2)
    statuses = Counter(status for _, status, _ in loaded)
    p99, refusal = quantile(0.99, loaded, 200), quantile(0.5, loaded, 503)
    with capsys.disabled():
        told = f"99 of 100 within {p99:.3f} s ({unloaded:.3f} s without load), refusals after {refusal:.3f} s"
        print(f"\ntwice the load: {dict(statuses)}, {told}")  # noqa: T201  # the figure
    assert statuses.keys() == {200, 503}
    assert statuses[200] > 20
    assert statuses[503] > 20
    assert refusal < quantile(0.5, loaded, 200)
    assert {status for _, status, _ in recovered[-20:]} == {200}
    assert gauge(parts, "digits_requests_waiting") == gauge(parts, "digits_requests_in_flight") == {(): 0}


def brief(body, path=b"/v1/classify", *, field=b"Content-Type: image/png"):
    return (
        b"POST %s HTTP/1.1\r\nHost: a\r\n%s\r\nContent-Length: %d\r\n\r\n" % (path, field, len(body)) + body
    )


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
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
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


@pytest.mark.parametrize("field", [b"Content-Type: image/png", UNUSUAL])
def test_a_client_that_asks_for_it_sees_its_connection_closed(worker, connect, png, field):
    connection = connect(brief(png, field=field + b"\r\nConnection: close"))
    response, _ = answer(connection)
    assert (response.status, response.headers["Connection"]) == (200, "close")
    assert connection.recv(1) == b""
    connection.close()
    wait_until(lambda: worker.nr_conns == 0)
    assert worker.nr_conns == 0


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
        other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        other.close()
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


@pytest.fixture
def together(worker, connect):
    """Send requests that wait together: their answers, and how many pictures were foreseen."""

    def send(requests):
        seen, well, waiting = [], worker.wsgi, [connect() for _ in requests]

        def look(environ, start_response):
            seen.append(environ["gunicorn.socket"].foreseen is not None)
            return well(environ, start_response)

        worker.wsgi = look
        wait_until(lambda: len(worker.pending_conns) == len(requests))
        pairs = list(zip(waiting, requests, strict=True))
        worker.method_queue.defer(lambda: [connection.sendall(request) for connection, request in pairs])
        return [answer(connection) for connection in waiting], sum(seen)

    return send


@pytest.fixture
def pictures(picture):
    """Four that MNIST could hold, one that must be framed, and one that is damaged."""
    pngs = [to_png((picture * share).astype(np.uint8)) for share in (1, 0.9, 0.8, 0.7)]
    return [*pngs, to_png(np.roll(picture, 9, axis=1)), pngs[0][:-20]]


def test_small_pictures_that_wait_together_are_answered_as_by_themselves(together, connect, pictures):
    sent = [brief(png) for png in pictures]
    alone = [answer(connect(request)) for request in sent]
    answers, n_foreseen = together(sent)
    for (response, told), (again, told_again) in zip(alone, answers, strict=True):
        assert (again.status, {**told_again, "id": None}) == (response.status, {**told, "id": None})
    assert n_foreseen >= 2


def test_clients_that_hang_up_while_they_wait_hold_up_nobody(together, worker, connect, png, lines):
    gone = [connect(brief(png)) for _ in range(3)]
    for connection in gone:
        answer(connection)
    wait_until(lambda: len(worker.keepalived_conns) == len(gone))

    def ask_and_hang_up():
        for connection in gone:
            connection.sendall(brief(png))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    worker.method_queue.defer(ask_and_hang_up)
    answers, _ = together([brief(png)] * 3)
    assert [response.status for response, _ in answers] == [200] * 3
    wait_until(lambda: worker.nr_conns == len(answers))
    assert worker.nr_conns == len(answers)
    assert not [line for line in lines if "traceback" in line]


@pytest.mark.parametrize("changes", [{"api_keys": SecretStr("ann s3cret")}])
def test_no_picture_is_looked_at_before_the_key_is(together, pictures):
    answers, n_foreseen = together([brief(png) for png in pictures])
    assert ({response.status for response, _ in answers}, n_foreseen) == ({401}, 0)


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
