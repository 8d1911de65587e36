"""A worker in this process, and the clients of its sockets."""

import errno
import http.client
import json
import os
import selectors
import socket
import struct
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
from service.web.health import PROBES
from service.web.metrics import Metrics
from service.web.scrape import Slot
from service.web.state import State
from service.web.worker import DigitWorker

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


def reset(connection):
    """Reset a connection, as a client does that is gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


LIVE = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def scarce(monkeypatch):
    """A process that may hold three connections open."""
    accept = ThreadWorker.accept

    def accept_three(worker, listener):
        if worker.nr_conns >= 3:
            raise OSError(errno.EMFILE, "too many open files")
        accept(worker, listener)

    monkeypatch.setattr(ThreadWorker, "accept", accept_three)


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


def gauge(parts, name):
    samples = [s for f in parts.metrics.collector.collect() for s in f.samples]
    return {tuple(s.labels.values()): s.value for s in samples if s.name == name}


def brief(body, path=b"/v1/classify", *, field=b"Content-Type: image/png"):
    return (
        b"POST %s HTTP/1.1\r\nHost: a\r\n%s\r\nContent-Length: %d\r\n\r\n" % (path, field, len(body)) + body
    )
