"""When a process takes on little, and when it takes on everything again."""

from collections import deque

import pytest
from prometheus_client import CollectorRegistry

from service.web.admission import Queue
from service.web.load import Load, Shed
from service.web.strain import MOST, Strain

CROWD = 20  # far more inside than are let in under strain


@pytest.fixture
def clock(monkeypatch):
    """The time in seconds, which the test sets."""
    clock = [100.0]
    monkeypatch.setattr("service.web.strain.time.monotonic", lambda: clock[0])
    return clock


def wait(strain, clock, seconds, lasting):
    """Let every request wait for so long, twenty a second, and each leave four more behind it."""
    for number in range(round(20 * lasting)):
        strain.bears(seconds, behind=number * 4)
        clock[0] += 0.05


@pytest.fixture
def strain(clock):
    """A process in which requests may wait for 5 s, and have all waited for 0.2 s for a second."""
    strain = Strain(5)
    wait(strain, clock, 0.2, lasting=1)
    return strain


def asked(strain, clock, refused, admitted):
    """Let requests come within a second, of which so many find a crowd inside, and so many nobody."""
    for inside in [CROWD] * refused + [0] * admitted:
        strain.admits(inside)
        clock[0] += 0.99 / (refused + admitted)
    clock[0] += 0.02


@pytest.mark.parametrize(("seconds", "lasting"), [(0.05, 60), (0.2, 0.15)])
def test_a_short_wait_and_a_short_while_are_let_pass(clock, seconds, lasting):
    strain = Strain(5)
    wait(strain, clock, seconds, lasting)
    assert strain.admits(CROWD)


def test_one_that_waits_little_now_and_then_shows_that_it_was_a_burst(clock):
    strain = Strain(5)
    for _ in range(20):
        wait(strain, clock, 0.2, lasting=0.15)
        wait(strain, clock, 0, lasting=0.1)
    assert strain.admits(CROWD)


def test_many_who_each_wait_for_an_answer_before_they_ask_again_are_no_strain(clock):
    strain = Strain(5)
    for _ in range(600):
        strain.bears(2, behind=63)
        clock[0] += 0.1
    assert strain.admits(CROWD)


@pytest.mark.parametrize(("connections", "is_let_in"), [(7, True), (9, False)])
def test_nor_are_the_few_connections_of_a_browser_that_is_opened(clock, connections, is_let_in):
    strain = Strain(5)
    for number in range(600):
        strain.bears(2, behind=min(number, connections))
        clock[0] += 0.1
    assert strain.admits(CROWD) is is_let_in


@pytest.mark.parametrize(("seconds", "lasting"), [(6, 60), (10, 18)])
def test_whoever_may_wait_longer_is_measured_by_that(clock, seconds, lasting):
    strain = Strain(600)
    wait(strain, clock, seconds, lasting)
    assert strain.admits(CROWD)


def test_under_strain_those_that_have_waited_are_not_answered(strain):
    assert strain.bears(0.2, CROWD)
    assert not strain.admits(CROWD)
    assert not strain.bears(0.2, CROWD)
    assert strain.bears(0.05, CROWD)


def test_whoever_finds_a_crowd_under_strain_is_refused(strain):
    assert [strain.admits(inside) for inside in range(MOST + 2)] == [True] * MOST + [False] * 2


@pytest.mark.parametrize(("refused", "lasts"), [(10, True), (7, True), (6, False), (0, False)])
def test_it_lasts_for_as_long_as_more_than_three_in_ten_are_refused(strain, clock, refused, lasts):
    asked(strain, clock, refused, 20 - refused)
    assert strain.admits(CROWD) is not lasts


@pytest.mark.parametrize(("silence", "is_over"), [(1.5, False), (2, True), (60, True)])
def test_after_a_second_of_silence_all_are_let_in(strain, clock, silence, is_over):
    assert not strain.admits(CROWD)
    clock[0] += silence
    assert strain.admits(CROWD) is is_over


def test_it_can_begin_again(strain, clock):
    asked(strain, clock, 0, 10)
    assert strain.admits(CROWD)
    wait(strain, clock, 0.2, lasting=1)
    assert not strain.admits(CROWD)


@pytest.mark.parametrize(("worked_seconds", "reason"), [(0.9, Shed.STRAIN), (1.1, None)])
def test_what_is_worked_on_counts_as_inside_until_it_must_be_its_client_that_it_waits_for(
    clock, worked_seconds, reason
):
    queue, waiting = Queue(1000, 5, Load(CollectorRegistry())), deque()

    def finish(n):
        for conn in [waiting.popleft() for _ in range(n)]:
            queue.take(conn)
            queue.done(conn)

    for _ in range(20):  # four come for each that leaves
        waiting.extend(object() for _ in range(4))
        for conn in [*waiting][-4:]:
            queue.add(conn)
        clock[0] += 0.2
        finish(1)
    for conn in [waiting.popleft() for _ in range(MOST)]:
        queue.take(conn)
    clock[0] += worked_seconds / 2
    assert queue.reason_to_refuse() is Shed.STRAIN  # which begins here, and lasts for a second
    finish(len(waiting))
    clock[0] += worked_seconds / 2
    assert queue.reason_to_refuse() is reason
