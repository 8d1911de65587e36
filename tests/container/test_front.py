"""Several replicas behind the front, which come, go and are killed while clients send."""

import itertools
import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import requests

pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).parents[2]
THREE = (ROOT / "examples" / "three.png").read_bytes()
PNG = {"Content-Type": "image/png"}
SLOW = b"POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
CONNECTIONS = 1024  # of one address, in limits.conf
METRICS = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/metrics').read().decode())"


@pytest.fixture(scope="module")
def replicated(compose):
    """Three replicas behind one front."""
    with compose("digit-service-test-scale", DIGITS_WORKERS="1") as composition:
        composition.run("deploy/compose", "up", "--detach", "--wait", "--scale", "service=3")
        yield composition


class Clients:
    """Clients that classify again and again, watch nothing, and note every answer."""

    def __init__(self, url):
        self._url = url
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(i % 2 == 0,)) for i in range(6)]
        self.answers = Counter()

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        self.send_further(30)
        return self

    def send_further(self, number):
        """Wait until so many more have been answered or lost."""
        enough = self.answers.total() + number
        while self.answers.total() < enough:
            time.sleep(0.01)

    def __exit__(self, *_):
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _send(self, keeps_alive):
        with requests.Session() as session:
            headers = PNG if keeps_alive else PNG | {"Connection": "close"}
            while not self._stopped.wait(0.02):
                try:
                    answer = session.post(f"{self._url}/v1/classify", THREE, headers=headers, timeout=60)
                    told = answer.json()
                    if (
                        told.get("code") != "overloaded"
                    ):  # a busy machine sheds load, and says so; nothing is lost
                        self.answers[answer.status_code, told.get("digit", told.get("code"))] += 1
                except requests.RequestException as error:
                    self.answers[repr(error)] += 1


def test_every_replica_answers_some(replicated):
    url = replicated.url
    for _ in range(60):
        requests.post(f"{url}/v1/classify", THREE, headers=PNG, timeout=60)
    answered = [classified(replicated, replica) for replica in replicated.replicas()]
    assert len(answered) == 3
    assert min(answered) > 0


def classified(composition, replica):
    exported = composition.run("docker", "exec", replica, "/opt/digits/bin/python", "-c", METRICS)
    lines = [line for line in exported.splitlines() if line.startswith("digits_classifications_total")]
    return sum(float(line.split()[-1]) for line in lines)


def test_a_replica_that_is_killed_costs_no_request(replicated):
    url, (victim, *_) = replicated.url, replicated.replicas()
    with Clients(url) as clients:
        replicated.run("docker", "kill", victim)
        clients.send_further(100)
        replicated.run("docker", "start", victim)
        clients.send_further(50)
    assert set(clients.answers) == {(200, 3)}


def test_replicas_that_are_replaced_one_after_another_cost_no_request(replicated):
    before = set(replicated.replicas())
    with Clients(replicated.url) as clients:
        replicated.run("deploy/roll")
        clients.send_further(50)
    assert set(clients.answers) == {(200, 3)}
    assert len(replicated.replicas()) == 3
    assert not before & set(replicated.replicas())


def test_a_request_keeps_its_id_on_its_way(replicated):
    headers = PNG | {"X-Request-ID": "find-me"}
    answer = requests.post(f"{replicated.url}/v1/classify", THREE, headers=headers, timeout=60)
    assert answer.headers["X-Request-ID"] == answer.json()["id"] == "find-me"
    assert [line["status"] for line in logged(replicated, "service", "find-me")] == [200]


def logged(composition, service, words):
    """The lines of a service's log that hold some words; compose puts signs for terminals before them."""
    log = composition.run("deploy/compose", "logs", "--no-log-prefix", service)
    return [json.loads(line[line.index("{") :]) for line in log.splitlines() if words in line]


def test_an_address_with_too_many_connections_gets_no_more_for_now(composition):
    host, port = composition.published("front", "8080").split(":")
    url = f"http://{host}:{port}"
    with ExitStack() as stack:

        def begin():
            connection = stack.enter_context(socket.create_connection((host, int(port))))
            with suppress(OSError):  # it was refused
                connection.send(SLOW)
            return connection

        slow = [begin() for _ in range(CONNECTIONS + 50)]  # some are refused themselves
        refused = until(429, url, meanwhile=lambda: go_on(slow, begin))
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json().items() >= {"status": 429, "code": "too_many_requests"}.items()
    assert int(refused.headers["Retry-After"]) > 0
    assert until(200, url).json()["digit"] == 3


def go_on(connections, begin):
    """Send a byte on each, and begin another in place of one that was refused or cut."""
    for place, connection in enumerate(connections):
        try:
            connection.send(b"x")
        except OSError:
            connection.close()
            connections[place] = begin()


