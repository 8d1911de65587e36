"""GET /metrics: what all processes counted, and what this one knows of the state."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from pathlib import Path

from flask import Blueprint, Response
from prometheus_client import values
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from service.artifacts import Artifact
from service.artifacts.reference import INK_BOUNDS, SHARE_BOUNDS, Bins
from service.web.exchange import this_exchange
from service.web.metrics import REJECTED, Metrics
from service.web.processes import Processes
from service.web.reserve import Lost, reserve_room
from service.web.state import State

__all__ = ["METRICS", "Slot", "forget_gauges", "metrics_route", "share_counters", "shared_collector"]


METRICS = "/metrics"
BIN = ("model", "above", "up_to")


@dataclass(slots=True)
class Slot:
    """Names the file that this process counts in: one a worker, used again by the worker that replaces it.

    prometheus-client would name it by process id, and never forget one; a worker that takes over its
    predecessor's file counts on from there, so that nothing is lost and nothing grows.

    Attributes:
        name: may change after a fork and at no other time.
    """

    name: str = "master"


def share_counters(folder: Path, lost: Lost) -> Slot:
    """Let every counter made from now on live in files of this folder, which must hold none yet.

    Lost is told of those for which there is no room.
    """
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)  # where prometheus-client looks
    slot = Slot()
    reserve_room(lost)
    values.ValueClass = values.MultiProcessValue(lambda: slot.name)  # type: ignore[no-untyped-call]  # untyped there
    return slot


def shared_collector(folder: Path) -> Collector:
    """Sum up what all processes counted in a folder, those that have ended included."""
    collector: Collector = MultiProcessCollector(None, str(folder))  # type: ignore[no-untyped-call]  # untyped there
    return collector


def forget_gauges(slot: str) -> None:
    """Forget what a worker that has ended was doing; what it has counted stays."""
    mark_process_dead(slot)  # type: ignore[no-untyped-call]  # untyped there


class _Everything(Collector):
    """Is what was counted, and the state at the moment of asking."""

    def __init__(self, metrics: Metrics, state: State) -> None:
        self._counted = metrics.collector
        self._lost = metrics.lost
        self._state = state
        self._processes = Processes(state.master)

    def collect(self) -> Iterator[Metric]:
        """Yield the counters and histograms, then the gauges."""
        yield from self._counted.collect()
        yield from self._lost.collect()
        ready = GaugeMetricFamily("digits_ready", "1 while classifications may be sent here.")
        ready.add_metric([], 0 if self._state.unready() else 1)
        yield ready
        catalogue = self._state.current.catalogue
        models = GaugeMetricFamily(
            "digits_model_info", "Artifacts served.", labels=("model", "version", "sha256")
        )
        for artifact in catalogue:
            models.add_metric([artifact.metadata.name, artifact.metadata.version, artifact.sha256], 1)
        yield models
        yield from _references([catalogue.find(name) for name in catalogue.artifacts])
        yield from self._processes.collect()


def _references(artifacts: list[Artifact]) -> Iterator[Metric]:
    """Yield what each artifact says that undrifted images look like, in shares of one."""
    answers = GaugeMetricFamily(
        "digits_reference_answer_share",
        "Share of validation digits by answer.",
        labels=("model", "digit"),
    )
    largest = GaugeMetricFamily(
        "digits_reference_largest_activation_share",
        "Share of validation digits by largest activation.",
        labels=BIN,
    )
    ink = GaugeMetricFamily(
        "digits_reference_ink_share", "Share of validation digits by mean pixel.", labels=BIN
    )
    for artifact in artifacts:
        model, reference = artifact.metadata.name, artifact.metadata.reference
        if reference is not None:
            for label, count in zip((*artifact.metadata.labels, REJECTED), reference.answers, strict=True):
                answers.add_metric([model, label], count / reference.n_images)
            _add_bins(largest, model, reference.largest_activation, SHARE_BOUNDS)
            _add_bins(ink, model, reference.ink, INK_BOUNDS)
    yield from (answers, largest, ink)


def _add_bins(family: GaugeMetricFamily, model: str, bins: Bins, live: tuple[float, ...]) -> None:
    """Add the share of each bin; other bins than those of the live histogram cannot be compared with it."""
    if bins.bounds == live:
        bounds = [_written(bound) for bound in (0, *bins.bounds, inf)]
        for (above, up_to), count in zip(pairwise(bounds), bins.counts, strict=True):
            family.add_metric([model, above, up_to], count / sum(bins.counts))


def _written(bound: float) -> str:
    """Write a bound as prometheus-client writes that of a bucket."""
    return str(floatToGoString(bound))  # type: ignore[no-untyped-call]  # untyped there


def metrics_route(counts: Metrics, state: State) -> Blueprint:
    """Serve what was counted as Prometheus text, or as OpenMetrics to whoever accepts that."""
    routes = Blueprint("metrics", __name__)
    everything = _Everything(counts, state)

    @routes.get(METRICS)
    def metrics() -> Response:
        """Tell Prometheus what this service has done."""
        encode, content_type = _encoding(this_exchange().headers.get("Accept", ""))
        return Response(encode(everything), content_type=content_type)

    return routes


def _encoding(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    try:
        return choose_encoder(accept)
    except TypeError:  # a version that prometheus-client cannot compare with its own, as one in quotes
        return choose_encoder("")
