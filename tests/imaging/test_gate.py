import threading
import time

import pytest

from service.imaging.gate import Gate


def test_one_thread_at_a_time_is_let_through():
    gate, inside, most = Gate(), [0], [0]

    def pass_through():
        for _ in range(50):
            with gate:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0002)
                inside[0] -= 1

    threads = [threading.Thread(target=pass_through) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (most[0], inside[0]) == (1, 0)


def test_who_comes_again_waits_behind_those_who_wait():
    gate, order, busy = Gate(), [], threading.Event()

    def come_twice():
        with gate:
            busy.set()
            time.sleep(0.1)
            order.append("one")
        with gate:
            order.append("one, again")

    def come_once():
        busy.wait(10)
        with gate:
            order.append("other")

    threads = [threading.Thread(target=come) for come in (come_twice, come_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert order == ["one", "other", "one, again"]


def test_a_failure_lets_the_next_one_through():
    gate = Gate()

    with pytest.raises(ZeroDivisionError), gate:
        raise ZeroDivisionError
    with gate:
        pass
