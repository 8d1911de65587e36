"""Twice the load that the service can carry: it says so at once, and those inside hardly notice."""

import io
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageDraw


@pytest.fixture
def png():
    """A picture that takes long to read and is quickly sent: clients take little of the machine."""
    picture = Image.linear_gradient("L").resize((700, 700)).point(lambda light: 200 - light // 8)
    ImageDraw.Draw(picture).line([(200, 140), (500, 180), (280, 560)], fill=40, width=44)
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def asked(serve, client, png):
    """Ask a server with one worker at a rate for some seconds; return the answers in order."""
    server = serve(workers=1, max_waiting_seconds=5)
    idle = [client(server) for _ in range(100)]

    def ask(due):
        time.sleep(max(0, due - time.monotonic()))
        mine = idle.pop()
        try:
            return mine.classify(png)
        finally:
            idle.append(mine)

    def asked(rate, seconds):
        start = time.monotonic() + 0.1
        with ThreadPoolExecutor(len(idle)) as clients:
            return list(clients.map(ask, [start + i / rate for i in range(round(rate * seconds))]))

    asked.server = server
    return asked


def capacity(server, client, png, seconds):
    """Requests a second that are answered to three clients, each of which asks as soon as it is answered."""
    end = time.monotonic() + seconds

    def ask(mine):
        count = 0
        while time.monotonic() < end:
            count += mine.classify(png).status == 200
        return count

    with ThreadPoolExecutor(3) as clients:
        return sum(clients.map(ask, [client(server) for _ in range(3)])) / seconds


def quantile(share, answers, status):
    """Seconds within which this share of the answers of a status came."""
    taken = sorted(answer.ended - answer.began for answer in answers if answer.status == status)
    return taken[int(share * len(taken))]


def test_twice_the_load_is_shed_at_once_and_hardly_slows_what_is_let_in(
    asked, client, png, is_full, promised, tell, eventually
):
    carries = capacity(asked.server, client, png, 5 if is_full else 2)
    alone = asked(carries / 5, 20 if is_full else 5)
    onset = asked(2 * carries, 0 if is_full else 2)  # a queue stands, and is noticed, in its first second
    loaded = asked(2 * carries, 60 if is_full else 6)
    ended = time.monotonic()
    mine = client(asked.server)
    eventually(lambda: [mine.classify(png).status for _ in range(10)] == [200] * 10)
    recovered = time.monotonic() - ended
    statuses = Counter(answer.status for answer in loaded)
    accepted, refused = quantile(0.99, loaded, 200), quantile(0.5, loaded, 503)
    tell(f"twice the {carries:.0f} requests a second that one worker carries: {dict(statuses)}")
    tell(f"99 of 100 of those let in within {1000 * accepted:.0f} ms, refusals after {1000 * refused:.1f} ms")
    promised("their 99th percentile to that without load", accepted / quantile(0.99, alone, 200), 3, "times")
    promised("twice the load to ten answers in a row", recovered, 5)
    assert {answer.status for answer in (*onset, *loaded)} == {200, 503}
    assert refused < quantile(0.5, loaded, 200)
    assert asked.server.samples()["digits_requests_shed_total", "strain"] > 0
