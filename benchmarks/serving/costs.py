"""What the service costs before it is asked: memory of its processes, and the time to its first answer."""

from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from benchmarks.serving.load import Post
from benchmarks.serving.machine import family, own_bytes, proportional_bytes
from benchmarks.serving.running import running
from benchmarks.serving.servers import gunicorn, ours

__all__ = ["Memory", "Start", "cold_starts", "memory"]

WORKERS = (1, 2, 4)
BARE = "bare Flask, NumPy and Pillow"
CLASSIFIED = 50  # pictures by each process before its memory is looked at


class Memory(NamedTuple):
    """The memory of a service with so many workers, in bytes.

    Attributes:
        workers: processes that answer.
        together: of all processes, shared pages counted once.
        own: the median of what a worker shares with nobody.
    """

    workers: int
    together: int
    own: float


class Start(NamedTuple):
    """Seconds from the start of a process to its first answer, the median."""

    name: str
    seconds: float


def memory(post: Post, core: int, ask: Callable[[str, Post], None]) -> list[Memory]:
    """Measure the service with one worker and with more, each of which has classified something."""
    found = []
    for n in WORKERS:
        with running(ours("wide", workers=n), post, core) as run:
            for _ in range(CLASSIFIED * n):
                ask(f"{run.url}{run.server.path}", post)
            master, *workers = family(run.process.pid)
            found.append(Memory(n, proportional_bytes(master), median(map(own_bytes, workers))))
    return found


def cold_starts(post: Post, core: int, rounds: int) -> list[Start]:
    """Start the service and the least that has its libraries, in turns, once what is imported is compiled."""
    servers = {"digit-service": ours("plain"), BARE: gunicorn("libraries:flask")}
    seconds: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(rounds + 1):
        for name, server in servers.items():
            with running(server, post, core) as run:
                if number:
                    seconds[name].append(run.seconds)
    return [Start(name, median(found)) for name, found in seconds.items()]
