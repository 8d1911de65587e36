"""What processes do for another, and what becomes of the work where one is killed."""

import os
import signal
import time
from concurrent.futures import BrokenExecutor, wait
from errno import EAGAIN
from fcntl import LOCK_EX, flock
from multiprocessing import connection, get_context, resource_tracker
from pickle import PicklingError
from threading import Timer

import pytest

from service.errors import ServiceError
from service.processes import Processes

pytestmark = pytest.mark.timeout(120)

KEPT = []


def started(n_processes=1, kept="kept", **options):
    return Processes(n_processes, get_context("spawn"), keep, kept, **options)


def keep(value):
    KEPT.append(value)


def keep_whatever_ctrl_c_says(value):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep(value)


def here(value=None):
    return KEPT, os.getpid(), value


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def killed_within_the_answer():
    """Answer with half of a message: what a kill by the kernel leaves when it comes at a bad moment."""

    def half(pipe, message):
        os.write(pipe.fileno(), message[: len(message) // 2])
        killed()

    connection.Connection._send = half
    return bytes(1000)


def refused():
    raise OSError("no room")


def rested_until(path):
    while not path.exists():
        time.sleep(0.01)
    return os.getpid()


def test_work_is_done_in_a_process_that_has_begun_as_asked():
    with started() as processes:
        kept, process, value = processes.submit(here, 3).result()
    assert (kept, value) == (["kept"], 3)
    assert process != os.getpid()


def test_one_process_does_one_thing_after_another():
    with started() as processes:
        assert len({processes.submit(here).result()[1] for _ in range(3)}) == 1


def test_several_do_as_many_things_at_once(tmp_path):
    with started(2) as processes:
        results = [processes.submit(rested_until, tmp_path / "go") for _ in range(2)]
        wait(results, timeout=1)
        (tmp_path / "go").touch()
        assert len({result.result() for result in results}) == 2


def test_they_find_variables_set_that_are_not_set_here():
    with started(environment={"DIGITS_TESTED": "yes"}) as processes:
        assert processes.submit(os.getenv, "DIGITS_TESTED").result() == "yes"
    assert "DIGITS_TESTED" not in os.environ


def test_an_error_comes_out_with_the_lines_that_led_to_it():
    with started() as processes:
        with pytest.raises(OSError, match="no room") as raised:
            processes.submit(refused).result()
        assert any("in refused" in note for note in raised.value.__notes__)
        assert processes.submit(here, 1).result()[2] == 1


@pytest.mark.parametrize("end", [killed, killed_within_the_answer])
def test_one_that_is_killed_costs_what_it_did_and_is_replaced(end):
    with started() as processes:
        _, before, _ = processes.submit(here).result()
        lost, after = processes.submit(end), processes.submit(here)
        with pytest.raises(BrokenExecutor, match="ended from outside"):
            lost.result()
        assert after.result()[1] != before


@pytest.mark.parametrize("kept", ["little", bytes(2**20)], ids=["little", "more than a pipe holds"])
def test_one_that_is_gone_before_it_has_begun_ends_the_work(kept, monkeypatch):
    resource_tracker.ensure_running()  # which is to be no /bin/false
    monkeypatch.setattr("multiprocessing.spawn._python_exe", b"/bin/false")
    with started(kept=kept) as processes, pytest.raises(BrokenExecutor, match="ended from outside"):
        processes.submit(here).result()


def test_ctrl_c_waits_until_a_process_has_begun(tmp_path, capfd):
    (tmp_path / "sitecustomize.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.getenv("PYTHONPATH")])])
    with Processes(
        1, get_context("spawn"), keep_whatever_ctrl_c_says, 3, environment={"PYTHONPATH": path}
    ) as processes:
        assert processes.submit(here).result()[0] == [3]
    assert capfd.readouterr().err == ""


def test_where_none_can_be_started_it_is_said(monkeypatch):
    def exhausted(*_, **__):
        raise BlockingIOError(EAGAIN, os.strerror(EAGAIN))

    monkeypatch.setattr("multiprocessing.util.spawnv_passfds", exhausted)
    with started() as processes, pytest.raises(ServiceError, match="no further process can be started"):
        processes.submit(here).result()


def test_what_cannot_travel_leaves_a_process_that_begins_anew():
    beginning = [lambda: None]  # no process can be sent that
    with started(kept=beginning) as processes:
        with pytest.raises((AttributeError, PicklingError)):
            processes.submit(here).result()
        beginning[:] = [3]
        assert processes.submit(here, 4).result()[::2] == ([[3]], 4)


def test_what_has_not_begun_can_be_left_undone(tmp_path):
    processes = started()
    begun, not_begun = (processes.submit(rested_until, tmp_path / "go") for _ in range(2))
    Timer(1, (tmp_path / "go").touch).start()
    processes.shutdown(cancel_futures=True)
    assert begun.result() != os.getpid()
    assert not_begun.cancelled()


def lock_and_rest(path):
    with path.open("w") as file:
        flock(file, LOCK_EX)
        file.write("locked")
        file.flush()
        time.sleep(600)


def begin_and_be_killed(path):
    """Have another process work, and end without a word in the middle of that."""
    processes = started()
    processes.submit(lock_and_rest, path)
    while not (path.exists() and path.read_text()):
        time.sleep(0.05)
    killed()


def test_one_whose_parent_is_killed_ends_in_the_middle_of_its_work(tmp_path):
    path = tmp_path / "lock"
    with started() as processes, pytest.raises(BrokenExecutor, match="ended from outside"):
        processes.submit(begin_and_be_killed, path).result()
    with path.open() as file:
        flock(file, LOCK_EX)  # which waits until nobody has it


def test_nobody_is_left_behind():
    with started() as processes:
        _, number, _ = processes.submit(here).result()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
