"""Small pictures that wait for the loop at the same time: looked at together, a few at a time."""

from collections import deque
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
from gunicorn.workers.gthread import ThreadWorker
from pydantic import SecretStr

from service.web.loop import BriefWorker
from tests.web.conftest import to_png
from tests.web.worker.conftest import answer, brief, reset, wait_until


@pytest.fixture
def waiting(monkeypatch):
    """A worker that only looks and answers, twenty brief requests that wait for it, and what it does."""
    worker, done = object.__new__(BriefWorker), SimpleNamespace(answered=[], looks=[], foreseen=[], tick=0)
    clock = count()
    monkeypatch.setattr("service.web.loop.time", SimpleNamespace(monotonic=lambda: next(clock) * done.tick))
    monkeypatch.setattr(
        ThreadWorker, "wait_for_and_dispatch_events", lambda _, timeout: done.looks.append(timeout)
    )
    worker._brief, worker._next = deque((n, SimpleNamespace(picture=n)) for n in range(20)), deque()
    worker.answer_here = lambda conn, *_: done.answered.append(conn)
    worker.foresee = lambda pictures: done.foreseen.append(pictures) or [None] * len(pictures)
    return worker, done


def test_few_pictures_are_looked_at_before_the_first_of_their_requests_is_answered(waiting):
    worker, done = waiting
    worker.wait_for_and_dispatch_events(1.0)
    assert done.answered == list(range(20))
    assert [len(pictures) for pictures in done.foreseen] == [8, 8, 4]


def test_however_many_small_pictures_wait_the_loop_soon_looks_after_its_connections(waiting):
    worker, done = waiting
    done.tick = 0.06  # seconds that an answer takes, and so does a look; a turn has a tenth
    worker.wait_for_and_dispatch_events(1.0)
    assert (done.answered, done.looks) == ([0], [0, 0])
    for _ in range(19):
        worker.wait_for_and_dispatch_events(1.0)
    assert done.answered == list(range(20))


@pytest.fixture
def together(worker, connect):
    """Send requests that wait together: their answers, and how many pictures were foreseen."""

    def send(requests):
        seen, well, waiting = [], worker.wsgi, [connect() for _ in requests]

        def look(environ, start_response):
            seen.append(environ["gunicorn.socket"].foreseen is not None)
            return well(environ, start_response)

        worker.wsgi = look
        wait_until(lambda: len(worker.pending_conns) == len(requests))
        pairs = list(zip(waiting, requests, strict=True))
        worker.method_queue.defer(lambda: [connection.sendall(request) for connection, request in pairs])
        return [answer(connection) for connection in waiting], sum(seen)

    return send


@pytest.fixture
def pictures(picture):
    """Four that MNIST could hold, one that must be framed, and one that is damaged."""
    pngs = [to_png((picture * share).astype(np.uint8)) for share in (1, 0.9, 0.8, 0.7)]
    return [*pngs, to_png(np.roll(picture, 9, axis=1)), pngs[0][:-20]]


def test_small_pictures_that_wait_together_are_answered_as_by_themselves(together, connect, pictures):
    sent = [brief(png) for png in pictures]
    alone = [answer(connect(request)) for request in sent]
    answers, n_foreseen = together(sent)
    for (response, told), (again, told_again) in zip(alone, answers, strict=True):
        assert (again.status, {**told_again, "id": None}) == (response.status, {**told, "id": None})
    assert n_foreseen >= 2


def test_clients_that_hang_up_while_they_wait_hold_up_nobody(together, worker, connect, png, lines):
    gone = [connect(brief(png)) for _ in range(3)]
    for connection in gone:
        answer(connection)
    wait_until(lambda: len(worker.keepalived_conns) == len(gone))

    def ask_and_hang_up():
        for connection in gone:
            connection.sendall(brief(png))
            reset(connection)

    worker.method_queue.defer(ask_and_hang_up)
    answers, _ = together([brief(png)] * 3)
    assert [response.status for response, _ in answers] == [200] * 3
    wait_until(lambda: worker.nr_conns == len(answers))
    assert worker.nr_conns == len(answers)
    assert not [line for line in lines if "traceback" in line]


@pytest.mark.parametrize("changes", [{"api_keys": SecretStr("ann s3cret")}])
def test_no_picture_is_looked_at_before_the_key_is(together, pictures):
    answers, n_foreseen = together([brief(png) for png in pictures])
    assert ({response.status for response, _ in answers}, n_foreseen) == ({401}, 0)
