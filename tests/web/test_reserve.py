"""Counters whose files have no room left: what they count is lost, and nothing else is."""

import errno
import os

import pytest
from prometheus_client import CollectorRegistry, Counter, mmap_dict, values

from service.web.reserve import FIRST_BYTES, Lost
from service.web.scrape import share_counters, shared_collector

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # as gunicorn's master does
SERIES = 1500  # far more than fit into a file's first room


@pytest.fixture
def lost():
    return Lost()


@pytest.fixture
def slot(lost, tmp_path, monkeypatch):
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setattr(values, "MmapedDict", values.MmapedDict)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "to be replaced")
    return share_counters(tmp_path, lost)


@pytest.fixture
def counter(slot):
    assert slot.name == "master"
    return Counter("asked", "A counter of many series.", ["who"], registry=CollectorRegistry())


@pytest.fixture
def full(monkeypatch):
    """From now on there is no room."""

    def refuse(*_):
        raise OSError(errno.ENOSPC, "no space left")

    return lambda: monkeypatch.setattr(os, "posix_fallocate", refuse)


def counted(tmp_path):
    families = shared_collector(tmp_path).collect()
    return {s.labels["who"]: s.value for f in families for s in f.samples if s.name == "asked_total"}


def n_lost(lost):
    [family] = lost.collect()
    return family.samples[0].value


def count_all(counter, times=1):
    for _ in range(times):
        for who in range(SERIES):
            counter.labels(str(who)).inc()


def test_room_is_asked_for_before_it_is_used(counter, tmp_path):
    counter.labels("one").inc()
    status = (tmp_path / "counter_master.db").stat()
    assert 512 * status.st_blocks >= status.st_size == FIRST_BYTES


def test_a_file_grows_while_there_is_room(counter, tmp_path, lost):
    count_all(counter, times=2)
    assert counted(tmp_path) == {str(who): 2 for who in range(SERIES)}
    assert n_lost(lost) == 0


def test_without_room_old_series_count_on_and_new_ones_are_lost(counter, tmp_path, lost, full):
    counter.labels("0").inc()
    full()
    count_all(counter, times=3)
    found = counted(tmp_path)
    assert found.pop("0") == 4
    assert set(found.values()) == {3}
    assert 100 < len(found) < SERIES - 100
    assert n_lost(lost) == SERIES - 1 - len(found)


@pytest.mark.usefixtures("slot")
@pytest.mark.parametrize("left", range(16, 120, 8))
def test_a_series_lies_whole_in_the_room_that_is_left_or_is_lost(tmp_path, lost, full, left):
    """An entry is four bytes, its key with one to eight blanks, and sixteen; before the first stand eight."""
    file = tmp_path / "counter_1.db"
    samples = values.MmapedDict(str(file))
    full()
    told = {"x" * (FIRST_BYTES - 8 - 28 - left): 1.0, "four": 2.0, "more": 3.0}
    for key, value in told.items():
        samples.write_value(key, value, 0.0)
    samples.close()
    found = {key: value for key, value, *_ in mmap_dict.MmapedDict.read_all_values_from_file(str(file))}
    assert found == {key: told[key] for key in found}
    assert len(found) == 3 - n_lost(lost)
    assert file.stat().st_size == FIRST_BYTES


def test_a_file_that_cannot_be_made_is_done_without(slot, counter, tmp_path, lost, full):
    counter.labels("0").inc()
    full()
    slot.name = "1"  # as after a fork
    count_all(counter)
    assert counted(tmp_path) == {"0": 1}
    assert n_lost(lost) == SERIES
    assert not (tmp_path / "counter_1.db").exists()


def test_what_other_processes_lose_is_counted_with_the_rest(lost):
    worker = os.fork()
    if worker == 0:
        lost.add()
        os._exit(0)
    os.waitpid(worker, 0)
    lost.add()
    assert n_lost(lost) == 2


def test_where_no_room_can_be_asked_for_files_are_made_all_the_same(counter, tmp_path, monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate")
    count_all(counter)
    assert counted(tmp_path) == {str(who): 1 for who in range(SERIES)}
