"""One JSON line a request, and nothing in it that should not be there."""

import io
import json
import logging
import os

import pytest

from service.web.logs import StandardLogging, end_of_traceback, make_log, printable


def test_a_classification_is_one_line(client, lines, png):
    answer = client.post(
        "/v1/classify?reject_below=0", data=png, content_type="image/png", headers={"X-Request-ID": "me"}
    )
    [line] = lines
    assert line.pop("seconds") > 0
    assert line == {
        "event": "request",
        "level": "info",
        "id": "me",
        "method": "POST",
        "route": "/v1/classify",
        "path": "/v1/classify",
        "status": 200,
        "bytes_in": len(png),
        "bytes_out": len(answer.data),
        "model": "tiny",
        "digit": answer.json["digit"],
        "reason": None,
    }


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/tiny/artifact", "/nowhere"])
def test_as_many_bytes_are_logged_as_are_sent(client, lines, method, path):
    answer = client.open(path, method=method)
    assert lines[0]["bytes_out"] == len(answer.data)


def test_a_failure_is_logged_by_its_code(client, lines):
    client.get("/v1/models/nobody")
    assert (lines[0]["status"], lines[0]["code"]) == (404, "unknown_model")


def test_the_path_is_cut_and_escaped(client, lines):
    client.get("/%1b%5b31m" + "x" * 1000)
    client.get("/caf%C3%A9%E2%80%AE")
    assert all(line["path"].isascii() and line["path"].isprintable() for line in lines)
    assert len(lines[0]["path"]) == 200
    assert lines[1]["path"] == "/caf%C3%A9%E2%80%AE"


def test_the_query_and_the_image_stay_out_of_the_log(client, lines, as_json):
    client.post("/v1/classify?model=tiny&secret=1", json=as_json)
    assert "secret" not in json.dumps(lines)
    assert as_json["image"][:20] not in json.dumps(lines)


@pytest.fixture
def pipe():
    """The reading end of a pipe, and its writing end."""
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def test_lines_have_a_level_and_a_time_and_end_in_a_newline(pipe):
    make_log("info", pipe[1], lambda: None).warning("draining", drain_seconds=3)
    raw = os.read(pipe[0], 10_000)
    line = json.loads(raw)
    assert raw.endswith(b"}\n")
    assert (line["event"], line["level"], line["drain_seconds"]) == ("draining", "warning", 3)
    assert line["time"].endswith("Z")


@pytest.mark.parametrize(("level", "written"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_less_important_lines_are_left_out(pipe, level, written):
    log = make_log(level, pipe[1], lambda: None)
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")
    assert os.read(pipe[0], 10_000).count(b"\n") == written


@pytest.mark.parametrize(
    ("text", "expected"),
    [("/v1", "/v1"), ("abcdef", "abc"), ("\n", "%0A"), ("\x7f", "%7F"), ("é", "%C3"), ("\u202e", "%E2")],
)
def test_what_clients_send_is_shortened_to_visible_ascii(text, expected):
    assert printable(text, 3) == expected


@pytest.fixture
def standard(log):
    """A logger of the standard library whose records become our lines."""
    logger = logging.Logger("gunicorn.error")  # noqa: LOG001  # one that no other test shares
    logger.addHandler(StandardLogging(log))
    return logger


def test_what_gunicorn_logs_becomes_our_lines(standard, lines):
    standard.warning("Worker %s \u202e\x7f\ud800", 7)
    assert lines == [
        {
            "event": "Worker 7 \\u202e\\x7f\\ud800",
            "level": "warning",
            "logger": "gunicorn.error",
            "process": os.getpid(),
        }
    ]


@pytest.mark.parametrize(("number", "name"), [(5, "debug"), (25, "info"), (99, "critical")])
def test_odd_levels_are_rounded(standard, lines, number, name):
    standard.log(number, "odd")
    assert lines[0]["level"] == name


def test_a_logged_exception_has_its_traceback(standard, lines):
    try:
        io.BytesIO().fileno()
    except OSError:
        standard.exception("it failed")
    assert "UnsupportedOperation" in lines[0]["traceback"]


def test_a_long_traceback_keeps_its_end():
    error = ValueError("x" * 5000 + "the end")
    assert end_of_traceback(error).endswith("the end\n")
    assert len(end_of_traceback(error)) <= 1500


def test_a_traceback_fits_into_a_line_however_it_has_to_be_written(pipe):
    reading, writing = pipe
    told = end_of_traceback(ValueError("\N{GRINNING FACE}" * 3000))
    make_log("info", writing, lambda: None).error("request", traceback=told)
    assert json.loads(os.read(reading, 10_000))["traceback"] == told
