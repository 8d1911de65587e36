"""A change in the folder of artifacts is noticed once, when it is over."""

import pytest

from service.web.watch import Watch


class Clock:
    """Tells the time that the test says it is."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("service.web.watch.time.monotonic", clock)
    return clock


@pytest.fixture
def looks(clock):
    """Let a watch that looks every two seconds see the folder, known as "a", in one state after another."""

    def looks(states):
        seen = iter(states)
        watch = Watch(lambda: frozenset(next(seen)), 2)
        found = []
        for _ in states:
            clock.now += 2
            found.append(watch.differs(frozenset("a")))
        return found

    return looks


@pytest.mark.parametrize(
    ("states", "found"),
    [
        ("aaa", [False, False, False]),
        ("abbb", [False, False, True, True]),  # until somebody acts on it
        ("abcc", [False, False, False, True]),  # it was still being written
        ("abaa", [False, False, False, False]),  # it was taken back
        ("bb", [False, True]),  # it changed before the first look
    ],
)
def test_a_change_counts_once_the_folder_looks_the_same_twice(looks, states, found):
    assert looks(states) == found


def test_it_looks_no_more_often_than_it_is_told(clock):
    looks = []
    watch = Watch(lambda: frozenset(looks.append(clock.now) or ()), 2)
    for _ in range(8):
        clock.now += 0.5
        watch.differs(frozenset())
    assert looks == [102, 104]


def test_it_may_be_told_never_to_look(clock):
    watch = Watch(lambda: frozenset([clock.now]), 0)
    clock.now += 1e9
    assert not watch.differs(frozenset())
