"""The benchmark of the service: what it reads of wrk and of /proc, and what it makes of rounds."""

import os
import subprocess
import sys
import zipfile
from io import BytesIO

import pytest

from benchmarks.serving.load import Load, Post, _read
from benchmarks.serving.machine import Share, cpu_seconds, family, own_bytes, proportional_bytes
from benchmarks.serving.posts import BATCH, TENSOR, every
from benchmarks.serving.report import tables
from benchmarks.serving.rounds import Turn, _row
from service.settings import Settings
from service.web.app import create_app
from service.web.brief import read_brief

TOLD = """Running 2s test @ http://127.0.0.1:9100/
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.81ms    2.07ms  29.06ms   92.06%
    Req/Sec     2.17k   151.05     2.49k    75.00%
  Latency Distribution
     50%  831.00us
     75%    3.87ms
     90%    4.96ms
     99%    1.25s
  4321 requests in 2.00s, 1.06MB read
  Socket errors: connect 0, read 3, write 0, timeout 2
  Non-2xx or 3xx responses: 7
Requests/sec:   2156.35
Transfer/sec:    541.19KB
"""


def test_wrk_is_understood():
    assert _read(TOLD) == pytest.approx(Load(4321, 2156.35, 831e-6, 1.25, failed=12))


def test_another_program_is_not():
    with pytest.raises(ValueError, match="something else"):
        _read("unable to connect")


@pytest.fixture
def idle():
    """A process that has a child, and both do nothing."""
    child = f"import subprocess, sys; subprocess.run([{sys.executable!r}, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE) as process:
        while len(family(process.pid)) < 2:
            pass
        yield process.pid
        process.communicate(b"\n")


def test_a_family_is_a_process_and_its_children(idle):
    found = family(idle)
    assert found[0] == idle
    assert len(found) == 2
    assert cpu_seconds(idle) >= 0


def test_memory_of_its_own_is_less_than_all():
    assert 0 < own_bytes(os.getpid()) <= 1.01 * proportional_bytes(os.getpid())


def test_what_others_used_leaves_out_what_is_ours():
    before, after = Share(0.0, 10.0, 4.0), Share(1.0, 10.0 + os.cpu_count(), 4.0 + os.cpu_count() / 2)
    assert after.of_others_since(before) == pytest.approx(0.5)
    assert before.of_others_since(before._replace(wall=-1)) == 0


def test_ratios_are_made_within_a_round():
    def turn(per_second, cpu):
        return Turn(Load(1000, per_second, 0.001, 0.002, 0), cpu, 1)

    quiet = {"ours": turn(3000, 0.3), "theirs": turn(2000, 0.5)}
    busy = {"ours": turn(300, 0.6), "theirs": turn(200, 1.0)}
    row = _row("ours", "theirs", [quiet, busy, busy])
    assert row.faster == pytest.approx(1.5)
    assert row.cheaper == pytest.approx(5 / 3)
    assert row.cpu_us == pytest.approx(600)


@pytest.fixture(scope="module")
def sent():
    return every()


@pytest.fixture(scope="module")
def client():
    return create_app(Settings(model="plain")).test_client()


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("raw", "/v1/classify"),
        ("form", "/v1/classify"),
        ("JSON", "/v1/classify"),
        ("280×280 RGB", "/v1/classify"),
        ("batch, zip", "/v1/classify/batch"),
        ("batch, form", "/v1/classify/batch"),
        ("V2, binary tensor", "/v2/models/plain/infer"),
    ],
)
def test_the_service_understands_what_is_sent(sent, client, name, path):
    post = sent[name]
    answer = client.post(path, data=post.body, content_type=post.content_type, headers=dict(post.headers))
    assert answer.status_code == 200


def test_a_batch_holds_as_many_as_it_says(sent):
    assert len(zipfile.ZipFile(BytesIO(sent["batch, zip"].body)).namelist()) == BATCH
    assert len(sent["V2, binary tensor"].body) == TENSOR * 784 * 4


def test_small_uploads_are_brief(sent):
    for name in ("raw", "form", "JSON"):
        post: Post = sent[name]
        fields = f"Content-Type: {post.content_type}\r\nContent-Length: {len(post.body)}"
        assert read_brief(f"POST /v1/classify HTTP/1.1\r\n{fields}\r\n\r\n".encode() + post.body)


def test_the_tables_say_who_was_left_out_and_what_others_used():
    row = {
        "name": "ours",
        "per_second": 2000.0,
        "cpu_us": 500.0,
        "faster": 1.0,
        "cheaper": 1.0,
        "p50": 0.004,
        "p99": 0.01,
        "failed": 0,
    }
    question = {
        "name": "one",
        "reference": "ours",
        "rounds": 3,
        "left_out": 1,
        "others": 0.04,
        "absent": {"theirs": "not there\nat all"},
        "rows": [row],
    }
    written = tables({"questions": [question], "memory": [], "starts": []})
    assert "3 rounds, 1 left out, others used 4% of the machine" in written
    assert "| ours | 2,000 | 500 | 1.00 | 1.00 | 4.0 | 10.0 | 0 |" in written
    assert "theirs is left out: not there" in written
