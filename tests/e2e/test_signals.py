"""What the service does when it is told to stop, to read its artifacts anew, or when a worker is lost."""

import os
import signal
import socket

import numpy as np
import pytest

from service.artifacts import save
from service.network import Network


@pytest.fixture
def put(artifact_folder, metadata_for):
    """Write another version of the served model."""

    def put(version):
        network = Network.random((784, 10), np.random.default_rng(int(version)))
        save(network, metadata_for(network, version=version), artifact_folder)

    return put


def counted(server):
    """Count the classifications that were answered."""
    return server.samples().get(("digits_http_requests_total", "200", "POST", "/v1/classify"), 0)


def test_clients_that_watch_readiness_lose_nothing_when_the_service_stops(serve, load, eventually):
    server = serve(drain_seconds=1)
    with load(server) as clients:
        eventually(lambda: clients.statuses[200] > 20)
        server.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=60) == 0
    assert set(clients.statuses) == {200}
    assert server.lines()[-1]["event"].startswith("Shutting down")


def test_a_draining_service_answers_but_is_not_ready(serve, png, eventually):
    server = serve(drain_seconds=30)
    server.send_signal(signal.SIGTERM)
    eventually(lambda: server.get("/readyz").status_code == 503)
    answers = [server.classify(png) for _ in range(10)]
    assert {(answer.status_code, answer.headers["Connection"]) for answer in answers} == {(200, "close")}
    assert {server.get("/livez").status_code for _ in range(4)} == {200}
    server.send_signal(signal.SIGTERM)  # a second one ends the wait
    assert server.process.wait(timeout=25) == 0


def test_an_interrupt_stops_at_once_even_while_a_request_is_arriving(serve):
    server = serve(drain_seconds=600, graceful_seconds=600, timeout_seconds=600)
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(b"POST /v1/classify HTTP/1.1\r\nContent-Length: 100\r\n")
    server.send_signal(signal.SIGINT)
    assert server.process.wait(timeout=30) == 0
    connection.close()


def test_workers_that_have_just_been_started_hear_that_the_service_stops(serve):
    server = serve(drain_seconds=0, graceful_seconds=600)
    server.send_signal(signal.SIGHUP)
    server.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=30) == 0


def test_new_and_bad_artifacts_are_taken_and_refused_without_losing_a_request(
    serve, load, put, artifact_folder, eventually
):
    server = serve()
    bad = artifact_folder / "tiny" / "9.npz"
    with load(server) as clients:
        for version in ("2", "3"):
            put(version)
            bad.unlink(missing_ok=True)
            server.send_signal(signal.SIGHUP)
            eventually(lambda version=version: set(clients.next_versions(20)) == {version})
            bad.write_bytes(b"garbage")
            server.send_signal(signal.SIGHUP)
            eventually(lambda: list(server.get("/healthz").json()["reload_failures"]) == ["tiny@9"])
            assert set(clients.next_versions(20)) == {version}
    assert set(clients.statuses) == {200}
    counts = server.samples()
    assert counts["digits_reloads_total", "ok"] == counts["digits_reloads_total", "failed"] == 2
    assert counted(server) == clients.statuses[200]


def test_a_killed_worker_is_replaced_and_its_counts_are_kept(serve, png, eventually):
    server = serve()
    for _ in range(20):
        server.classify(png)
    victim = min(server.workers())
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: len(server.workers() - {victim}) == 2)
    for _ in range(20):
        server.classify(png)
    assert counted(server) == 40


def test_a_second_master_is_refused(serve, eventually):
    server = serve()
    server.send_signal(signal.SIGUSR2)
    eventually(lambda: [line for line in server.lines() if "SIGUSR2 is not supported" in line["event"]])
    assert server.get("/readyz").status_code == 200


def test_a_bad_artifact_is_one_plain_line(refused, artifact_folder):
    (artifact_folder / "tiny" / "2.npz").write_bytes(b"garbage")
    code, said = refused()
    assert (code, said.count("\n")) == (1, 1)
    assert "2.npz" in said
