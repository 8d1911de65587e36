"""A client reads its answer even when it is still sending what nobody wants."""

import selectors
import socket

import pytest

from service.web.linger import CHUNK_BYTES, Linger


@pytest.fixture
def pair():
    """Our end of a TCP connection, and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    client.settimeout(10)
    yield ours, client
    ours.close()
    client.close()


@pytest.fixture
def selector():
    with selectors.DefaultSelector() as selector:
        yield selector


def turn(selector, timeout=5):
    """Let the loop go round once."""
    for key, _ in selector.select(timeout):
        key.data(key.fileobj)


def test_a_client_that_goes_on_sending_reads_its_answer(pair, selector):
    ours, client = pair
    linger = Linger(selector)
    ours.sendall(b"413")
    linger.add(ours)
    for _ in range(20):
        client.sendall(bytes(CHUNK_BYTES // 2))
        turn(selector)
    assert client.recv(10) == b"413"
    assert client.recv(10) == b""


def test_a_connection_is_closed_when_the_client_hangs_up(pair, selector):
    ours, client = pair
    Linger(selector).add(ours)
    client.close()
    turn(selector)
    assert ours.fileno() == -1
    assert not selector.get_map()


def test_a_client_that_resets_the_connection_is_let_go(pair, selector):
    ours, client = pair
    Linger(selector).add(ours)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    client.close()
    turn(selector)
    assert ours.fileno() == -1


def test_a_client_that_has_hung_up_already_is_not_waited_for(pair, selector):
    ours, client = pair
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    client.close()  # with a reset
    selector.register(ours, selectors.EVENT_READ)
    selector.select(5)
    selector.unregister(ours)
    linger = Linger(selector)
    linger.add(ours)
    while selector.get_map():
        turn(selector)
    assert ours.fileno() == -1


def test_a_closed_socket_is_let_go(pair, selector):
    ours, _ = pair
    ours.close()
    Linger(selector).add(ours)
    assert not selector.get_map()


def test_a_client_that_never_hangs_up_is_cut_after_a_while(pair, selector, monkeypatch):
    ours, _ = pair
    linger = Linger(selector)
    linger.add(ours)
    linger.expire()
    assert ours.fileno() != -1
    monkeypatch.setattr("service.web.linger.time.monotonic", lambda: float("inf"))
    linger.expire()
    assert ours.fileno() == -1


def test_at_the_end_nobody_is_waited_for(pair, selector):
    linger = Linger(selector)
    linger.add(pair[0])
    linger.close()
    assert pair[1].recv(1) == b""
    assert pair[0].fileno() == -1


def test_a_client_that_never_stops_sending_is_cut(pair, selector, monkeypatch):
    monkeypatch.setattr("service.web.linger.LINGER_BYTES", 100)
    ours, client = pair
    Linger(selector).add(ours)
    client.sendall(bytes(100))
    while selector.get_map():
        turn(selector)
    assert ours.fileno() == -1


def test_where_descriptors_are_needed_the_oldest_connections_are_closed(selector):
    linger, pairs = Linger(selector), [socket.socketpair() for _ in range(3)]
    for ours, _ in pairs:
        linger.add(ours)
    assert linger.cut_short(2) == 2
    assert [ours.fileno() == -1 for ours, _ in pairs] == [True, True, False]
    assert linger.cut_short(2) == 1
    assert linger.cut_short(2) == 0
    for _, theirs in pairs:
        theirs.close()
