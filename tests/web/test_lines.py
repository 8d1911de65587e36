"""A log whose reader has stalled never makes anybody wait."""

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.web.lines import PIPE_BUF, LineWriter


class Counter:
    def __init__(self):
        self.count = 0

    def __call__(self):
        self.count += 1


@pytest.fixture
def dropped():
    return Counter()


@pytest.fixture
def pipe():
    """The reading end of a pipe, and its writing end."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def fill(writer, dropped, limit=100_000):
    """Write until a line is dropped; say how many were taken."""
    line = b"x" * 99 + b"\n"
    for written in range(limit):
        writer.write(line)
        if dropped.count:
            return written
    raise AssertionError("nothing was ever dropped")


def finishes(work):
    """Run it in a thread that nobody waits for without end."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(timeout=20)
    return not thread.is_alive()


def test_a_line_is_written_whole(pipe, dropped):
    LineWriter(pipe[1], dropped).write(b"line\n")
    assert os.read(pipe[0], 100) == b"line\n"


def test_a_full_pipe_loses_lines_and_waits_for_nobody(pipe, dropped):
    writer = LineWriter(pipe[1], dropped)
    assert finishes(lambda: fill(writer, dropped))
    assert dropped.count == 1


def test_a_pipe_that_others_fill_after_a_look_at_it_makes_nobody_wait_either(pipe, dropped, monkeypatch):
    monkeypatch.setattr("service.web.lines._takes_more", lambda _fd: True)
    writer = LineWriter(pipe[1], dropped)
    assert finishes(lambda: fill(writer, dropped))
    assert dropped.count == 1


def test_lines_are_taken_again_when_the_reader_is_back(pipe, dropped):
    writer = LineWriter(pipe[1], dropped)
    fill(writer, dropped)
    os.read(pipe[0], 1 << 20)
    writer.write(b"back\n")
    assert os.read(pipe[0], 1 << 20).endswith(b"back\n")


def test_other_writers_to_the_same_pipe_wait_as_before(pipe, dropped):
    LineWriter(pipe[1], dropped)
    assert os.get_blocking(pipe[1])


@pytest.mark.parametrize("kind", ["pipe of somebody else", "socket"])
def test_where_it_cannot_be_opened_anew_it_is_asked_before_each_line(pipe, dropped, monkeypatch, kind):
    ours, theirs = socket.socketpair()

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr("service.web.lines.os.open", refuse)
    fd = ours.fileno() if kind == "socket" else pipe[1]
    writer = LineWriter(fd, dropped)
    assert finishes(lambda: fill(writer, dropped))
    ours.close()
    theirs.close()


def test_many_threads_may_write_at_once(dropped):
    ours, theirs = socket.socketpair()
    writer = LineWriter(ours.fileno(), dropped)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(writer.write, [b"x" * 9 + b"\n"] * 2000))
    assert len(theirs.recv(1 << 20)) + 10 * dropped.count == 20_000
    ours.close()
    theirs.close()


def test_lines_in_a_file_stand_behind_what_others_wrote_there(tmp_path, dropped):
    with (tmp_path / "log").open("wb", buffering=0) as file:
        writer = LineWriter(file.fileno(), dropped)
        writer.write(b"one\n")
        file.write(b"two\n")
        writer.write(b"three\n")
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\nthree\n"


@pytest.mark.parametrize(("length", "lost"), [(PIPE_BUF, 0), (PIPE_BUF + 1, 1)])
def test_a_line_that_a_pipe_would_tear_apart_is_lost(pipe, dropped, length, lost):
    LineWriter(pipe[1], dropped).write(bytes(length))
    assert dropped.count == lost


def test_a_reader_that_went_away_costs_the_lines_alone(dropped):
    reading, writing = os.pipe()
    os.close(reading)
    LineWriter(writing, dropped).write(b"line\n")
    os.close(writing)
    assert dropped.count == 1


def test_a_line_of_which_a_disk_takes_but_some_counts_as_lost_and_the_next_stands_by_itself(
    tmp_path, dropped, monkeypatch
):
    with (tmp_path / "log").open("wb") as file:
        writer, write = LineWriter(file.fileno(), dropped), os.write
        with monkeypatch.context() as full:
            full.setattr("service.web.lines.os.write", lambda fd, line: write(fd, line[:3]))
            writer.write(b"first\n")
        writer.write(b"second\n")
        writer.write(b"third\n")
    assert dropped.count == 1
    assert (tmp_path / "log").read_bytes() == b"fir\nsecond\nthird\n"
