"""A thousand bodies that nobody in their right mind would send."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import requests

from tests.e2e.hostile import hostile_bodies

N_BODIES = 1000
N_CLIENTS = 4
GROWTH_BYTES = 8 * 1024 * 1024  # that the allocator may keep after the first third


def resident_bytes(pids):
    """Return the memory that is resident, by process."""
    statuses = {pid: Path(f"/proc/{pid}/status").read_text() for pid in pids}
    return {pid: 1024 * int(text.partition("VmRSS:")[2].split()[0]) for pid, text in statuses.items()}


def send_all(server, bodies):
    """Send bodies over one connection; return their statuses."""
    with requests.Session() as session:
        return [
            server.classify(body, session=session, **{"Content-Type": content_type}).status_code
            for body, content_type in bodies
        ]


def test_hostile_bodies_are_refused_and_leave_no_trace(serve, png, capsys):
    server = serve(workers=1)  # two would share the bodies by chance, and one might meet its largest late
    workers, bodies = server.workers(), list(hostile_bodies(N_BODIES, seed=7))
    third = N_BODIES // 3
    statuses, resident = Counter(), []
    for part in (bodies[:third], bodies[third:]):
        with ThreadPoolExecutor(N_CLIENTS) as clients:
            shares = [part[i::N_CLIENTS] for i in range(N_CLIENTS)]
            for found in clients.map(partial(send_all, server), shares):
                statuses.update(found)
        resident.append(resident_bytes(workers))
    growth = [resident[1][pid] - resident[0][pid] for pid in workers]
    with capsys.disabled():
        kibibytes = [grown // 1024 for grown in growth]
        print(f"\n{N_BODIES} hostile bodies: {dict(sorted(statuses.items()))}, growth {kibibytes} KiB")  # noqa: T201  # the figure
    assert max(statuses) < 500
    assert statuses.total() == N_BODIES
    assert server.workers() == workers
    assert max(growth) < GROWTH_BYTES
    assert server.classify(png).status_code == 200
