import threading
import time

import pytest

from service.errors import BusyError
from service.imaging import Budget
from service.imaging.budget import BRIEF, SMALL
from service.imaging.gate import Gate

LARGE = 4 * SMALL


def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def hold(budget, pixels, until):
    """Borrow in another thread, and return once it has; it gives back when the event is set."""
    borrowed = threading.Event()

    def borrow():
        with budget.lend(pixels):
            borrowed.set()
            until.wait(10)

    thread = in_thread(borrow)
    assert borrowed.wait(10)
    return thread


@pytest.fixture
def release():
    """An event that is set at the end, whatever happens."""
    event = threading.Event()
    yield event
    event.set()


def test_pictures_that_fit_together_do_not_wait(release):
    budget = Budget(2 * LARGE, 0)
    hold(budget, LARGE, release)

    with budget.lend(LARGE):
        pass


def test_what_does_not_fit_in_time_is_turned_away(release):
    budget = Budget(2 * LARGE, 0.01)
    hold(budget, LARGE + 1, release)

    with pytest.raises(BusyError, match="send this one again later"), budget.lend(LARGE):
        pass


def test_who_waits_goes_on_as_soon_as_there_is_room(release):
    budget = Budget(LARGE, 10)
    hold(budget, LARGE, release)
    threading.Timer(0.05, release.set).start()

    start = time.monotonic()
    with budget.lend(LARGE):
        waited = time.monotonic() - start

    assert 0.02 < waited < 5


def test_a_small_picture_never_waits(release):
    budget = Budget(LARGE, 0)
    hold(budget, LARGE, release)

    with budget.lend(SMALL):
        pass


def test_what_is_small_goes_through_the_gate_and_nothing_else():
    budget = Budget(LARGE, 0)

    gates = [budget.gate(pixels) for pixels in (0, BRIEF, BRIEF + 1, SMALL, SMALL + 1)]

    assert [isinstance(gate, Gate) for gate in gates] == [False, False, True, True, False]
    assert gates[2] is gates[3]


def test_a_picture_larger_than_all_there_is_takes_all_there_is():
    budget = Budget(LARGE, 0)

    with budget.lend(100 * LARGE), pytest.raises(BusyError), budget.lend(SMALL + 1):
        pass
    with budget.lend(100 * LARGE):
        pass


def test_what_was_lent_comes_back_after_a_failure():
    budget = Budget(LARGE, 0)

    with pytest.raises(ZeroDivisionError), budget.lend(LARGE):
        raise ZeroDivisionError
    with budget.lend(LARGE):
        pass


def test_nobody_overtakes_the_first_in_line(release):
    budget, order = Budget(2 * LARGE, 10), []

    def borrow(name, pixels):
        with budget.lend(pixels):
            order.append(name)

    hold(budget, LARGE, release)
    first = in_thread(lambda: borrow("first", 2 * LARGE))
    time.sleep(0.05)
    second = in_thread(lambda: borrow("second", LARGE))  # would fit beside the one that holds
    time.sleep(0.05)
    release.set()
    first.join()
    second.join()

    assert order == ["first", "second"]


def test_who_stands_behind_the_first_in_line_gives_up_in_time_too(release):
    budget = Budget(LARGE, 0.05)
    hold(budget, LARGE, release)
    with budget._first, pytest.raises(BusyError), budget.lend(LARGE):
        pass


def test_never_more_is_lent_than_there_is():
    budget, lock = Budget(3 * LARGE, 10), threading.Lock()
    held, most = [0], [0]

    def borrow(pixels):
        for _ in range(20):
            with budget.lend(pixels):
                with lock:
                    held[0] += pixels
                    most[0] = max(most[0], held[0])
                time.sleep(0.001)
                with lock:
                    held[0] -= pixels

    threads = [in_thread(lambda share=share: borrow(share * LARGE)) for share in (1, 1, 2, 3)]
    for thread in threads:
        thread.join()

    assert LARGE < most[0] <= 3 * LARGE
