"""A worker in this process: what it does with clients that are slow, silent or talk nonsense."""

import http.client
import json
import os
import selectors
import socket
import threading
import time
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.sock import TCPSocket
from gunicorn.workers.gthread import ThreadWorker
from prometheus_client import CollectorRegistry

from service.web.app import create_app
from service.web.application import Parts
from service.web.metrics import Metrics
from service.web.scrape import Slot
from service.web.state import State
from service.web.worker import DigitWorker

SECONDS = 20  # after which a test gives up


@pytest.fixture
def parts(settings_for, log):
    """What a master would have made."""
    state = State(settings_for(timeout_seconds=1))
    return Parts(state, Metrics(CollectorRegistry()), Slot(), log)


@pytest.fixture
def worker(parts, monkeypatch):
    """A worker that runs in a thread, on a free port; requests must arrive within a second."""
    config = Config()
    config.set("threads", 4)
    config.set("errorlog", None)
    flask = create_app(parts.state.settings, state=parts.state, metrics=parts.metrics, log=parts.log)
    listener = TCPSocket(("127.0.0.1", 0), config, None)
    application = SimpleNamespace(parts=parts, wsgi=lambda: flask.wsgi_app)
    worker = DigitWorker(1, os.getppid(), [listener], application, 1, config, Logger(config))
    worker.slot, worker.wsgi = "1", flask.wsgi_app
    monkeypatch.setattr(ThreadWorker, "init_process", prepare_without_signals)
    thread = threading.Thread(target=worker.init_process)
    thread.start()
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
        connections.append(socket.create_connection(address, timeout=SECONDS))
        connections[-1].sendall(sent)
        return connections[-1]

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
    wait_until(lambda: worker._due)
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


def test_a_stopping_worker_answers_what_is_arriving(worker, connect, parts):
    connection = connect(LIVE[:10])
    wait_until(lambda: any(conn.initialized for conn in worker._due))
    parts.state.draining.set()
    worker.handle_exit(None, None)
    connection.sendall(LIVE[10:])
    response, told = answer(connection)
    assert (told, response.headers["Connection"]) == ({"live": True}, "close")


def test_a_stopping_worker_does_not_wait_for_silent_connections(worker, connect, parts, monkeypatch):
    monkeypatch.setattr("gunicorn.workers.gthread.DEFAULT_WORKER_DATA_TIMEOUT", 600)
    used, unused = connect(LIVE), connect()
    answer(used)
    wait_until(lambda: worker.keepalived_conns and worker._due)
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
    wait_until(lambda: any(conn.initialized for conn in worker._due))
    with pytest.raises(SystemExit):
        worker.handle_quit(None, None)
    assert connection.recv(1) == b""
