"""Counters that many processes share: a worker counts on in the file of the one that it replaces."""

import os

import pytest
from prometheus_client import CollectorRegistry, values

from service.web.metrics import Metrics
from service.web.scrape import share_counters, shared_collector

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # as gunicorn's master does


@pytest.fixture
def slot(tmp_path, monkeypatch):
    """The name of the file that this process counts in."""
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "to be replaced")
    return share_counters(tmp_path)


@pytest.fixture
def metrics(slot, tmp_path):
    assert slot.name == "master"
    return Metrics(CollectorRegistry(), shared_collector(tmp_path))


@pytest.fixture
def work(slot, metrics):
    """Answer a hundred requests in another process."""

    def work(name):
        worker = os.fork()
        if worker == 0:
            slot.name = name
            for _ in range(100):
                metrics.answered("/v1/classify", "POST", 200, 0.25)
            os._exit(0)
        os.waitpid(worker, 0)

    return work


def totals(metrics):
    return {
        sample.name: sample.value
        for family in metrics.collector.collect()
        for sample in family.samples
        if "route" in sample.labels and "le" not in sample.labels
    }


def test_counts_of_all_processes_add_up(metrics, work):
    metrics.answered("/v1/classify", "POST", 200, 0.25)
    work("1")
    work("2")
    counted = totals(metrics)
    assert counted["digits_http_requests_total"] == 201
    assert counted["digits_http_request_seconds_count"] == 201
    assert counted["digits_http_request_seconds_sum"] == pytest.approx(201 * 0.25)


def test_a_replaced_worker_loses_nothing_and_leaves_nothing_behind(metrics, work, tmp_path):
    for _ in range(5):
        work("1")
    assert totals(metrics)["digits_http_requests_total"] == 500
    assert {path.name for path in tmp_path.iterdir()} == {
        "counter_1.db",
        "counter_master.db",
        "histogram_1.db",
    }