def until(status, url, meanwhile=lambda: None):
    """Classify until the answer is such; what was sent and what was closed takes a moment to be seen."""
    while True:
        answer = requests.post(f"{url}/v1/classify", THREE, headers=PNG, timeout=60)
        if answer.status_code == status:
            return answer
        meanwhile()


def test_without_any_replica_the_front_says_so(short_lived):
    url = short_lived.url
    short_lived.run("deploy/compose", "stop", "service")
    answer = requests.post(f"{url}/v1/classify?model=plain", THREE, headers=PNG, timeout=60)
    assert answer.headers["Content-Type"] == "application/problem+json"
    # the second, for the moment that the replica still has a name
    assert (answer.status_code, answer.json()["code"]) in {(502, "no_replica"), (504, "replica_too_slow")}
    assert answer.json()["id"] == answer.headers["X-Request-ID"]
    assert int(answer.headers["Retry-After"]) > 0
    (line,) = logged(short_lived, "front", answer.json()["id"])
    assert (line["method"], line["path"], line["status"]) == ("POST", "/v1/classify", answer.status_code)
    assert not logged(short_lived, "front", "model=plain")


def test_tests_of_a_local_server_pass_through_the_front_too(composition, capsys):
    command = [sys.executable, "-m", "pytest", "-q", "tests/e2e", "--url", composition.url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    with capsys.disabled():
        print(f" {done.stdout.splitlines()[-1]}")  # noqa: T201  # how many there were
    assert done.returncode == 0, done.stdout


def test_the_front_speaks_tls_with_a_certificate_that_it_is_given(compose, tmp_path):
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", key, "-out", certificate]
    subprocess.run([*request.split(), *names, *files], check=True, capture_output=True)
    key.chmod(0o644)  # for user 101
    variables = {
        "COMPOSE_FILE": "docker-compose.yml:deploy/tls.yml",
        "TLS_CERTIFICATE": str(certificate),
        "TLS_KEY": str(key),
        "TLS_PORT": "0",
    }
    with compose("digit-service-test-tls", **variables) as composition:
        port = composition.published("front", "8443").rpartition(":")[2]
        with requests.Session() as session:
            session.verify = str(certificate)
            session.trust_env = False  # or a bundle named there would count instead
            answer = session.post(f"https://localhost:{port}/v1/classify", THREE, headers=PNG, timeout=60)
            metrics = session.get(f"https://localhost:{port}/metrics", timeout=60)
    assert (answer.status_code, answer.json()["digit"]) == (200, 3)
    assert int(answer.headers["Strict-Transport-Security"].removeprefix("max-age=")) > 0
    assert (metrics.status_code, metrics.json()["code"]) == (404, "unknown_route")


def test_the_service_asks_for_keys_that_it_is_given(compose, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("school  hV7rTn3sJp4LdQ\n")
    keys.chmod(0o644)  # for user 10001
    variables = {"COMPOSE_FILE": "docker-compose.yml:deploy/keys.yml", "API_KEYS": str(keys)}
    with compose("digit-service-test-keys", **variables) as composition:
        refused, answer = (
            requests.post(f"{composition.url}/v1/classify", THREE, headers=PNG | given, timeout=60)
            for given in ({}, {"X-API-Key": "hV7rTn3sJp4LdQ"})
        )
    assert (refused.status_code, refused.json()["code"]) == (401, "missing_key")
    assert (answer.status_code, answer.json()["digit"]) == (200, 3)


def test_prometheus_finds_every_replica(replicated):
    replicated.run("deploy/compose", "up", "--detach", "--wait", "--no-recreate", "prometheus")
    url = f"http://{replicated.published('prometheus', '9090')}/api/v1/query"
    replicas = len(replicated.replicas())
    for _second in itertools.count():
        found = requests.get(url, params={"query": "digits_ready"}, timeout=10).json()["data"]["result"]
        if len(found) == replicas:
            break
        time.sleep(1)
    assert {sample["value"][1] for sample in found} == {"1"}


def test_how_soon_a_replica_is_ready_after_its_start(composition, capsys):
    (replica,), url = composition.replicas(), composition.url
    composition.run("docker", "stop", "--time", "0", replica)
    before = time.time()
    composition.run("docker", "start", replica)
    while requests.get(f"{url}/readyz", timeout=10).status_code != 200:
        time.sleep(0.01)
    seconds = time.time() - before
    with capsys.disabled():
        print(f" a replica was ready {seconds:.1f} s after its container was told to start")  # noqa: T201
    assert until(200, url).json()["digit"] == 3
