"""Many requests of all kinds, a tenth of them hostile: nothing is kept of them."""

import base64
import http.client
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle
from pathlib import Path

from tests.e2e.hostile import hostile_bodies

N_REQUESTS = 4_000
N_REQUESTS_FULL = 100_000
N_CLIENTS = 4
GROWTH_BYTES = 2 * 2**20
UNSETTLED = 2  # times as much, where there are too few requests for the allocator to come to rest
PNG = {"Content-Type": "image/png"}
JSON = {"Content-Type": "application/json"}


def honest_requests(png):
    """What clients of every kind ask for."""
    image = json.dumps({"image": base64.b64encode(png).decode()}).encode()
    form = (
        b'--x\r\nContent-Disposition: form-data; name="image"; filename="i"\r\n\r\n' + png + b"\r\n--x--\r\n"
    )
    return [
        ("POST", "/v1/classify", png, PNG),
        ("POST", "/v1/classify?include=hidden", png, PNG),
        ("POST", "/v1/classify", image, JSON),
        ("POST", "/v1/classify", form, {"Content-Type": "multipart/form-data; boundary=x"}),
        ("GET", "/v1/models", None, {}),
        ("GET", "/v1/models/tiny", None, {}),
        ("GET", "/healthz", None, {}),
        ("GET", "/", None, {}),
        ("GET", "/no/such/path", None, {}),
    ]


def mixed_requests(png, number):
    """Nine honest requests and a hostile one, in turn."""
    hostile = cycle(hostile_bodies(1000, seed=11))
    honest = cycle(honest_requests(png))
    for i in range(number):
        if i % 10 == 9:
            body, content_type = next(hostile)
            yield "POST", "/v1/classify", body, {"Content-Type": content_type}
        else:
            yield next(honest)


def send_all(port, requests):
    """Send requests over one connection for as long as it is kept; count the statuses."""
    connection, statuses = http.client.HTTPConnection("127.0.0.1", port, timeout=60), Counter()
    for method, path, body, headers in requests:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        statuses[answer.status] += 1
    connection.close()
    return statuses


def used(pid):
    """Return the private memory of a process in bytes, and how many files it holds open."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kibibytes = sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_"))
    return 1024 * kibibytes, sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def test_many_requests_of_which_a_tenth_is_hostile_leave_nothing_behind(serve, png, is_full, tell):
    server = serve(workers=1)  # one of two might have its first requests in earnest
    workers, number = server.workers(), N_REQUESTS_FULL if is_full else N_REQUESTS

    def send(number):
        shares = [[] for _ in range(N_CLIENTS)]
        for share, request in zip(cycle(shares), mixed_requests(png, number)):
            share.append(request)
        with ThreadPoolExecutor(N_CLIENTS) as clients:
            return sum(clients.map(partial(send_all, server.port), shares), Counter())

    send(number // 2)  # whatever is made once is made now, and the allocator comes to rest
    before = {pid: used(pid) for pid in workers}
    statuses = send(number)
    after = {pid: used(pid) for pid in workers}
    grown = [after[pid][0] - before[pid][0] for pid in workers]
    files = [after[pid][1] - before[pid][1] for pid in workers]
    tell(
        f"{number} requests, a tenth hostile: {dict(sorted(statuses.items()))}, "
        f"memory {[bytes_ // 1024 for bytes_ in grown]} KiB, files {files}"
    )
    assert statuses.total() == number
    assert max(statuses) < 500
    assert server.workers() == workers
    assert max(grown) <= GROWTH_BYTES * (1 if is_full else UNSETTLED)
    assert max(files) <= 2
