"""What is kept for the moment at which there is no file descriptor, and no further thread."""

import os
import resource
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from service.web.exhaustion import Spare, Threads


@contextmanager
def nothing_left():
    """Let this process open no file, until one is closed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
    opened = []
    try:
        with suppress(OSError):
            while True:
                opened.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for fd in opened:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def opened():
    """The file descriptors that borrow has opened, closed at the end of the test."""
    opened = []
    yield opened
    for fd in opened:
        os.close(fd)


@pytest.fixture
def borrow(opened):
    """Open a file, as far as there is room, and keep it."""

    def borrow():
        with suppress(OSError):
            opened.append(os.open(os.devnull, os.O_RDONLY))

    return borrow


@pytest.fixture
def spare():
    spare = Spare()
    yield spare
    if spare._fd is not None:
        os.close(spare._fd)


def test_there_is_room_for_one_file_where_there_is_none(spare, opened, borrow):
    with nothing_left():
        spare.lend(borrow)
    assert len(opened) == 1


def test_a_file_that_took_its_place_is_left_alone(spare, opened, borrow):
    with nothing_left():
        spare.lend(borrow)
        spare.lend(borrow)  # there is none to lend, and the other's is not closed
    assert [os.fstat(fd).st_size for fd in opened] == [0]


def test_it_is_taken_again_when_there_is_room(spare, opened, borrow):
    with nothing_left():
        spare.lend(borrow)
        os.close(opened.pop())
        spare.lend(lambda: None)
        borrow()
        assert not opened  # the room is the spare's again
        spare.lend(borrow)
    assert len(opened) == 1


def test_work_waits_for_another_thread_where_no_further_one_can_be_started(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    may_end = Event()
    with Threads(2) as threads:
        first = threads.submit(may_end.wait)
        with monkeypatch.context() as patch:
            patch.setattr(Thread, "start", refuse)
            second = threads.submit(str, 2)
        may_end.set()
        assert (first.result(), second.result()) == (True, "2")


def test_where_not_one_thread_can_be_started_the_next_to_come_brings_it(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    with Threads(1) as threads:
        with monkeypatch.context() as patch:
            patch.setattr(Thread, "start", refuse)
            first = threads.submit(str, 1)
        second = threads.submit(str, 2)
        assert (first.result(), second.result()) == ("1", "2")
