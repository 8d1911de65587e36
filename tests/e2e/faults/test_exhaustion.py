"""The machine gives nothing more: no room, no files, no memory, no time that can be relied upon."""

import os
import resource
import signal
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

MOUNTS = "unshare --user --map-root-user --mount --propagation private"


@pytest.fixture
def serve_in(serve):
    """Start a server in mounts of its own, which a script makes; return it and the root that it sees."""
    tried = subprocess.run([*MOUNTS.split(), "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"this system lends nobody mounts of their own: {tried.stderr.strip()}")

    def serve_in(script, **flags):
        within = [*MOUNTS.split(), "sh", "-euc", f'{script}\nexec "$@"', "sh"]
        server = serve(within=within, **flags)
        return server, Path(f"/proc/{server.process.pid}/root")

    return serve_in


def fill(folder):
    """Take all the room that there is."""
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def run_inside(server, command):
    """Run a command where a server runs."""
    enter = ["nsenter", f"--target={server.process.pid}", "--user", "--mount", "--preserve-credentials"]
    subprocess.run([*enter, "sh", "-euc", command], check=True)


def ask_for_everything(server, png):
    """Ask in ways that make more counters than a file has room for at first; return the statuses."""
    paths = ["/", "/errors", "/docs", "/openapi.json", "/v1/models", "/v1/models/tiny", "/v2", "/nowhere"]
    statuses = {server.classify(body).status_code for body in (png, b"no picture")}
    for method in ("GET", "HEAD", "OPTIONS", "POST"):
        statuses |= {requests.request(method, server.url + path, timeout=60).status_code for path in paths}
    return statuses


EVERYTHING = {200, 404, 405, 415}


def test_without_room_for_counters_everything_is_answered(serve_in, png, eventually):
    server, root = serve_in("mount -t tmpfs -o size=3m,mode=1777 none /dev/shm")
    fill(root / "dev" / "shm")
    workers = server.workers()
    statuses = ask_for_everything(server, png)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)  # their successors have to do without new files
    eventually(lambda: len(server.workers() - workers) == 2)
    workers = server.workers()
    for _ in range(4):  # whichever worker answers
        statuses |= ask_for_everything(server, png)
    assert statuses == EVERYTHING
    assert server.samples()[("digits_metric_series_lost_total",)] > 0
    assert server.workers() == workers  # nobody ended in silence


def test_with_a_read_only_folder_of_counters_everything_is_answered(serve_in, png, eventually):
    server, _ = serve_in("mount -t tmpfs -o mode=1777 none /dev/shm")
    workers = server.workers()
    run_inside(server, "mount --bind /dev/shm /dev/shm && mount -o remount,bind,ro /dev/shm")
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: len(server.workers() - workers) == 2)
    assert {status for _ in range(4) for status in ask_for_everything(server, png)} == EVERYTHING
    assert server.samples()[("digits_metric_series_lost_total",)] > 0


