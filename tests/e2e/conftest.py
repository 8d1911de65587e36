"""A real server in processes of its own, as `digits serve` starts it; or one that runs already: --url."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import requests
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from service.artifacts import save
from service.network import Network
from service.settings import Settings

SECONDS = 100  # after which a test gives up to wait; a busy machine needs some of them


def wait_until(holds):
    """Wait until something holds, and return what it returned."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found = holds()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it never happened")


def pytest_addoption(parser):
    parser.addoption(
        "--url", help="ask the service that runs at this address; most tests need one of their own"
    )


def pytest_collection_modifyitems(config, items):
    """Leave out what starts, stops or looks into a server, where one is given."""
    if config.getoption("--url", None):
        need = {
            item: {"serve", "start_server", "refused", "stalled", "own_server"} & {*item.fixturenames}
            for item in items
        }
        config.hook.pytest_deselected(items=[item for item in items if need[item]])
        items[:] = [item for item in items if not need[item]]


class Service:
    """A service that runs, and what one may ask of it."""

    max_body_bytes = Settings().max_body_bytes

    def __init__(self, url):
        self.url = url
        self.port = int(url.rpartition(":")[2])
        wait_until(self._answers)

    @cached_property
    def behind_front(self):
        """Whether nginx stands before it."""
        return self.get("/.front/problem").headers["Server"] == "nginx"

    def _answers(self):
        try:
            return self.get("/readyz").status_code == 200
        except requests.ConnectionError:
            return False

    def get(self, path):
        """Ask it over a connection of its own, which any worker may take."""
        return requests.get(self.url + path, timeout=SECONDS)

    def classify(self, png, query="", session=requests, **headers):
        """Let it read a PNG."""
        headers = {"Content-Type": "image/png"} | headers
        return session.post(f"{self.url}/v1/classify{query}", data=png, headers=headers, timeout=SECONDS)

    def samples(self):
        """Return what it has counted, by name and label values."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        samples = (sample for family in families for sample in family.samples)
        return {(s.name, *s.labels.values()): s.value for s in samples}


class Server(Service):
    """A server that was started here, and whose processes and log one may look into."""

    def __init__(self, process, read_log, n_workers=2):
        self.process = process
        self._read_log = read_log
        super().__init__(wait_until(self._find_url))
        wait_until(lambda: len(self.workers()) == n_workers)

    def _find_url(self):
        assert self.process.poll() is None, "the server did not start"
        return next((line["url"] for line in self.lines() if line["event"] == "serving"), None)

    def lines(self):
        """What it has logged so far."""
        return [json.loads(line) for line in self._read_log().splitlines()]

    def workers(self):
        """Return the process ids of its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(pid) for pid in children.read_text().split()}

    def send_signal(self, number):
        """Signal the master."""
        self.process.send_signal(number)

    def stop(self):
        """Stop it, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=SECONDS)


def command(folder, **flags):
    """The command line of a server with two workers on a free port."""
    given = {
        "models": folder,
        "model": "tiny",
        "port": 0,
        "workers": 2,
        "drain_seconds": 0,
        "watch_seconds": 0,
        "max_waiting_seconds": 60,  # a busy machine sheds no load
    } | flags
    named = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    return [sys.executable, "-m", "service", "serve", *named]


def environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("DIGITS_")} | {
        "OPENBLAS_NUM_THREADS": "1"
    }


def start(folder, stdout_file, log=None, within=(), environ=MappingProxyType({}), **flags):
    """Start a server that logs to a file, or to the one that log finds for its process id.

    It is started within a command that becomes it, as env and unshare do.
    """
    with stdout_file.open("w") as stdout:
        process = subprocess.Popen(
            [*within, *command(folder, **flags)], env=environment() | environ, stdout=stdout
        )
    file = stdout_file if log is None else log(process.pid)

    def read_log():
        return file.read_text() if file.exists() else ""

    try:
        return Server(process, read_log, flags.get("workers", 2))
    except BaseException:  # nobody would stop it
        process.kill()
        process.wait()
        raise


@pytest.fixture
def eventually():
    """Wait until something holds: eventually(lambda: …)."""
    return wait_until


@pytest.fixture
def refused(artifact_folder):
    """Start a server that must not start; return its exit code and what it said."""

    def refused(folder=artifact_folder, **flags):
        process = subprocess.run(
            command(folder, **flags),
            env=environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return process.returncode, process.stderr

    return refused


@pytest.fixture
def serve(artifact_folder, tmp_path):
    """Start a server of the test's own; it is stopped at the end."""
    servers = []

    def serve(**flags):
        servers.append(start(artifact_folder, tmp_path / f"log-{len(servers)}", **flags))
        return servers[-1]

    yield serve
    for server in servers:
        server.stop()


