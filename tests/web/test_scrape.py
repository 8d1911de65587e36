"""Counters that many processes share: a worker counts on in the file of the one that it replaces."""

import os

import pytest
from prometheus_client import CollectorRegistry, values
from prometheus_client.parser import text_string_to_metric_families

from service.artifacts import save
from service.artifacts.reference import INK_BOUNDS, SHARE_BOUNDS
from service.web.metrics import Metrics
from service.web.reserve import Lost
from service.web.scrape import forget_gauges, share_counters, shared_collector

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # as gunicorn's master does


@pytest.fixture
def slot(tmp_path, monkeypatch):
    """The name of the file that this process counts in."""
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setattr(values, "MmapedDict", values.MmapedDict)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "to be replaced")
    return share_counters(tmp_path, Lost())


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
    kinds = ("counter", "histogram", "gauge_livesum", "gauge_mostrecent")
    names = {f"{kind}_{slot}.db" for kind in kinds for slot in ("1", "master")}
    assert {path.name for path in tmp_path.iterdir()} == names - {"histogram_master.db"}


def test_what_workers_do_at_this_moment_is_added_up_and_forgotten_with_them(slot, metrics):
    def at_work(name):
        worker = os.fork()
        if worker == 0:
            slot.name = name
            metrics.load.queued()
            metrics.load.queued()
            metrics.load.taken()
            os._exit(0)
        os.waitpid(worker, 0)

    def now():
        samples = [s for family in metrics.collector.collect() for s in family.samples]
        named = {s.name: s.value for s in samples if s.name.startswith("digits_requests_")}
        return named["digits_requests_waiting"], named["digits_requests_in_flight"]

    at_work("1")
    at_work("2")
    assert now() == (2, 2)
    forget_gauges("1")
    assert now() == (1, 1)
    slot.name = "2"
    metrics.load.begin()
    assert now() == (0, 0)


@pytest.fixture
def told(client_for, artifact_folder, small_network, metadata_for):
    """The samples of a service whose model brings a reference with it, by name and label values.

    The values stand in the order of the labels' names.
    """

    def told(reference):
        save(small_network, metadata_for(small_network, version="2", reference=reference), artifact_folder)
        families = text_string_to_metric_families(client_for().get("/metrics").text)
        samples = (sample for family in families for sample in family.samples)
        return {(s.name, *s.labels.values()): s.value for s in samples if "reference" in s.name}

    return told


BINS = {"bounds": INK_BOUNDS, "counts": [0, 3, 1, *[0] * (len(INK_BOUNDS) - 2)]}
ANSWERS = [0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 1]
REFERENCE = {
    "n_images": 4,
    "answers": ANSWERS,
    "largest_activation": BINS | {"bounds": SHARE_BOUNDS},
    "ink": BINS,
}


def test_the_reference_is_told_in_shares(told):
    shares = told(REFERENCE)
    assert shares["digits_reference_answer_share", "2", "tiny"] == 0.5
    assert shares["digits_reference_answer_share", "rejected", "tiny"] == 0.25
    assert shares["digits_reference_ink_share", "0.01", "tiny", "0.025"] == 0.75
    assert shares["digits_reference_largest_activation_share", "0.2", "tiny", "0.3"] == 0.25
    for name in ("answer", "ink", "largest_activation"):
        assert sum(v for key, v in shares.items() if key[0] == f"digits_reference_{name}_share") == 1


def test_the_bins_of_the_reference_are_those_of_the_histograms(told, client_for):
    shares = told(REFERENCE)
    families = text_string_to_metric_families(client_for().get("/metrics").text)
    samples = [sample for family in families for sample in family.samples]
    for name in ("ink", "largest_activation"):
        bounds = [s.labels["le"] for s in samples if s.name == f"digits_{name}_bucket"]
        bins = [
            (above, up_to)
            for above, _, up_to in (key[1:] for key in shares if key[0] == f"digits_reference_{name}_share")
        ]
        assert bins == [*zip(["0.0", *bounds], bounds, strict=False)]


def test_bins_that_cannot_be_compared_are_not_told(told):
    other = {"bounds": [0.5, 1.0], "counts": [1, 3, 0]}
    names = {key[0] for key in told(REFERENCE | {"ink": other})}
    assert names == {"digits_reference_answer_share", "digits_reference_largest_activation_share"}


def test_an_artifact_without_a_reference_has_none_to_tell(told):
    assert told(None) == {}