def test_lines_for_which_a_disk_has_no_room_are_counted(serve_in, png, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f"mount -t tmpfs -o size=64k none {disk}\nexec >{disk}/log"
    server, root = serve_in(script, log=lambda pid: Path(f"/proc/{pid}/root{disk}/log"))
    fill(root / str(disk).lstrip("/"))
    answers = {server.classify(png).status_code for _ in range(400)}
    assert answers == {200}
    dropped = server.samples()[("digits_log_lines_dropped_total",)]
    assert dropped > 100
    (root / str(disk).lstrip("/") / "filler").unlink()
    server.classify(png, **{"X-Request-ID": "there-is-room-again"})
    assert "there-is-room-again" in (root / str(disk).lstrip("/") / "log").read_text()


def test_a_read_only_root_without_tmp_will_do(serve_in, artifact_folder, png):
    script = f"""
        mount -t tmpfs none /mnt
        mkdir /mnt/models
        mount --bind {artifact_folder} /mnt/models
        for folder in /tmp /var/tmp; do mount -t tmpfs -o ro,mode=555 none $folder; done
        mount -o remount,bind,ro /
        cd /
        ! touch /tmp/file /var/tmp/file /file 2>/dev/null
    """
    server, root = serve_in(script, models="/mnt/models")
    assert not os.access(root / "tmp", os.W_OK) or not any((root / "tmp").iterdir())
    assert ask_for_everything(server, png) == EVERYTHING
    assert server.classify(b"x" * 1_000_000).status_code == 415  # what werkzeug would put into a file


def test_a_clock_that_jumps_loses_nothing(serve, traffic, tmp_path, eventually):
    offset = tmp_path / "offset"

    def jump(days):
        beside = offset.with_suffix(".new")
        beside.write_text(str(days * 86_400))
        beside.rename(offset)

    jump(0)
    clock = {"PYTHONPATH": str(Path(__file__).parent / "clock"), "CLOCK_OFFSET": str(offset)}
    server = serve(environ=clock, drain_seconds=2)
    workers, dates = server.workers(), set()
    with traffic(server) as clients:
        for days in (1, -2, 0):
            jump(days)
            seen = len(clients.answers)
            eventually(lambda seen=seen: len(clients.answers) > seen + 50)
            dates.add(server.get("/livez").headers["Date"][:16])
        assert server.workers() == workers
        server.send_signal(signal.SIGTERM)
        eventually(lambda: 503 in {status for _, status in clients.readiness})
        jump(1)  # while it waits for the last ones to finish
        assert server.process.wait(timeout=60) == 0
    assert set(clients.statuses) == {200}
    assert len(dates) == 3  # it has really jumped


def open_files(pid):
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def test_without_file_descriptors_silent_clients_make_room(serve, limit, png):
    server = serve(keepalive_seconds=600)
    for pid in server.workers():
        limit(pid, resource.RLIMIT_NOFILE, open_files(pid) + 20)
    with ExitStack() as silent:
        for _ in range(200):
            silent.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        answers = [server.classify(png).status_code for _ in range(50)]
        assert answers == [200] * 50
        assert ("process_open_fds",) in server.samples()


def test_without_file_descriptors_who_cannot_be_served_is_told_so_and_counted(serve, limit, png, eventually):
    server = serve(timeout_seconds=5)
    workers = server.workers()
    for pid in workers:
        limit(pid, resource.RLIMIT_NOFILE, open_files(pid) + 20)
    with ExitStack() as unfinished:
        for _ in range(100):
            client = unfinished.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            client.sendall(b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        eventually(lambda: [line for line in server.lines() if line.get("code") == "overloaded"])
    eventually(lambda: server.classify(png).status_code == 200)
    assert server.samples()["digits_requests_shed_total", "files"] > 0
    assert server.workers() == workers


MEMORY = Path("/sys/fs/cgroup/memory")


@pytest.fixture
def confine():
    """Let a process have so much more memory than it has, or be ended by the kernel (cgroups, version 1)."""
    group = MEMORY / f"digits-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"this system lends nobody a memory limit: {error}")

    def confine(pid, more_bytes):
        (group / "memory.limit_in_bytes").write_text(str(more_bytes))
        (group / "cgroup.procs").write_text(str(pid))  # what it has already is not counted here

    yield confine
    for pid in (group / "cgroup.procs").read_text().split():
        (MEMORY / "cgroup.procs").write_text(pid)
    group.rmdir()


def test_where_memory_runs_out_a_worker_goes_and_the_service_stays(
    serve, confine, client, png, large_png, eventually
):
    server = serve()
    victim = min(server.workers())
    confine(victim, 16 * 2**20)
    statuses = []

    def victim_is_gone():
        statuses.append(client(server, keeps_alive=False).classify(large_png).status)
        return victim not in server.workers()

    eventually(victim_is_gone)
    assert len([status for status in statuses if status != 200]) <= 1  # only what the victim had in its hands
    assert {server.classify(png).status_code for _ in range(20)} == {200}  # the other one serves meanwhile
    eventually(lambda: len(server.workers()) == 2)
    assert server.classify(large_png).status_code == 200
    ended = [line["event"] for line in server.lines() if f"pid:{victim}" in line["event"]]
    assert any("Perhaps out of memory?" in event for event in ended)
