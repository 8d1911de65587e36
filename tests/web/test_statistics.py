"""Statistics are right with many processes."""

import os

import pytest
from prometheus_client import CollectorRegistry, values

from service.artifacts import load
from service.web.exchange import Stopwatch
from service.web.reserve import Lost
from service.web.scrape import share_counters, shared_collector
from service.web.statistics import Statistics

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # as gunicorn's master does


@pytest.fixture
def artifact(artifact_folder):
    return load(artifact_folder / "tiny" / "1.npz")


@pytest.fixture
def stopwatch():
    stopwatch = Stopwatch()
    stopwatch.seconds = {"read": 4, "decode": 0.25, "preprocess": 0.5, "forward": 1, "encode": 2}
    return stopwatch


def test_what_all_processes_counted_adds_up(tmp_path, monkeypatch, artifact, stopwatch):
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setattr(values, "MmapedDict", values.MmapedDict)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "to be replaced")
    folder = tmp_path / "counters"
    folder.mkdir()
    slot = share_counters(folder, Lost())
    statistics = Statistics(CollectorRegistry(), shared_collector(folder))
    for worker in ("1", "2"):
        child = os.fork()
        if child == 0:
            slot.name = worker
            monkeypatch.setattr("time.time", lambda: 1000 * int(worker))  # noqa: B023  # called in this child
            for _ in range(10):
                with statistics.request(artifact, stopwatch):
                    statistics.read(artifact, 7)
            os._exit(0)
        os.waitpid(child, 0)
    [told] = statistics.tell([artifact])
    assert (told["inference_count"], told["execution_count"]) == (140, 20)
    assert told["inference_stats"]["compute_input"] == {"count": 20, "ns": 15_000_000_000}
    assert told["inference_stats"]["compute_infer"] == {"count": 20, "ns": 20_000_000_000}
    assert told["inference_stats"]["compute_output"] == {"count": 20, "ns": 40_000_000_000}
    assert told["last_inference"] == 2_000_000


def test_a_failure_is_counted_as_such_and_raised_on(artifact, stopwatch):
    registry = CollectorRegistry()
    statistics = Statistics(registry, registry)
    with pytest.raises(ZeroDivisionError), statistics.request(artifact, stopwatch):
        raise ZeroDivisionError
    [told] = statistics.tell([artifact])
    assert {name: stat["count"] for name, stat in told["inference_stats"].items() if stat["count"]} == {
        "fail": 1
    }
