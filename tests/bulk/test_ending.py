"""A signal ends a run between two steps, and never leaves a lock taken."""

import signal
import threading

import pytest

from service.bulk import Ending


@pytest.fixture
def ending():
    return Ending()


def test_a_wish_is_granted_at_once(ending):
    with pytest.raises(KeyboardInterrupt):
        ending.wish(KeyboardInterrupt())


def test_a_wish_that_is_held_back_waits_for_a_look(ending):
    with ending.held():
        ending.look()
        ending.wish(SystemExit(143))
        with pytest.raises(SystemExit, match="143"):
            ending.look()


def test_a_wish_that_was_held_back_is_granted_where_something_may_take_long(ending):
    begun = []
    with ending.held():
        ending.wish(SystemExit(143))
        with pytest.raises(SystemExit), ending.at_once():
            begun.append(True)
    assert begun == []


def test_a_wish_is_granted_while_the_next_thing_is_waited_for(ending):
    def things():
        yield 1
        ending.wish(SystemExit(143))
        pytest.fail("the wish was not granted")

    with ending.held():
        each = ending.each(things())
        assert next(each) == 1
        with pytest.raises(SystemExit, match="143"):
            next(each)


def test_a_wish_is_held_back_while_a_thing_is_used(ending):
    with ending.held():
        each = ending.each("ab")
        assert next(each) == "a"
        ending.wish(SystemExit(143))
        with pytest.raises(SystemExit, match="143"):
            next(each)


def test_all_things_are_gone_through(ending):
    assert [*ending.each(iter("abc"))] == ["a", "b", "c"]


def test_a_lock_is_never_left_taken():
    """Many signals, each at a point of its own in a loop that takes a lock as futures do.

    With a handler that simply raises, some of these runs leave the lock taken.
    """

    class EndedError(Exception):
        pass

    def take_and_give_back(condition, ending, microseconds):
        signal.setitimer(signal.ITIMER_REAL, microseconds * 1e-6)
        while True:
            ending.look()
            with condition:
                pass

    def left_taken(microseconds):
        ending = Ending()
        condition = threading.Condition(threading.Lock())
        signal.signal(signal.SIGALRM, lambda *_: ending.wish(EndedError()))
        with pytest.raises(EndedError), ending.held():
            take_and_give_back(condition, ending, microseconds)
        return not condition.acquire(blocking=False)

    before = signal.getsignal(signal.SIGALRM)
    try:
        assert sum(left_taken(100 + number / 10) for number in range(1000)) == 0
    finally:
        signal.signal(signal.SIGALRM, before)
