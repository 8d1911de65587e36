"""Signals, new artifacts and lost workers, under a hundred requests a second."""

import io
import os
import shutil
import signal
import time
import zipfile

import numpy as np
import pytest

from service.artifacts import save
from service.network import Network


@pytest.fixture
def saved(metadata_for, tmp_path_factory):
    """Write a version of the served model somewhere, and return its file."""

    def saved(version):
        network = Network.random((784, 16, 10), np.random.default_rng(int(version)))
        return save(network, metadata_for(network, version=version), tmp_path_factory.mktemp("saved"))

    return saved


def rewritten(good, name, change):
    """Write an artifact with one array changed."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(written, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            if member == name:
                array = change(np.load(io.BytesIO(content)))
                buffer = io.BytesIO()
                np.save(buffer, array)
                content = buffer.getvalue()
            new.writestr(member, content)
    return written.getvalue()


WEIGHTS = "layers/0/weights.npy"
SPOILED = {
    "garbage": lambda good: b"garbage" * (len(good) // 7),
    "truncated": lambda good: good[: len(good) // 2],
    "not a number": lambda good: rewritten(good, WEIGHTS, lambda weights: weights * np.float32("nan")),
    "wrong shape": lambda good: rewritten(good, WEIGHTS, lambda weights: weights[:, :-1]),
    "disagreeing golden samples": lambda good: rewritten(
        good, WEIGHTS, lambda weights: weights + np.float32(0.1)
    ),
}


def test_sigterm_loses_nothing_of_clients_that_watch_readiness(serve, traffic, eventually, promised, tell):
    server = serve(drain_seconds=3)
    with traffic(server) as clients:
        eventually(lambda: len(clients.answers) > 100)
        told = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=60) == 0
        took = time.monotonic() - told
    after = [status for moment, status in clients.readiness if moment > told and status != 200]
    assert set(clients.statuses) == {200}
    assert after[0] == 503
    assert clients.since(told)  # some went on until they had heard of it
    tell(f"SIGTERM under load: {len(clients.answers)} requests, 0 lost")
    promised("SIGTERM to exit, with 3 s of draining", took, 4)


def test_reloads_lose_nothing_and_bad_artifacts_change_nothing(
    serve, traffic, saved, artifact_folder, eventually, counted, tell
):
    server, bad = serve(), artifact_folder / "tiny" / "99.npz"
    good_99 = saved("99").read_bytes()

    def refused():
        return [line["reason"] for line in server.lines() if line["event"] == "artifact refused"]

    def told():
        return server.get("/healthz").json()["reload_failures"].get("tiny@99")

    with traffic(server) as clients:
        for version, spoil in enumerate(SPOILED.values(), 2):
            bad.unlink(missing_ok=True)
            shutil.copy(saved(str(version)), artifact_folder / "tiny")
            server.send_signal(signal.SIGHUP)
            all_answer_with(str(version), clients, eventually)

            bad.write_bytes(spoil(good_99))
            server.send_signal(signal.SIGHUP)
            eventually(lambda version=version: len(refused()) == version - 1)
            eventually(lambda: told() == refused()[-1])
            all_answer_with(str(version), clients, eventually)
    assert set(clients.statuses) == {200}
    assert counted(server) == len(clients.answers)
    assert len(set(refused())) == len(SPOILED) - 1  # garbage and half a file look alike
    samples = server.samples()
    assert samples["digits_reloads_total", "ok"] == samples["digits_reloads_total", "failed"] == len(SPOILED)
    tell(f"SIGHUP × {2 * len(SPOILED)} under load: {len(clients.answers)} requests, 0 lost")


def all_answer_with(version, clients, eventually):
    """Wait until all of the last forty answers are of a version."""

    def they_do():
        last = clients.answers[-40:]
        return len(last) == 40 and {answer.version for answer in last} == {version}

    eventually(they_do)


def test_a_good_version_that_is_dropped_is_soon_served_by_all(
    serve, traffic, saved, artifact_folder, eventually, promised
):
    server, file = serve(watch_seconds=2), saved("2").read_bytes()
    with traffic(server) as clients:
        eventually(lambda: len(clients.answers) > 100)
        with (artifact_folder / "tiny" / "2.npz").open("wb", buffering=0) as dropped:
            for part in (file[: len(file) // 2], file[len(file) // 2 :]):  # as a slow copy
                time.sleep(0.5)
                dropped.write(part)
        dropped_at = time.monotonic()
        all_answer_with("2", clients, eventually)
        last_old = max(answer.ended for answer in clients.answers if answer.version == "1")
    assert set(clients.statuses) == {200}
    assert server.samples()["digits_reloads_total", "failed"] == 0
    promised("a new version dropped to the last answer of the old", last_old - dropped_at, 10)


def test_a_killed_worker_costs_what_it_had_in_hand(
    serve, traffic, anew_within, eventually, counted, promised, tell
):
    server = serve()
    with traffic(server) as clients:
        eventually(lambda: len(clients.answers) > 100)
        before, victim = counted(server), min(server.workers())
        os.kill(victim, signal.SIGKILL)
        took = anew_within(server, {victim})
        replaced = time.monotonic()
        eventually(lambda: len(clients.since(replaced)) > 100)
    lost = [answer for answer in clients.answers if answer.status != 200]
    answered = clients.statuses[200]
    assert len(lost) <= 20  # one for each client
    assert {answer.status for answer in clients.since(replaced)} == {200}
    assert before <= counted(server)
    assert answered <= counted(server) <= answered + len(lost)
    tell(f"kill -9 of a worker under load: {len(lost)} of {len(clients.answers)} requests lost")
    promised("kill -9 of a worker to the next one", took, 1)


def test_a_worker_that_hangs_is_ended_and_the_others_serve(serve, client, png, anew_within, promised):
    server = serve(timeout_seconds=3)
    victim, other = sorted(server.workers())
    os.kill(victim, signal.SIGSTOP)  # it accepts nothing, computes nothing, and hears no signal but one
    answers = [client(server, keeps_alive=False).classify(png) for _ in range(50)]
    took = anew_within(server, {victim})
    assert other in server.workers()
    assert {answer.status for answer in answers} == {200}
    assert server.classify(png).status_code == 200
    promised("a hanging worker to the next one, with a deadline of 3 s", took, 3 + 3)
