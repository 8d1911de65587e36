"""Rounds in which every candidate has its turn, and what comes of them."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.serving.load import Load, Post, load
from benchmarks.serving.machine import Share
from benchmarks.serving.running import Running, running
from benchmarks.serving.servers import Server

__all__ = ["CONNECTIONS", "Answered", "Candidate", "Pinned", "Question", "Row", "measure"]

WARM_SECONDS = 1  # of requests before the first round
REST_SECONDS = 0.5  # before each turn, in which a server answers what the last one left behind
CONNECTIONS = 8


class Candidate(NamedTuple):
    """A server, and what is asked of it.

    Attributes:
        name: in tables.
        server: to be started; candidates with equal ones share it.
        post: what is sent.
        images: in each request.
        connections: over which requests come at once.
        path: that is asked for; empty for the server's own.
    """

    name: str
    server: Server
    post: Post
    images: int = 1
    connections: int = CONNECTIONS
    path: str = ""


class Question(NamedTuple):
    """What is to be found out by one run.

    Attributes:
        name: in tables.
        candidates: that are compared.
        reference: the candidate that the others' figures are divided by.
    """

    name: str
    candidates: tuple[Candidate, ...]
    reference: str


class Pinned(NamedTuple):
    """Where and how long it is measured.

    Attributes:
        server: the core of every server.
        load: the core of wrk.
        seconds: of each turn.
        most: share of the machine that others may use in a round that counts.
    """

    server: int
    load: int
    seconds: int
    most: float


class Turn(NamedTuple):
    """One candidate in one round."""

    load: Load
    cpu: float  # seconds of all of the server's processes
    images: int

    @property
    def per_second(self) -> float:
        """Return the images answered in a second; what was turned away is not answered."""
        return self.load.per_second * self.images * self._well / max(self.load.requests, 1)

    @property
    def _well(self) -> int:
        return max(self.load.requests - self.load.failed, 0)

    @property
    def cpu_us(self) -> float:
        """Return the processor time of one image, in microseconds."""
        return 1e6 * self.cpu / max(self._well * self.images, 1)


class Row(NamedTuple):
    """The medians of one candidate.

    Attributes:
        name: of the candidate.
        per_second: images.
        cpu_us: microseconds of the server's processor time for one image.
        faster: images a second, as a multiple of the reference's in the same round.
        cheaper: the reference's processor time for an image, as a multiple of this one's in the same round.
        p50: seconds.
        p99: seconds.
        failed: requests, in all rounds.
    """

    name: str
    per_second: float
    cpu_us: float
    faster: float
    cheaper: float
    p50: float
    p99: float
    failed: int


class Answered(NamedTuple):
    """What one run found.

    Attributes:
        name: of the question.
        reference: whose figures the ratios were made with.
        rounds: that count.
        left_out: rounds in which others used too much of the machine.
        others: their share of the machine in the rounds that count, the median.
        absent: candidates that could not be started, and why.
        rows: one a candidate.
    """

    name: str
    reference: str
    rounds: int
    left_out: int
    others: float
    absent: dict[str, str]
    rows: list[Row]


def measure(
    question: Question, rounds: int, pinned: Pinned, folder: Path, tell: Callable[[str], None]
) -> Answered:
    """Answer a question; rounds that do not count are repeated, as often again at most."""
    absent: dict[str, str] = {}
    counted: list[dict[str, Turn]] = []
    disturbed: list[tuple[float, dict[str, Turn]]] = []
    shares: list[float] = []
    with ExitStack() as stack:
        started: dict[Server, Running] = {}
        for candidate in question.candidates:
            _start(candidate, started, absent, pinned, stack)
        there = [one for one in question.candidates if one.server in started]
        for name, why in absent.items():
            tell(f"  {name} is left out: {why}")
        for candidate in there:
            _turn(candidate, started[candidate.server], pinned._replace(seconds=WARM_SECONDS), folder)
        pids = [one.process.pid for one in started.values()]
        while len(counted) < rounds and len(counted) + len(disturbed) < 2 * rounds:
            before = Share.now(*pids)
            turns = {one.name: _turn(one, started[one.server], pinned, folder) for one in there}
            share = Share.now(*pids).of_others_since(before)
            if share <= pinned.most:
                counted.append(turns)
                shares.append(share)
            else:
                disturbed.append((share, turns))
            tell(f"  round {len(counted) + len(disturbed)}: others used {share:.0%} of the machine")
    if not counted:  # better than nothing, and said
        disturbed.sort(key=lambda pair: pair[0])
        shares = [share for share, _ in disturbed[:rounds]]
        counted, disturbed = [turns for _, turns in disturbed[:rounds]], []
    rows = [_row(one.name, question.reference, counted) for one in there]
    n_left_out = len(disturbed)
    return Answered(question.name, question.reference, len(counted), n_left_out, median(shares), absent, rows)


def _start(
    candidate: Candidate,
    started: dict[Server, Running],
    absent: dict[str, str],
    pinned: Pinned,
    stack: ExitStack,
) -> None:
    server = candidate.server
    if server in started:
        return
    if not server.is_there:
        absent[candidate.name] = "its environment is not there; scripts/peers makes it"
        return
    try:
        started[server] = stack.enter_context(running(server, candidate.post, pinned.server))
    except RuntimeError as error:
        absent[candidate.name] = str(error)


def _turn(candidate: Candidate, run: Running, pinned: Pinned, folder: Path) -> Turn:
    time.sleep(REST_SECONDS)
    before = run.cpu_seconds
    seen = load(
        run.url + (candidate.path or run.server.path),
        candidate.post,
        folder,
        connections=candidate.connections,
        seconds=pinned.seconds,
        core=pinned.load,
    )
    return Turn(seen, run.cpu_seconds - before, candidate.images)


def _row(name: str, reference: str, rounds: Sequence[dict[str, Turn]]) -> Row:
    turns = [turns[name] for turns in rounds]
    others = [turns[reference] for turns in rounds]
    pairs = list(zip(turns, others, strict=True))
    return Row(
        name,
        median(turn.per_second for turn in turns),
        median(turn.cpu_us for turn in turns),
        median(turn.per_second / other.per_second for turn, other in pairs),
        median(other.cpu_us / turn.cpu_us for turn, other in pairs),
        median(turn.load.p50 for turn in turns),
        median(turn.load.p99 for turn in turns),
        sum(turn.load.failed for turn in turns),
    )
