"""What the processes use, by the operating system's own account."""

import os
import resource
import subprocess
import sys

import pytest

from service.web import processes
from service.web.processes import Processes

MEBIBYTE = 1024 * 1024


def read(pid):
    return {sample.name: sample.value for family in Processes(pid).collect() for sample in family.samples}


@pytest.fixture
def family():
    """A process with one child, which holds 64 MiB of its own and 5 files more than its parent."""
    child = "import os; b = bytearray(os.urandom(2**26)); f = [open('/dev/null') for _ in range(5)]"
    parent = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child + '; print(); input()'!r}])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        yield process.pid
        process.stdin.close()


def test_processes_are_added_up(family):
    told = read(family)
    assert told["digits_processes"] == 2
    assert 64 * MEBIBYTE < told["process_resident_memory_bytes"] < 200 * MEBIBYTE
    assert told["process_open_fds"] >= 3 + 3 + 5
    assert told["process_max_fds"] == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_the_time_of_a_process_that_has_ended_stays_counted():
    before = read(os.getpid())["process_cpu_seconds_total"]
    work = "import time\nwhile time.process_time() < 0.5: pass"
    subprocess.run([sys.executable, "-c", work], check=True)
    grown = read(os.getpid())["process_cpu_seconds_total"] - before
    assert 0.45 < grown < 5


def test_time_is_that_of_the_clock_of_processes():
    """Of a process of its own: the one that tests run in may have children of other tests."""
    work = (
        "import time\nwhile time.process_time() < 0.5: pass\nprint(time.process_time(), flush=True)\ninput()"
    )
    with subprocess.Popen([sys.executable, "-c", work], stdin=-1, stdout=-1, text=True) as process:
        expected = float(process.stdout.readline())
        told = read(process.pid)["process_cpu_seconds_total"]
        process.communicate("\n")
    assert told == pytest.approx(expected, abs=0.1)


def test_a_kernel_that_tells_less_is_asked_for_less(monkeypatch, tmp_path):
    (tmp_path / "7/fd").mkdir(parents=True)
    (tmp_path / "7/fd/0").touch()
    (tmp_path / "7/stat").write_text("7 (a ) b) S" + " 0" * 10 + " 100 50 20 30 0")
    (tmp_path / "7/status").write_text("Name:\ta\nVmRSS:\t    2048 kB\n")
    monkeypatch.setattr(processes, "PROC", tmp_path)
    monkeypatch.setattr(processes, "TICKS", 100)
    told = read(7)
    assert told["process_cpu_seconds_total"] == 2
    assert told["process_resident_memory_bytes"] == 2 * MEBIBYTE
    assert (told["process_open_fds"], told["digits_processes"]) == (1, 1)


def test_a_child_that_has_just_ended_counts_nothing(monkeypatch, tmp_path):
    (tmp_path / "7/task/7").mkdir(parents=True)
    (tmp_path / "7/task/7/children").write_text("8 ")
    (tmp_path / "7/fd").mkdir()
    (tmp_path / "7/stat").write_text("7 (a) S" + " 0" * 10 + " 0 0 0 0 0")
    (tmp_path / "7/status").write_text("Name: a\nVmRSS: 1 kB\n")
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert read(7)["process_resident_memory_bytes"] == 1024


def test_where_there_is_no_proc_nothing_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert read(os.getpid()) == {}


def test_a_child_that_has_ended_and_is_not_yet_buried_takes_nothing():
    parent = (
        "import os, time\nif os.fork() == 0: os._exit(0)\ntime.sleep(0.2)\nprint('x', flush=True)\ninput()"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdin=-1, stdout=-1, text=True) as process:
        process.stdout.readline()
        told = read(process.pid)
        process.communicate("\n")
    assert told["digits_processes"] == 2
    assert told["process_resident_memory_bytes"] > MEBIBYTE
