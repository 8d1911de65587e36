"""Who waits for a thread, and who is turned away."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from service.web.health import PROBES
from service.web.load import Shed
from tests.web.worker.conftest import ASK, LIVE, SECONDS, answer, gauge, wait_until

ONE_AND_ONE = {"threads": 1, "max_waiting": 1}


@pytest.fixture
def busy(slow, connect, worker):
    """The only thread answers one request, and one more waits."""
    first = connect(ASK)
    slow.begun.acquire(timeout=SECONDS)
    second = connect(ASK)
    wait_until(lambda: worker._queue.reason_to_refuse() is Shed.FULL)
    return first, second


@pytest.mark.parametrize("changes", [ONE_AND_ONE])
def test_a_request_for_which_there_is_no_place_is_turned_away_at_once(busy, slow, connect, parts, lines):
    response, told = answer(connect(ASK))
    assert (response.status, told["code"]) == (503, "overloaded")
    assert int(response.headers["Retry-After"]) >= 1
    assert response.headers["Connection"] == "close"
    assert (lines[-1]["status"], lines[-1]["code"], "traceback" in lines[-1]) == (503, "overloaded", False)
    assert gauge(parts, "digits_requests_shed_total") == {
        ("full",): 1,
        ("strain",): 0,
        ("late",): 0,
        ("files",): 0,
    }
    slow.may_answer.set()
    assert [answer(connection)[1] for connection in busy] == ["slow", "slow"]


TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OWN = b"X-Request-ID: mine\r\nTraceparent: %s" % TRACEPARENT.encode()


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("changes", [ONE_AND_ONE])
def test_one_that_is_turned_away_is_told_so_under_its_own_id(connect, lines):
    response, told = answer(connect(ASK[:-2] + OWN + b"\r\n\r\n"))
    assert told["id"] == response.headers["X-Request-ID"] == lines[-1]["id"] == "mine"
    assert response.headers["traceparent"] == TRACEPARENT
    assert lines[-1]["trace_id"] == TRACEPARENT.split("-")[1]
    assert response.headers["Server-Timing"].startswith("total;dur=")


def test_one_whose_head_is_refused_is_told_so_under_its_own_id(connect):
    response, told = answer(connect(ASK[:-2] + OWN + b"\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"))
    assert (response.status, told["code"]) == (501, "unsupported_transfer")
    assert told["id"] == response.headers["X-Request-ID"] == "mine"
    assert response.headers["traceparent"] == TRACEPARENT


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("changes", [ONE_AND_ONE])
def test_one_that_asks_for_no_body_is_turned_away_without(connect):
    connection = connect(ASK.replace(b"GET", b"HEAD"))
    head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503")
    assert body == b""


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("changes", [ONE_AND_ONE])
def test_one_that_is_turned_away_may_still_be_sending(connect):
    connection = connect(b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n")
    with suppress(TimeoutError):
        connection.sendall(bytes(9_000_000))
    assert answer(connection)[0].status == 503


@pytest.mark.parametrize("changes", [ONE_AND_ONE | {"max_waiting_seconds": 1}])
def test_a_request_whose_turn_comes_too_late_is_not_answered(busy, slow, parts):
    time.sleep(1.1)
    slow.may_answer.set()
    assert answer(busy[0])[0].status == 200
    response, told = answer(busy[1])
    assert (response.status, told["code"]) == (503, "overloaded")
    assert gauge(parts, "digits_requests_shed_total") == {
        ("full",): 0,
        ("strain",): 0,
        ("late",): 1,
        ("files",): 0,
    }


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("changes", [ONE_AND_ONE])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize("path", [*sorted(PROBES), "/livez?from=a"])
def test_a_probe_is_answered_while_every_thread_is_busy(connect, method, path):
    connection = connect(b"%s %s HTTP/1.1\r\nHost: a\r\n\r\n" % (method, path.encode()))
    assert connection.recv(12) == b"HTTP/1.1 200"


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("changes", [ONE_AND_ONE])
@pytest.mark.parametrize(
    "field", [b"Content-Length: 9", b"transfer-encoding: chunked", b"Expect: 100-continue"]
)
def test_a_probe_that_goes_on_behind_its_head_waits_as_others_do(connect, field):
    connection = connect(LIVE[:-2] + field + b"\r\n\r\n")
    assert answer(connection)[0].status == 503


@pytest.mark.parametrize("changes", [{"timeout_seconds": 600}])
def test_clients_that_ask_as_probes_do_and_never_read_keep_no_probe_waiting(worker, connect):
    metrics = LIVE.replace(b"livez", b"metrics")
    connect(metrics * 600)
    wait_until(lambda: worker._deadlines.watched)  # for a client that takes nothing more
    assert answer(connect(LIVE))[1] == {"live": True}


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("changes", [ONE_AND_ONE])
def test_more_probes_than_are_answered_soon_wait_as_others_do(connect, monkeypatch):
    monkeypatch.setattr("service.web.worker.MOST_PROBES", 0)
    assert answer(connect(LIVE))[0].status == 503


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("changes", [ONE_AND_ONE])
def test_probes_that_were_answered_leave_their_place_to_others(worker, connect, monkeypatch):
    monkeypatch.setattr("service.web.worker.MOST_PROBES", 1)
    for _ in range(3):
        assert answer(connect(LIVE))[0].status == 200
        wait_until(lambda: not worker._n_probes)


@pytest.mark.parametrize("changes", [ONE_AND_ONE])
def test_what_waits_and_what_is_answered_is_counted(busy, slow, parts):
    assert gauge(parts, "digits_requests_waiting") == {(): 1}
    assert gauge(parts, "digits_requests_in_flight") == {(): 1}
    slow.may_answer.set()
    for connection in busy:
        answer(connection)
    wait_until(lambda: gauge(parts, "digits_requests_in_flight") == {(): 0})
    assert gauge(parts, "digits_requests_in_flight") == gauge(parts, "digits_requests_waiting") == {(): 0}


@pytest.mark.parametrize("changes", [ONE_AND_ONE])
def test_connections_on_which_nothing_is_said_take_no_thread(worker, connect):
    for _ in range(5):
        connect()
    wait_until(lambda: len(worker.pending_conns) == 5)
    assert answer(connect(ASK))[0].status == 200


@pytest.mark.usefixtures("scarce")
@pytest.mark.parametrize("changes", [{"threads": 3}])
def test_where_all_descriptors_are_at_work_others_are_turned_away(slow, connect, parts):
    busy = [connect(ASK) for _ in range(3)]
    for _ in busy:
        slow.begun.acquire(timeout=SECONDS)
    response, told = answer(connect(ASK))
    assert (response.status, told["code"], response.headers["Retry-After"]) == (503, "overloaded", "1")
    assert gauge(parts, "digits_requests_shed_total")["files",] == 1
    slow.may_answer.set()
    assert [answer(connection)[1] for connection in busy] == ["slow"] * 3


class Shop:
    """Serves customers in 20 ms each, two at once: a hundred a second, however busy this machine is."""

    def __call__(self, _, start_response):
        time.sleep(0.02)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'"served"']


@pytest.fixture
def ask_at(worker, connect):
    """Let customers come at a rate for some seconds; return when each was due, its status, and its time."""

    def ask(due):
        time.sleep(max(0, due - time.monotonic()))
        began = time.monotonic()
        with connect(ASK) as connection:
            status = answer(connection)[0].status
        return due, status, time.monotonic() - began

    def ask_at(rate, seconds):
        worker.wsgi = Shop()
        start = time.monotonic()
        with ThreadPoolExecutor(64) as customers:
            return list(customers.map(ask, [start + i / rate for i in range(int(rate * seconds))]))

    return ask_at


def quantile(share, answers, status):
    taken = sorted(took for _, found, took in answers if found == status)
    return taken[int(share * len(taken))]


@pytest.mark.parametrize("changes", [{"threads": 2}])
def test_twice_the_load_is_shed_at_once_and_hardly_slows_what_is_let_in(ask_at, parts, capsys):
    unloaded = quantile(0.99, ask_at(20, 1), 200)
    ask_at(200, 2)  # a queue stands until it is noticed, and a second is counted
    loaded = ask_at(200, 2)
    recovered = ask_at(20, 2)
    statuses = Counter(status for _, status, _ in loaded)
    p99, refusal = quantile(0.99, loaded, 200), quantile(0.5, loaded, 503)
    with capsys.disabled():
        told = f"99 of 100 within {p99:.3f} s ({unloaded:.3f} s without load), refusals after {refusal:.3f} s"
        print(f"\ntwice the load: {dict(statuses)}, {told}")  # noqa: T201  # the figure
    assert statuses.keys() == {200, 503}
    assert statuses[200] > 20
    assert statuses[503] > 20
    assert refusal < quantile(0.5, loaded, 200)
    assert {status for _, status, _ in recovered[-20:]} == {200}
    assert gauge(parts, "digits_requests_waiting") == gauge(parts, "digits_requests_in_flight") == {(): 0}
