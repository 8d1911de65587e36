"""Folders of counters: one for each service, none for those that were killed."""

import os
import signal
from contextlib import ExitStack

import pytest

from service.errors import SettingsError
from service.web.counters import counters_folder

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # as gunicorn's master does


def killed_service(parent, *, with_worker=False):
    """Lend a folder to a process that is killed; its worker, if it has one, lives until it is told to end."""
    reading, writing = os.pipe()
    told, telling = os.pipe()
    master = os.fork()
    if master == 0:
        os.close(telling)
        with counters_folder(parent):
            if not with_worker or os.fork() != 0:
                os.write(writing, b"x")
                os.kill(os.getpid(), signal.SIGKILL)
            os.close(reading)
            os.close(writing)
            os.read(told, 1)
        os._exit(0)
    os.close(writing)
    os.close(told)
    os.waitpid(master, 0)
    assert os.read(reading, 1) == b"x"
    return reading, telling


def close(*fds):
    for fd in fds:
        os.close(fd)


def test_what_a_killed_service_left_is_removed_by_the_next(tmp_path):
    close(*killed_service(tmp_path))
    [left] = tmp_path.iterdir()
    with counters_folder(tmp_path) as folder:
        assert [*tmp_path.iterdir()] == [folder]
        assert folder != left


def test_a_worker_that_outlives_its_master_keeps_its_counters(tmp_path):
    fds = killed_service(tmp_path, with_worker=True)
    [left] = tmp_path.iterdir()
    with counters_folder(tmp_path) as folder:
        assert {*tmp_path.iterdir()} == {folder, left}
    close(*fds)


def test_services_side_by_side_do_not_touch_each_others_counters(tmp_path):
    with ExitStack() as stack:
        folders = [stack.enter_context(counters_folder(tmp_path)) for _ in range(3)]
        assert {*tmp_path.iterdir()} == {*folders}
    assert [*tmp_path.iterdir()] == []


def test_what_is_no_folder_of_counters_stays(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "digits-metrics-file").touch()
    (tmp_path / "digits-metrics-link").symlink_to(tmp_path / "other")
    with counters_folder(tmp_path):
        assert len([*tmp_path.iterdir()]) == 4


def test_a_file_system_without_locks_will_do(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no locks available")

    monkeypatch.setattr("service.web.counters.flock", refuse)
    with counters_folder(tmp_path) as first, counters_folder(tmp_path) as second:
        assert {*tmp_path.iterdir()} == {first, second}


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="metrics_folder"), counters_folder(tmp_path / "nowhere"):
        pass


def test_a_folder_that_nobody_chose_is_named_where_it_cannot_be_written(tmp_path, monkeypatch):
    nowhere = tmp_path / "nowhere"
    monkeypatch.setattr("service.web.counters.memory_folder", lambda: nowhere)
    with pytest.raises(SettingsError, match=f"metrics_folder {nowhere} cannot"), counters_folder(None):
        pass
