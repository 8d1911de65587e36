import os
import signal
import threading
import time
from pathlib import Path

import pytest

from service.errors import ServiceError
from service.training.workers import elsewhere, side_by_side


def product(factor, number):
    return factor * number, os.getpid()


def refuse(_shared, number):
    if number == 2:
        raise ValueError("two")
    return number


@pytest.mark.parametrize(("processes", "elsewhere"), [(1, False), (2, True)])
def test_results_come_in_the_order_of_the_tasks(processes, elsewhere):
    results = list(side_by_side(product, 3, range(5), processes, ahead=2))
    assert [number for number, _ in results] == [0, 3, 6, 9, 12]
    assert (os.getpid() not in {process for _, process in results}) == elsewhere


@pytest.mark.parametrize("processes", [1, 2])
def test_of_endless_tasks_only_some_are_begun_ahead(processes):
    begun = []

    def tasks():
        while True:
            begun.append(len(begun))
            yield len(begun)

    results = side_by_side(product, 1, tasks(), processes, ahead=3)
    assert [next(results)[0] for _ in range(2)] == [1, 2]
    results.close()
    assert len(begun) <= 2 + 3


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_task_raises_comes_out_where_its_result_would(processes):
    results = side_by_side(refuse, None, range(4), processes, ahead=2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)


def leave_a_mark(folder, number):
    Path(folder, str(number)).touch()
    time.sleep(0.3)


def test_tasks_that_have_not_begun_when_the_results_are_left_never_do(tmp_path):
    """A shutdown that is asked for twice in a row forgets that they were to be left undone."""
    results = side_by_side(leave_a_mark, str(tmp_path), range(40), 2, ahead=40)
    started = time.monotonic()
    next(results)
    results.close()
    assert len(list(tmp_path.iterdir())) < 20
    assert time.monotonic() - started < 30


def test_ctrl_c_ends_the_processes_in_the_middle_of_a_task(tmp_path):
    """What a terminal does: it sends the signal to all of them."""
    path = tmp_path / "number"
    results = side_by_side(sleep_and_tell, path, [600], 2, ahead=0)
    waiting = threading.Thread(target=lambda: os.kill(number_in(path), signal.SIGINT))
    waiting.start()
    started = time.monotonic()
    with pytest.raises(ServiceError, match=r"was ended from outside .*; allow fewer with --processes"):
        next(results)
    assert time.monotonic() - started < 60
    waiting.join()


def number_in(path):
    """Wait until a process has written its number."""
    while not (path.exists() and path.read_text()):
        time.sleep(0.05)
    return int(path.read_text())


def sleep_and_tell(path, seconds):
    Path(path).write_text(str(os.getpid()))
    time.sleep(seconds)
    return os.getpid()


def test_a_long_work_is_done_elsewhere_meanwhile(tmp_path):
    with elsewhere(sleep_and_tell, tmp_path / "number", 0) as result:
        pass
    assert result() not in {0, os.getpid()}


def refuse_at_once():
    raise ValueError("no")


def test_what_it_raises_comes_out_where_its_result_is_asked_for():
    with elsewhere(refuse_at_once) as result, pytest.raises(ValueError, match="no"):
        result()


def test_a_work_that_failed_says_no_more_than_its_error(capfd):
    with pytest.raises(ValueError, match="no"), elsewhere(refuse_at_once) as result:
        result()
    assert capfd.readouterr().err == ""


def interrupt(work, path, interruption):
    """Begin the work, and be interrupted as soon as it wrote its process's number to the path."""
    with elsewhere(work, path, 600):
        number_in(path)
        raise interruption


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError])
def test_a_long_work_ends_with_what_it_was_done_for(tmp_path, interruption):
    path = tmp_path / "number"
    started = time.monotonic()
    with pytest.raises(interruption):
        interrupt(sleep_and_tell, path, interruption)
    assert time.monotonic() - started < 60
    with pytest.raises(ProcessLookupError):
        os.kill(number_in(path), 0)


def nested(path, _seconds):
    return list(side_by_side(sleep_and_tell, path, range(3, 4), 2, ahead=1))


def test_it_takes_the_processes_that_it_started_with_it(tmp_path):
    path = tmp_path / "number"
    with pytest.raises(KeyboardInterrupt):
        interrupt(nested, path, KeyboardInterrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(number_in(path), 0)