@pytest.fixture
def stalled(artifact_folder):
    """A server whose log goes to a pipe that is read until it serves, and then no more."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    process = subprocess.Popen(command(artifact_folder), env=environment(), stdout=writing)
    os.close(writing)
    read = []

    def read_log():
        with suppress(BlockingIOError):
            read.append(os.read(reading, 1 << 16))
        return b"".join(read).decode()

    server = Server(process, read_log)
    yield server
    server.stop()
    os.close(reading)


@pytest.fixture(scope="module")
def start_server(tmp_path_factory, metadata_for):
    """Start a server that all tests of a module share."""
    servers = []

    def start_server(**flags):
        folder, network = (
            tmp_path_factory.mktemp("module"),
            Network.random((784, 10), np.random.default_rng(0)),
        )
        save(network, metadata_for(network), folder / "models")
        servers.append(start(folder / "models", folder / "log", **flags))
        return servers[-1]

    yield start_server
    for server in servers:
        server.stop()


SHARED = pytest.StashKey[Service]()


@pytest.fixture
def server(request, tmp_path_factory, small_network, metadata_for):
    """A server that all tests share which leave it as it is."""
    session, url = request.session, request.config.getoption("--url", None)
    if SHARED not in session.stash and url:
        session.stash[SHARED] = Service(url)
    if SHARED not in session.stash:
        folder = tmp_path_factory.mktemp("shared")
        save(small_network, metadata_for(small_network), folder / "models")
        session.stash[SHARED] = start(folder / "models", folder / "log")
        session.addfinalizer(session.stash[SHARED].stop)
    return session.stash[SHARED]


@pytest.fixture
def own_server(server):
    """The same, for tests that look into it."""
    return server


@pytest.fixture
def connect(server):
    """Open plain connections to the shared server."""
    connections = []

    def connect():
        connections.append(socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS))
        return connections[-1]

    yield connect
    for connection in connections:
        connection.close()


@pytest.fixture
def png(picture):
    """The same as a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


class Load:
    """Clients that classify one picture again and again, some with a new connection each time.

    They ask for readiness as a load balancer does, ten times a second, and send nothing without it.
    """

    def __init__(self, server, png, clients=8, pause=0.05):
        self.server = server
        self.statuses = Counter()
        self.versions = Counter()
        self._png = png
        self._pause = pause
        self._is_ready = True
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._watch)]
        self._threads += [threading.Thread(target=self._send, args=(i % 2 == 0,)) for i in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def next_versions(self, number):
        """Wait for so many further answers, and return the model versions that gave them, by frequency."""
        before, already = self.versions.copy(), self.versions.total()
        wait_until(lambda: self.versions.total() >= already + number)
        return self.versions - before

    def __exit__(self, *_):
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _watch(self):
        while not self._stopped.wait(0.1):
            try:
                self._is_ready = self.server.get("/readyz").status_code == 200
            except requests.ConnectionError:
                self._is_ready = False

    def _send(self, keeps_alive):
        with requests.Session() as session:
            headers = {} if keeps_alive else {"Connection": "close"}
            while not self._stopped.wait(self._pause):
                if self._is_ready:
                    self._count(session, headers)

    def _count(self, session, headers):
        try:
            answer = self.server.classify(self._png, session=session, **headers)
            self.statuses[answer.status_code] += 1
            self.versions[answer.json().get("model_version")] += 1
        except requests.RequestException as error:
            self.statuses[repr(error)] += 1


@pytest.fixture
def load(png):
    """Clients for a server: with load(server): …"""
    return lambda server, **options: Load(server, png, **options)
