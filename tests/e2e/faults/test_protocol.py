"""What is not HTTP, or is too much of it: the right status, and nothing that grows."""

import os
import re
import socket
from itertools import islice
from pathlib import Path

import pytest

GROWTH_BYTES = 8 * 2**20  # that the allocator may keep
HEAD = b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\n"
SMUGGLED = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n"


def with_length(length, body=b""):
    return HEAD + b"Content-Length: " + length + b"\r\n\r\n" + body


def with_chunks(chunks):
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks


def form(parts):
    body = parts + b"--x--\r\n"
    head = HEAD.replace(b"image/png", b"multipart/form-data; boundary=x")
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
LONG_HEAD = b'--x\r\nContent-Disposition: form-data; name="a"\r\n' + b"A: b\r\n" * 200_000 + b"\r\n1\r\n"
SENT = {
    "an oversized length": (with_length(b"999999999999"), 413),
    "a length beyond every number": (with_length(b"9" * 400), 413),
    "a length that is none": (with_length(b"12ab"), 400),
    "a length with a sign": (with_length(b"+5", b"hello"), 400),
    "a negative length": (with_length(b"-5"), 400),
    "a flood of chunks": (with_chunks(b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n"), 415),
    "a chunk without end": (with_chunks(b"fffffffffffffff\r\n" + bytes(2_000_000)), 413),
    "a chunk size that is none": (with_chunks(b"0x5\r\nhello\r\n0\r\n\r\n"), 400),
    "a chunk size without end": (with_chunks(b"0" * 100_000), 400),
    "both a length and chunks": (
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        400,
    ),
    "two lengths": (HEAD + b"Content-Length: 0\r\nContent-Length: 36\r\n\r\n" + SMUGGLED, 400),
    "two lengths in one": (with_length(b"0, 36", SMUGGLED), 400),
    "chunks behind a space": (HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
    "an unknown coding": (HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 501),
    "chunks that are not the last coding": (
        HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
        400,
    ),
    "a folded field": (HEAD + b"A: b\r\n c\r\n\r\n" + SMUGGLED, 400),
    "a zero byte in a field": (HEAD + b"A: b\0c\r\n\r\n" + SMUGGLED, 400),
    "a field without a name": (HEAD + b": b\r\n\r\n" + SMUGGLED, 400),
    "20,000 parts": (form(PART * 20_000), 413),
    "a part with a huge head": (form(LONG_HEAD), 413),
    "a huge field": (HEAD + b"A: " + b"x" * 100_000 + b"\r\n\r\n", 431),
    "10,000 fields": (HEAD + b"A: b\r\n" * 10_000 + b"\r\n", 431),
    "a huge path": (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
}
"""What is sent, and the status that it deserves."""


@pytest.fixture(scope="module")
def attacked(start_server):
    """A server that is attacked by every test of this module."""
    return start_server(max_body_bytes=1_000_000)


def send(port, sent):
    """Send, and return everything that comes back until the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has heard enough
        received = b""
        try:
            while part := connection.recv(65_536):
                received += part
        except OSError:
            pass
    return received


@pytest.mark.parametrize(("sent", "status"), SENT.values(), ids=SENT)
def test_it_gets_one_answer_and_no_second_request_is_found_in_it(attacked, sent, status):
    received = send(attacked.port, sent)
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"application/problem+json" in received


def test_a_thousand_requests_in_one_go_are_answered_in_their_order(attacked):
    paths = ["/livez", "/v1/models", "/nowhere", "/v1/classify"] * 250
    with socket.create_connection(("127.0.0.1", attacked.port), timeout=60) as connection:
        connection.sendall(b"".join(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode() for path in paths))
        lines = filter(re.compile(rb"HTTP/1.1 \d+").match, connection.makefile("rb"))
        statuses = [int(line.split()[1]) for line in islice(lines, len(paths))]
    assert statuses == [200, 200, 404, 405] * 250


def private_bytes(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * sum(
        int(line.split()[1])
        for line in text.splitlines()
        if line.startswith(("Private_Dirty", "Private_Clean"))
    )


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208  # links that lead nowhere


def test_nothing_grows(attacked, is_full, tell, png):
    def send_all(times):
        for _ in range(times):
            for sent, _ in SENT.values():
                send(attacked.port, sent)

    send_all(8)  # both workers have answered by then, and the allocator keeps what it keeps
    workers = attacked.workers()
    before = {pid: (private_bytes(pid), open_files(pid)) for pid in workers}
    send_all(40 if is_full else 4)
    growth = {pid: private_bytes(pid) - before[pid][0] for pid in workers}
    tell(f"what is not HTTP: workers grew by {[grown // 1024 for grown in growth.values()]} KiB")
    assert attacked.workers() == workers
    assert max(growth.values()) < GROWTH_BYTES
    assert all(open_files(pid) <= before[pid][1] + 8 for pid in workers)
    assert attacked.classify(png).status_code == 200
