"""What the protocol's statistics tell: counted by all processes, by model and version."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from types import MappingProxyType

from prometheus_client import CollectorRegistry, Counter, Gauge, Summary
from prometheus_client.registry import Collector

from service.artifacts import Artifact
from service.web.exchange import Stopwatch

__all__ = ["DURATIONS", "Statistics"]

LABELS = ("model", "version", "stage")
SUCCESS, FAIL = "success", "fail"
STAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"compute_input": ("decode", "preprocess"), "compute_infer": ("forward",), "compute_output": ("encode",)}
)
"""The protocol's stages of a successful request, and ours that make them up."""
NEVER = ("queue", "cache_hit", "cache_miss")  # nothing waits in a queue of ours, and nothing is cached
DURATIONS = (SUCCESS, FAIL, *STAGES, *NEVER)
"""What is told of each model is how often and how long, by these names of the protocol."""


class Statistics:
    """Counts what is asked of each model through these protocols."""

    def __init__(self, registry: CollectorRegistry, collector: Collector) -> None:
        """Count in a registry; collector is where the counts of all processes come together."""
        self._collector = collector
        self._seconds = Summary(
            "digits_inference_seconds",
            "Time of inference requests, by result, and of a successful one's stages.",
            LABELS,
            registry=registry,
        )
        self._images = Counter(
            "digits_inference_images", "Images read in inference requests.", LABELS[:2], registry=registry
        )
        self._last = Gauge(
            "digits_inference_last_timestamp_seconds",
            "When the last inference request was made.",
            LABELS[:2],
            registry=registry,
            multiprocess_mode="max",
        )

    @contextmanager
    def request(self, artifact: Artifact, stopwatch: Stopwatch) -> Iterator[None]:
        """Time one request to a model, and by its stopwatch the stages; an exception is a failure."""
        labels = (artifact.metadata.name, artifact.metadata.version)
        started = perf_counter()
        self._last.labels(*labels).set(time.time())
        try:
            yield
        except Exception:
            self._seconds.labels(*labels, FAIL).observe(perf_counter() - started)
            raise
        self._seconds.labels(*labels, SUCCESS).observe(perf_counter() - started)
        for stage, parts in STAGES.items():
            seconds = sum(stopwatch.seconds.get(part, 0) for part in parts)
            self._seconds.labels(*labels, stage).observe(seconds)

    def read(self, artifact: Artifact, n_images: int) -> None:
        """Count images that were read for a model."""
        self._images.labels(artifact.metadata.name, artifact.metadata.version).inc(n_images)

    def tell(self, artifacts: Iterable[Artifact]) -> list[dict[str, object]]:
        """Sum up what all processes counted, one entry an artifact, as the statistics extension has it."""
        counted = {
            (sample.name, *map(sample.labels.get, LABELS)): sample.value
            for family in self._collector.collect()
            if family.name.startswith("digits_inference")
            for sample in family.samples
        }
        return [_entry(artifact, counted) for artifact in artifacts]


def _entry(artifact: Artifact, counted: Mapping[tuple[str | None, ...], float]) -> dict[str, object]:
    model = (artifact.metadata.name, artifact.metadata.version)

    def total(name: str, stage: str | None = None) -> float:
        return counted.get((f"digits_inference_{name}", *model, stage), 0)

    stages = {
        stage: {"count": int(total("seconds_count", stage)), "ns": round(total("seconds_sum", stage) * 1e9)}
        for stage in DURATIONS
    }
    return {
        "name": artifact.metadata.name,
        "version": artifact.metadata.version,
        "last_inference": round(total("last_timestamp_seconds") * 1000),
        "inference_count": int(total("images_total")),
        "execution_count": stages["compute_infer"]["count"],
        "inference_stats": stages,
        "batch_stats": [],
    }
