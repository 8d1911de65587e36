"""Nobody waits for a client longer than its time."""

import socket
from contextlib import closing

import pytest

from service.web.deadlines import Deadlines

SECONDS = 10


class Clock:
    """Stands still until it is set."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


class Connection:
    """Is what a worker makes of a connection, less what nobody asks for here."""

    def __init__(self, sock):
        self.sock = sock


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("service.web.deadlines.time", clock)
    return clock


@pytest.fixture
def pair():
    """A connection, and the client's end of it."""
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        ours.settimeout(0)  # to wait for what must have come already would be a failure
        theirs.settimeout(0)
        yield Connection(ours), theirs


def test_what_has_arrived_in_time_is_read_and_nothing_is_waited_for(pair, clock):
    conn, client = pair
    deadlines = Deadlines(SECONDS)
    with deadlines.watch(conn):
        client.send(b"half a requ")
        clock.now += SECONDS + 1
        deadlines.cut_late()
        assert conn.sock.recv(100) == b"half a requ"
        assert conn.sock.recv(100) == b"", "the end, and not more to wait for"
        conn.sock.send(b"408")
        assert client.recv(100) == b"408"


def test_an_answer_that_is_not_taken_is_ended_as_much_later(pair, clock):
    conn, _ = pair
    deadlines = Deadlines(SECONDS)
    with deadlines.watch(conn):
        clock.now += SECONDS + 1
        deadlines.cut_late()
        conn.sock.send(b"408")
        clock.now += SECONDS - 1
        deadlines.cut_late()
        conn.sock.send(b" is")
        clock.now += 2
        deadlines.cut_late()
        with pytest.raises(BrokenPipeError):
            conn.sock.send(b" what")


@pytest.mark.parametrize("passed", [0, SECONDS - 1])
def test_who_has_time_left_is_waited_for(pair, clock, passed):
    conn, _ = pair
    deadlines = Deadlines(SECONDS)
    with deadlines.watch(conn):
        clock.now += passed
        deadlines.cut_late()
        with pytest.raises(BlockingIOError):
            conn.sock.recv(100)


def test_a_request_that_goes_on_has_all_of_its_time_again(pair, clock):
    conn, _ = pair
    deadlines = Deadlines(SECONDS)
    with deadlines.watch(conn):
        clock.now += SECONDS - 1
        deadlines.begin_anew(conn)
        clock.now += SECONDS - 1
        deadlines.cut_late()
        with pytest.raises(BlockingIOError):
            conn.sock.recv(100)


def test_a_connection_that_nobody_waits_for_is_left_alone(pair, clock):
    conn, _ = pair
    deadlines = Deadlines(SECONDS)
    with pytest.raises(OSError, match="gone"), deadlines.watch(conn):
        raise OSError("gone")
    deadlines.begin_anew(conn)
    assert deadlines.watched == ()
    clock.now += SECONDS + 1
    deadlines.cut_late()
    deadlines.cut()
    with pytest.raises(BlockingIOError):
        conn.sock.recv(100)


@pytest.mark.usefixtures("clock")
def test_at_the_end_what_has_arrived_of_every_request_is_answered(pair):
    conn, client = pair
    deadlines = Deadlines(SECONDS)
    with deadlines.watch(conn):
        deadlines.cut()
        assert conn.sock.recv(100) == b""
        conn.sock.send(b"408")
        assert client.recv(100) == b"408"


def test_a_client_that_is_gone_keeps_nobody_else_waiting(pair, clock):
    conn, _ = pair
    closed = Connection(socket.socket())
    closed.sock.close()
    deadlines = Deadlines(SECONDS)
    with deadlines.watch(closed), deadlines.watch(conn):
        clock.now += SECONDS + 1
        deadlines.cut_late()
        assert conn.sock.recv(100) == b""
