"""Trace Context, by the examples and the rules of the recommendation."""

import pytest

from service.web.traceparent import parse_trace

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{PARENT}-01"


@pytest.mark.parametrize(
    "sent", [GOOD, f"00-{TRACE}-{PARENT}-00", f"cc-{TRACE}-{PARENT}-01-what-the-future-brings"]
)
def test_a_trace_is_logged_and_passed_on(client, lines, sent):
    answer = client.get("/v1/models", headers={"traceparent": sent})
    assert answer.headers["traceparent"] == sent
    assert lines[-1]["trace_id"] == TRACE


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "nonsense",
        GOOD.upper(),
        GOOD + "-more",
        GOOD + " ",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-1",
        f"{GOOD},{GOOD}",
        f"cc-{TRACE}-{PARENT}-01.more",
    ],
)
def test_what_is_no_trace_is_ignored(client, lines, sent):
    answer = client.get("/v1/models", headers={"traceparent": sent})
    assert answer.status_code == 200
    assert "traceparent" not in answer.headers
    assert "trace_id" not in lines[-1]


def test_a_trace_has_no_line_breaks():
    assert parse_trace(f"cc-{TRACE}-{PARENT}-01-a\nb") is None
    assert parse_trace(GOOD + "\n") is None


def test_without_a_trace_none_is_made(client):
    assert "traceparent" not in client.get("/v1/models").headers
