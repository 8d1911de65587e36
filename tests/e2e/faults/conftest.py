"""Clients that go on while something goes wrong, and what is measured of them.

Times are promises to people who run the service on machines that are not overloaded. So a test gives them
room, unless it is run with --full: then it takes its time, and what is promised is asserted to the letter.
"""

import http.client
import io
import json
import resource
import select
import threading
import time
from collections import Counter
from dataclasses import dataclass

import pytest
from PIL import Image

ROOM = 10  # times as long as promised is bearable on a machine that does other things


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="long runs, and times as they are promised")


FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def is_full(request):
    """Whether to take one's time, and to be strict."""
    return request.config.getoption("--full")


@pytest.fixture
def tell(request):
    """Print a figure when all tests have run."""
    figures = request.config.stash.setdefault(FIGURES, [])
    return figures.append


@pytest.fixture
def promised(tell, is_full):
    """Tell what was measured, and see that it is no more than was promised."""

    def promised(what, measured, at_most, unit="s"):
        tell(f"{what}: {measured:.3g} {unit} (promised: {at_most:g} {unit})")
        assert measured <= at_most * (1 if is_full else ROOM)

    return promised


def pytest_terminal_summary(terminalreporter, config):
    figures = config.stash.get(FIGURES, [])
    if figures:
        terminalreporter.section("figures")
        for figure in figures:
            terminalreporter.line(figure)


@dataclass(frozen=True)
class Answer:
    """What came of one request: a status, or the repr of what was raised; times on the monotonic clock."""

    status: int | str
    version: str | None
    began: float
    ended: float


class Client:
    """Keeps its connection, or opens one for each request; never sends on one that the server has closed."""

    def __init__(self, port, *, keeps_alive=True):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Content-Type": "image/png"} | ({} if keeps_alive else {"Connection": "close"})

    def classify(self, png):
        began, version = time.monotonic(), None
        try:
            self._drop_what_was_closed()
            self._connection.request("POST", "/v1/classify", png, self._headers)
            response = self._connection.getresponse()
            version = json.loads(response.read()).get("model_version")
            status = response.status
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            status = repr(error)
        return Answer(status, version, began, time.monotonic())

    def _drop_what_was_closed(self):
        sock = self._connection.sock
        if sock is not None and select.select([sock], [], [], 0)[0]:
            self._connection.close()

    def close(self):
        self._connection.close()


class Traffic:
    """A hundred requests a second, half over kept connections, while the service says that it is ready."""

    def __init__(self, server, png, rate=100, clients=20):
        self.server = server
        self.answers = []
        self.readiness = []  # (when, status), status 0 where nobody answers
        self._png = png
        self._pause = clients / rate
        self._is_ready = True
        self._stopped = threading.Event()
        senders = [threading.Thread(target=self._send, args=(i,)) for i in range(clients)]
        self._threads = [threading.Thread(target=self._watch), *senders]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    @property
    def statuses(self):
        """How often each was answered."""
        return Counter(answer.status for answer in self.answers)

    def since(self, moment):
        """The answers to requests that began after a moment."""
        return [answer for answer in self.answers if answer.began > moment]

    def _watch(self):
        while not self._stopped.wait(0.1):
            try:
                status = self.server.get("/readyz").status_code
            except OSError:
                status = 0
            self.readiness.append((time.monotonic(), status))
            self._is_ready = status == 200

    def _send(self, place):
        client = Client(self.server.port, keeps_alive=place % 2 == 0)
        self._stopped.wait(self._pause * place / len(self._threads))  # they do not all send at once
        while not self._stopped.wait(self._pause):
            if self._is_ready:
                self.answers.append(client.classify(self._png))
        client.close()


@pytest.fixture
def traffic(png):
    """Clients for a server: with traffic(server): …"""
    return lambda server, **options: Traffic(server, png, **options)


@pytest.fixture
def client():
    """Open a client of a server."""
    clients = []

    def client(server, **options):
        clients.append(Client(server.port, **options))
        return clients[-1]

    yield client
    for opened in clients:
        opened.close()


@pytest.fixture
def limit():
    """Limit a resource of a process that runs already."""
    return lambda pid, what, most: resource.prlimit(pid, what, (most, most))


@pytest.fixture
def anew_within(eventually):
    """How long it takes until a server has two workers without the ones given."""

    def anew_within(server, gone):
        began = time.monotonic()
        eventually(lambda: len(server.workers() - gone) == 2 and not server.workers() & gone)
        return time.monotonic() - began

    return anew_within


@pytest.fixture
def counted():
    """How many classifications a server has answered, by its own count."""
    return lambda server: server.samples().get(
        ("digits_http_requests_total", "200", "POST", "/v1/classify"), 0
    )


@pytest.fixture
def large_png():
    """A picture that takes some 50 MiB to read."""
    buffer = io.BytesIO()
    Image.new("RGBA", (3000, 3000), "white").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
