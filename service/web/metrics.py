"""What is counted: fixed names and fixed label sets, whoever sends whatever."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.registry import Collector

from service.artifacts import Artifact
from service.classifier import Classification, Reason

__all__ = ["Metrics"]

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
OTHER_METHOD = "other"
NO_ROUTE = "(none)"
REJECTED = "rejected"

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)
INK_SHARES = (0.01, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.5, 1)


@dataclass(frozen=True, slots=True)
class _Series:
    """The series of one model, looked up once.

    Attributes:
        answers: by argmax, and the last for rejected images.
        rejections: by reason.
        largest: activation.
        margin: to the second largest activation.
        ink: the mean pixel.
    """

    answers: tuple[Counter, ...]
    rejections: Mapping[Reason, Counter]
    largest: Histogram
    margin: Histogram
    ink: Histogram


class Metrics:
    """Counts requests, classifications, reloads and lost log lines.

    Attributes:
        collector: where the counts are read.
    """

    def __init__(self, registry: CollectorRegistry, collector: Collector | None = None) -> None:
        """Count in a registry; collector is where the counts of all processes come together, if not there."""
        self.collector: Collector = registry if collector is None else collector
        disable_created_metrics()  # type: ignore[no-untyped-call]  # many processes are not created at once

        def counter(name: str, sentence: str, *labels: str) -> Counter:
            return Counter(name, sentence, labels, registry=registry)

        def histogram(name: str, sentence: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(name, sentence, labels, registry=registry, buckets=buckets)

        request = ("route", "method", "code")
        self._requests = counter("digits_http_requests", "Requests answered.", *request)
        self._seconds = histogram(
            "digits_http_request_seconds", "Time from a request's head to its answer.", SECONDS, *request
        )
        self._answers = counter(
            "digits_classifications", "Images, by digit or label, or rejected.", "model", "digit"
        )
        self._rejections = counter("digits_rejections", "Images rejected, by reason.", "model", "reason")
        self._largest = histogram(
            "digits_largest_activation", "Largest output activation of each image.", SHARES, "model"
        )
        self._margin = histogram(
            "digits_margin", "Largest less second largest activation of each image.", SHARES, "model"
        )
        self._ink = histogram("digits_ink", "Mean pixel of each image, as read.", INK_SHARES, "model")
        self._reloads = counter("digits_reloads", "Times that the artifacts were read anew.", "result")
        self._dropped = counter("digits_log_lines_dropped", "Log lines lost to a reader that stalled.")
        self._of_request: dict[tuple[str | None, str, int], tuple[Counter, Histogram]] = {}
        self._of_artifact: dict[str, _Series] = {}
        self._of_reload = {ok: self._reloads.labels("ok" if ok else "failed") for ok in (True, False)}

    def prepare(self, artifacts: Iterable[Artifact]) -> None:
        """Begin the series of these models at zero."""
        for artifact in artifacts:
            self._series(artifact)

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

    def classified(self, artifact: Artifact, classification: Classification) -> None:
        """Count one image, with what drifts when the world does."""
        series, verdict = self._series(artifact), classification.verdict
        series.answers[-1 if verdict.rejected else verdict.argmax].inc()
        if verdict.reason is not None:
            series.rejections[verdict.reason].inc()
        series.largest.observe(float(verdict.activations[verdict.argmax]))
        series.margin.observe(float(verdict.margin))
        normalized = classification.normalized
        series.ink.observe(float(classification.pixels.mean()) if normalized is None else normalized.ink)

    def reloaded(self, *, ok: bool) -> None:
        """Count one reload of the artifacts."""
        self._of_reload[ok].inc()

    def line_dropped(self) -> None:
        """Count one log line that was lost."""
        self._dropped.inc()

    def _series(self, artifact: Artifact) -> _Series:
        series = self._of_artifact.get(artifact.sha256)
        if series is None:
            series = self._of_artifact[artifact.sha256] = self._first_series(artifact)
        return series

    def _first_series(self, artifact: Artifact) -> _Series:
        model = artifact.metadata.name
        return _Series(
            tuple(self._answers.labels(model, label) for label in (*artifact.metadata.labels, REJECTED)),
            {reason: self._rejections.labels(model, reason) for reason in Reason},
            self._largest.labels(model),
            self._margin.labels(model),
            self._ink.labels(model),
        )
