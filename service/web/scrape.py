"""GET /metrics: what all processes counted, and what this one knows of the state."""

import os
from collections.abc import Iterator
from pathlib import Path

from flask import Blueprint, Response
from prometheus_client import values
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.web.exchange import this_exchange
from service.web.state import State

__all__ = ["Slot", "metrics_route", "share_counters", "shared_collector"]


class Slot:
    """Names the file that this process counts in: one a worker, used again by the worker that replaces it.

    prometheus-client would name it by process id, and never forget one; a worker that takes over its
    predecessor's file counts on from there, so that nothing is lost and nothing grows.
    """

    def __init__(self) -> None:
        self.name = "master"

    def __call__(self) -> str:
        """Return the name, which may change after a fork and at no other time."""
        return self.name


def share_counters(folder: Path) -> Slot:
    """Let every counter made from now on live in files of this folder, which must hold none yet."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)  # where prometheus-client looks
    slot = Slot()
    values.ValueClass = values.MultiProcessValue(slot)  # type: ignore[no-untyped-call]  # untyped there
    return slot


def shared_collector(folder: Path) -> Collector:
    """Sum up what all processes counted in a folder, those that have ended included."""
    collector: Collector = MultiProcessCollector(None, str(folder))  # type: ignore[no-untyped-call]  # untyped there
    return collector


class _Everything(Collector):
    """Is what was counted, and the state at the moment of asking."""

    def __init__(self, counted: Collector, state: State) -> None:
        self._counted = counted
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Yield the counters and histograms, then the gauges."""
        yield from self._counted.collect()
        ready = GaugeMetricFamily("digits_ready", "1 while classifications may be sent here.")
        ready.add_metric([], 0 if self._state.unready() else 1)
        yield ready
        models = GaugeMetricFamily(
            "digits_model_info", "Artifacts served.", labels=("model", "version", "sha256")
        )
        for artifact in self._state.current.catalogue:
            models.add_metric([artifact.metadata.name, artifact.metadata.version, artifact.sha256], 1)
        yield models


def metrics_route(counted: Collector, state: State) -> Blueprint:
    """Serve what was counted as Prometheus text, or as OpenMetrics to whoever accepts that."""
    routes = Blueprint("metrics", __name__)
    everything = _Everything(counted, state)

    @routes.get("/metrics")
    def metrics() -> Response:
        """Tell Prometheus what this service has done."""
        encode, content_type = choose_encoder(this_exchange().headers.get("Accept", ""))
        return Response(encode(everything), content_type=content_type)

    return routes
