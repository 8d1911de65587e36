"""What an operator does with a running service, and sees of it."""

import io
import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image


@pytest.fixture
def png():
    """A picture that takes a while to read."""
    buffer = io.BytesIO()
    grey = np.random.default_rng(1).integers(0, 256, (800, 800), np.uint8)
    Image.fromarray(grey).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def test_more_than_can_be_carried_is_shed_at_once_and_forgotten(serve, load, png, eventually):
    server = serve(threads=1, max_waiting=2)
    with load(server, clients=16, pause=0.02) as clients:
        eventually(lambda: clients.statuses[200] >= 20 and clients.statuses[503] >= 20)
        slowest = 0
        for _ in range(20):
            began = time.monotonic()
            assert server.get("/readyz").status_code == 200
            slowest = max(slowest, time.monotonic() - began)
    assert set(clients.statuses) == {200, 503}
    assert slowest < 10  # a probe does not stand in the line
    assert server.samples()["digits_requests_shed_total", "full"] >= clients.statuses[503]
    for gauge in ("waiting", "in_flight"):  # a client may have its answer before that is counted
        eventually(lambda gauge=gauge: server.samples()[(f"digits_requests_{gauge}",)] == 0)
    assert server.classify(png).status_code == 200


def test_a_worker_that_is_killed_leaves_no_request_in_flight(serve, eventually):
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        eventually(lambda: server.samples()[("digits_requests_in_flight",)] == 1)
        for pid in (workers := server.workers()):
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: len(server.workers() - workers) == 2)
        assert server.samples()[("digits_requests_in_flight",)] == 0


def test_keys_are_replaced_without_a_restart(serve, tmp_path, eventually):
    keys = tmp_path / "keys"
    keys.write_text("ann one\nbob two\n")
    server = serve(api_keys_file=keys)

    def status(key):
        return requests.get(f"{server.url}/v1/models", headers={"X-API-Key": key}, timeout=60).status_code

    assert (status("one"), status("two"), status("three")) == (200, 200, 401)
    keys.write_text("bob two\ncid three\n")
    server.send_signal(signal.SIGHUP)
    eventually(lambda: [status("one") for _ in range(8)] == [401] * 8)
    assert (status("two"), status("three")) == (200, 200)
    counted = server.samples()
    assert counted["digits_key_requests_total", "cid"] >= 1
    assert counted["digits_reloads_total", "ok"] == 1


def oom_score_adjustment(pid):
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text())


def test_where_memory_runs_out_the_kernel_ends_a_worker_and_not_the_master(own_server, eventually):
    master = oom_score_adjustment(own_server.process.pid)
    eventually(lambda: all(oom_score_adjustment(pid) > master for pid in own_server.workers()))


def polls(pid):
    """Say whether a process has begun to wait for connections, and so has the files that it works with."""
    with suppress(OSError):  # one was closed meanwhile
        return any("eventpoll" in str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir())
    return False


def test_what_all_processes_use_is_told_together(serve, eventually):
    server = serve()
    eventually(lambda: all(map(polls, server.workers())))
    before = server.samples()
    assert before[("digits_processes",)] == 3
    assert 20e6 < before[("process_resident_memory_bytes",)] < 500e6
    workers = server.workers()
    server.send_signal(signal.SIGHUP)
    eventually(lambda: len(server.workers()) == 2 and not server.workers() & workers)
    eventually(lambda: all(map(polls, server.workers())))
    after = server.samples()
    assert after[("digits_processes",)] == 3
    assert after[("process_cpu_seconds_total",)] >= before[("process_cpu_seconds_total",)]
    assert after[("process_open_fds",)] == pytest.approx(before[("process_open_fds",)], abs=6)
