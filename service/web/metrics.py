"""What is counted: fixed names and fixed label sets, whoever sends whatever."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from prometheus_client import CollectorRegistry, Counter, disable_created_metrics
from prometheus_client.registry import Collector

from service.artifacts import Artifact
from service.artifacts.reference import INK_BOUNDS, SHARE_BOUNDS
from service.network import FloatArray
from service.seen import Classification
from service.verdict import Reason, Verdicts
from service.web.histogram import BulkHistogram
from service.web.load import Load
from service.web.reloads import Reloads
from service.web.reserve import Lost
from service.web.statistics import Statistics

__all__ = ["REJECTED", "Metrics"]

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
OTHER_METHOD = "other"
NO_ROUTE = "(none)"
REJECTED = "rejected"

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class _Series:
    """The series of one model, looked up once.

    Attributes:
        answers: by argmax, and the last for rejected images.
        rejections: by reason.
        largest: activation.
        margin: to the second largest activation.
        ink: the mean pixel.
        feedback: by what was answered and what it was.
    """

    answers: tuple[Counter, ...]
    rejections: Mapping[Reason, Counter]
    largest: BulkHistogram
    margin: BulkHistogram
    ink: BulkHistogram
    feedback: Mapping[tuple[str, str], Counter]


class Metrics:
    """Counts requests, classifications, feedback and lost log lines.

    Attributes:
        collector: where the counts are read.
        lost: series for which there was no room.
        load: requests that wait, are answered or are turned away.
        reloads: of artifacts and keys.
        statistics: inference requests, by model and version.
    """

    def __init__(
        self, registry: CollectorRegistry, collector: Collector | None = None, lost: Lost | None = None
    ) -> None:
        """Count in a registry.

        Args:
            registry: of this process.
            collector: where the counts of all processes come together, if not there.
            lost: counts those that are lost; in one process alone none are.
        """
        self.collector: Collector = registry if collector is None else collector
        self.lost = Lost() if lost is None else lost
        disable_created_metrics()  # type: ignore[no-untyped-call]  # many processes are not created at once
        self.load = Load(registry)
        self.reloads = Reloads(registry)
        self.statistics = Statistics(registry, self.collector)

        def counter(name: str, sentence: str, *labels: str) -> Counter:
            return Counter(name, sentence, labels, registry=registry)

        def histogram(name: str, sentence: str, buckets: tuple[float, ...], *labels: str) -> BulkHistogram:
            return BulkHistogram(name, sentence, labels, registry=registry, buckets=buckets)

        request = ("route", "method", "code")
        self._requests = counter("digits_http_requests", "Requests answered.", *request)
        self._seconds = histogram(
            "digits_http_request_seconds", "Time from a request's head to its answer.", SECONDS, *request
        )
        self._keys = counter("digits_key_requests", "Requests that came with a key, by its name.", "key")
        self._answers = counter(
            "digits_classifications", "Images, by digit or label, or rejected.", "model", "digit"
        )
        self._rejections = counter("digits_rejections", "Images rejected, by reason.", "model", "reason")
        self._largest = histogram(
            "digits_largest_activation", "Largest output activation of each image.", SHARE_BOUNDS, "model"
        )
        self._margin = histogram(
            "digits_margin", "Largest less second largest activation of each image.", SHARE_BOUNDS, "model"
        )
        self._ink = histogram("digits_ink", "Mean pixel of each image, as read.", INK_BOUNDS, "model")
        self._feedback = counter(
            "digits_feedback",
            "Answers that clients judged, by answer and true label.",
            "model",
            "digit",
            "label",
        )
        self._dropped = counter(
            "digits_log_lines_dropped", "Log lines lost to a reader that stalled or a full disk."
        )
        self._of_request: dict[tuple[str | None, str, int], tuple[Counter, BulkHistogram]] = {}
        self._of_artifact: dict[str, _Series] = {}

    def prepare(self, artifacts: Iterable[Artifact], keys: Iterable[str] = ()) -> None:
        """Begin the series of these models, and of the keys of these names, at zero."""
        for artifact in artifacts:
            self._series(artifact)
        for name in keys:
            self._keys.labels(name)

    def answered(self, route: str | None, method: str, status: int, seconds: float) -> None:
        """Count one request; the route is the rule that matched, None where none did."""
        key = (route, method if method in METHODS else OTHER_METHOD, status)
        series = self._of_request.get(key)
        if series is None:
            labels = (NO_ROUTE if route is None else route, *key[1:])
            series = self._of_request[key] = (self._requests.labels(*labels), self._seconds.labels(*labels))
        requests, durations = series
        requests.inc()
        durations.observe(seconds)

    def key_used(self, name: str) -> None:
        """Count one request that came with the key of this name."""
        self._keys.labels(name).inc()

    def classified(self, artifact: Artifact, classification: Classification) -> None:
        """Count one image, with what drifts when the world does."""
        series, verdict = self._series(artifact), classification.verdict
        series.answers[-1 if verdict.rejected else verdict.argmax].inc()
        if verdict.reason is not None:
            series.rejections[verdict.reason].inc()
        series.largest.observe(float(verdict.activations[verdict.argmax]))
        series.margin.observe(float(verdict.margin))
        series.ink.observe(_ink(classification))

    def classified_all(self, artifact: Artifact, verdicts: Verdicts, images: FloatArray) -> None:
        """Count many images, (n, n_in), as classified counts one."""
        series = self._series(artifact)
        answers = np.where(verdicts.rejected, -1, verdicts.argmax)
        for answer, count in zip(*np.unique(answers, return_counts=True), strict=True):
            series.answers[answer].inc(count)
        for place, reason in enumerate(Reason):
            series.rejections[reason].inc(int(np.count_nonzero(verdicts.reasons == place)))
        series.largest.observe_all(verdicts.activations.max(axis=1))
        series.margin.observe_all(verdicts.margin)
        series.ink.observe_all(images.mean(axis=1))

    def judged(self, artifact: Artifact, answer: str, label: str) -> None:
        """Count one answer, a label or "rejected", of which a client says what it should have been."""
        self._series(artifact).feedback[answer, label].inc()

    def line_dropped(self) -> None:
        """Count one log line that was lost."""
        self._dropped.inc()

    def _series(self, artifact: Artifact) -> _Series:
        series = self._of_artifact.get(artifact.sha256)
        if series is None:
            series = self._of_artifact[artifact.sha256] = self._first_series(artifact)
        return series

    def _first_series(self, artifact: Artifact) -> _Series:
        model, labels = artifact.metadata.name, artifact.metadata.labels
        answers = (*labels, REJECTED)
        return _Series(
            tuple(self._answers.labels(model, answer) for answer in answers),
            {reason: self._rejections.labels(model, reason) for reason in Reason},
            self._largest.labels(model),
            self._margin.labels(model),
            self._ink.labels(model),
            {(a, label): self._feedback.labels(model, a, label) for a in answers for label in labels},
        )


def _ink(classification: Classification) -> float:
    normalized = classification.seen.normalized
    return float(classification.seen.pixels.mean()) if normalized is None else normalized.ink
