"""Where requests to judge many images at once come in, whichever protocol they speak."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.classifier import Classifier
from service.imaging import Passed
from service.seen import Images
from service.verdict import Verdicts
from service.web.exchange import Exchange, this_exchange
from service.web.inference.body import read_inflated
from service.web.metrics import Metrics
from service.web.state import State

__all__ = ["Call", "DataPlane"]


@dataclass(frozen=True, slots=True, eq=False)
class DataPlane:
    """Knows what is served and what is counted.

    Attributes:
        state: what is served.
        metrics: counts requests and images.
    """

    state: State
    metrics: Metrics

    @contextmanager
    def call(self, name: str, version: str | None) -> Iterator["Call"]:
        """Serve the request that is being answered with a model, and time it.

        Raises:
            UnknownModelError: there is no such model or version.
        """
        exchange = this_exchange()
        classifier = self.state.current.version(name, version)
        stopwatch = exchange.start_stopwatch()
        with self.metrics.statistics.request(classifier.artifact, stopwatch):
            yield Call(self, classifier, exchange, stopwatch.passed)


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One request on its way through.

    Attributes:
        data_plane: where it came in.
        classifier: the model that was asked for.
        exchange: the request.
        passed: told of each stage as it ends.
    """

    data_plane: DataPlane
    classifier: Classifier
    exchange: Exchange
    passed: Passed

    def body(self) -> bytes:
        """Read the body; errors are those of read_inflated."""
        settings = self.data_plane.state.settings
        body = read_inflated(self.exchange, settings.max_body_bytes, settings.timeout_seconds)
        self.passed("read")
        return body

    def judge(self, images: Images, reject_below: float | None = None) -> Verdicts:
        """Judge images in one forward pass, and count them."""
        verdicts = self.classifier.verdicts(images, reject_below=reject_below)
        self.passed("forward")
        artifact = self.classifier.artifact
        self.data_plane.metrics.classified_all(artifact, verdicts, images.pixels)
        self.data_plane.metrics.statistics.read(artifact, len(verdicts))
        self.exchange.notes.update(model=artifact.metadata.name, images=len(verdicts))
        self.passed("count")
        return verdicts
