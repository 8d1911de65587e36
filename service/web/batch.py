"""POST /v1/classify/batch: many pictures in, one forward pass over those that can be read, answers out."""

from collections.abc import Iterable, Sequence
from functools import partial

from flask import Blueprint
from flask.typing import ResponseReturnValue

from service.batch import see_all
from service.classifier import Classifier
from service.errors import ServiceError
from service.imaging import Passed
from service.seen import Classification, Images, Seen
from service.verdict import Verdict
from service.web.allowance import PixelAllowance
from service.web.answers import answer
from service.web.batch_bodies import Batch, Item, read_batch
from service.web.exchange import Exchange, this_exchange
from service.web.metrics import Metrics
from service.web.problems import problem_of
from service.web.schema import BatchClassified, Named, Problem, Refused
from service.web.state import State

__all__ = ["batch_routes"]


def batch_routes(state: State, metrics: Metrics) -> Blueprint:
    """Serve classifications of many pictures at once."""
    routes = Blueprint("batch", __name__, url_prefix="/v1")
    max_body_bytes, max_seconds = state.settings.max_body_bytes, state.settings.timeout_seconds

    @routes.post("/classify/batch")
    def classify_batch() -> ResponseReturnValue:
        """Read the digit in each of many pictures."""
        exchange = this_exchange()
        batch = read_batch(exchange, max_body_bytes, max_seconds)
        classifier = state.current.classifier(batch.options.model)
        classifier.check_that_pictures_are_read()
        outcomes = _judge(exchange, batch, classifier, metrics)
        return _tell(exchange, batch, classifier, outcomes)

    return routes


def _judge(
    exchange: Exchange, batch: Batch, classifier: Classifier, metrics: Metrics
) -> list[Classification | Problem]:
    """Look at the pictures, then judge and count all of them at once."""
    passed = exchange.start_stopwatch().passed
    looked = _look(exchange.id, batch, classifier, passed)
    seen = [one for one in looked if isinstance(one, Seen)]
    verdicts = iter(_verdicts(seen, batch, classifier, metrics))
    passed("forward")
    return [Classification(one, next(verdicts)) if isinstance(one, Seen) else one for one in looked]


def _verdicts(
    seen: Sequence[Seen], batch: Batch, classifier: Classifier, metrics: Metrics
) -> Iterable[Verdict]:
    if not seen:
        return ()
    images = Images.of(seen)
    verdicts = classifier.verdicts(images, reject_below=batch.options.reject_below)
    metrics.classified_all(classifier.artifact, verdicts, images.pixels)
    return verdicts


def _look(request_id: str, batch: Batch, classifier: Classifier, passed: Passed) -> list[Seen | Problem]:
    options, allowance = batch.options, PixelAllowance(classifier.limits)

    def read(item: Item) -> bytes:
        picture = item.read()
        allowance.take(picture)
        return picture

    def failed(_: int, error: Exception) -> Problem:
        if not isinstance(error, ServiceError):
            raise error
        return problem_of(error, request_id)

    pictures = (partial(read, item) for item in batch.items)
    return see_all(classifier, pictures, failed, invert=options.invert, center=options.center, passed=passed)


def _tell(
    exchange: Exchange, batch: Batch, classifier: Classifier, outcomes: list[Classification | Problem]
) -> BatchClassified:
    results: list[Named | Refused] = []
    for item, outcome in zip(batch.items, outcomes, strict=True):
        if isinstance(outcome, Classification):
            results.append({"name": item.name, **answer(exchange.id, classifier, outcome, batch.options)})
        else:
            results.append({"name": item.name, "error": outcome})
    metadata = classifier.artifact.metadata
    n_refused = sum("error" in result for result in results)
    exchange.notes.update(model=metadata.name, images=len(results) - n_refused, refused=n_refused)
    return {
        "id": exchange.id,
        "model": metadata.name,
        "model_version": metadata.version,
        "results": results,
    }
