"""A real scheduler and real workers on this machine, and what is lost when they are: nothing."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from distributed import Client

from service.bulk import classify_many, cluster, find
from service.bulk.cluster import Cluster
from service.errors import BadInputError, ServiceError, UnreachableError

pytestmark = pytest.mark.timeout(600)  # five processes start, on whatever machine

N_WORKERS = 3
N_PICTURES = 1500
BEGUN_BYTES = 100_000  # of the journal's log, by which rows are on disk


def dask(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_until(condition):
    while not condition():
        time.sleep(0.05)


class Running:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder):
        place = folder / "scheduler.json"
        local = ("--no-dashboard", "--host", "127.0.0.1")
        self.scheduler = dask("scheduler", "--port", 0, "--scheduler-file", place, *local)
        self.workers = [
            dask("worker", "--scheduler-file", place, "--nthreads", 1, "--no-nanny", "--name", name, *local)
            for name in range(N_WORKERS)
        ]
        wait_until(place.exists)
        self.client = Client(scheduler_file=str(place), set_as_default=False, timeout=60)
        self.client.wait_for_workers(N_WORKERS, timeout=100)
        self.address = self.client.scheduler.address

    def in_hand(self, name):
        """The tasks that a worker was given and has not returned."""
        found = self.client.run_on_scheduler(
            lambda dask_scheduler: {w.name: len(w.processing) for w in dask_scheduler.workers.values()}
        )
        return found[str(name)] if str(name) in found else found[name]

    def end(self):
        self.client.close()
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One cluster for all tests: the last ones take it apart."""
    running = Running(tmp_path_factory.mktemp("cluster"))
    yield running
    running.end()


def rows_of(out):
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_workers_answer_as_this_machine_does_and_read_nothing_themselves(
    running, folder, job, here, tmp_path
):
    with Cluster(job, running.address) as crew:
        classify_many(find([str(folder)]), tmp_path / "there.jsonl", job, crew)
        assert crew.brings_bytes
    classify_many(find([str(folder)]), tmp_path / "here.jsonl", job, here)
    there, near = rows_of(tmp_path / "there.jsonl"), rows_of(tmp_path / "here.jsonl")
    for one, other in zip(there, near, strict=True):
        for name in ("activations", "margin"):  # of batches of other sizes
            assert one.pop(name) == pytest.approx(other.pop(name), abs=5e-6)
        assert one == other


def test_the_whole_cluster_has_work_from_the_first_batch_on(running, job):
    with Cluster(job, running.address) as crew:
        crew.submit([]).result()
        assert crew.capacity == 4 * N_WORKERS


def test_nothing_at_the_address_is_one_line(job):
    with pytest.raises(UnreachableError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1; start"):
        Cluster(job, "tcp://127.0.0.1:1", timeout_seconds=0.5)


@pytest.mark.parametrize(
    "address", ["foo", "", "nowhere://", "http://127.0.0.1:8786", "tcp://127.0.0.1:port"]
)
def test_what_is_no_address_is_one_line_and_half_begins_no_client(job, monkeypatch, address):
    monkeypatch.setattr(cluster, "Client", lambda *_, **__: pytest.fail("a client was begun"))
    with pytest.raises(BadInputError, match=r"is no address of a Dask scheduler \(.*\); name one as tcp://"):
        Cluster(job, address)


def test_another_version_on_the_workers_is_one_line(running, job, monkeypatch):
    monkeypatch.setattr(cluster, "VERSION", "99.0")
    with pytest.raises(ServiceError, match=r"one has digit-service \S+; install digit-service 99\.0 there"):
        Cluster(job, running.address)


def test_a_worker_that_is_killed_half_way_costs_nothing(running, artifact_folder, tmp_path, draw):
    """Every file is answered exactly once, those in the hands of the worker that is killed too."""
    scans, out = tmp_path / "many", tmp_path / "results.jsonl"
    scans.mkdir()
    pictures = [scans / f"{i:04}.png" for i in range(N_PICTURES)]
    for i, path in enumerate(pictures):
        path.write_bytes(draw(i % 50))
    told = []

    def feed(names):
        told.extend(map(str, names))
        process.stdin.write("".join(f"{name}\n" for name in names))
        process.stdin.flush()

    command = [sys.executable, "-m", "service", "classify-many", "-", "--out", out]
    command += ["--models", artifact_folder, "--model", "tiny", "--dask", running.address]
    with subprocess.Popen(
        [*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        log = Path(f"{out}.journal-wal")
        while not (log.exists() and log.stat().st_size > BEGUN_BYTES):
            feed([scans / f"missing {len(told) + i}.png" for i in range(50)])  # a row each, and no work
        lost = running.workers[0]
        lost.send_signal(signal.SIGSTOP)  # so that what it is given stays in its hands
        feed(pictures)
        wait_until(lambda: running.in_hand(0) > 0)
        lost.kill()
        printed, wrong = process.communicate()
    assert (process.returncode, wrong) == (0, "")
    rows = rows_of(out)
    assert len(rows) == len(told)
    assert {row["name"] for row in rows} == set(told)
    assert sum(row["error_code"] is None for row in rows) == N_PICTURES
    assert f"{len(told):,} files" in printed


def test_a_scheduler_that_goes_away_is_one_line(running, job, draw):
    crew = Cluster(job, running.address)
    running.scheduler.kill()
    with pytest.raises(UnreachableError, match="the Dask scheduler went away; start it and run"), crew:
        crew.submit([("a.png", draw(1))]).result()
