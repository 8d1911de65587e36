"""POST /v1/classify: one picture in, the activations and what they say out."""

from collections.abc import Callable
from typing import TypeAlias

from flask import Blueprint
from flask.typing import ResponseReturnValue

from service.web.answers import answer
from service.web.exchange import Exchange, this_exchange
from service.web.heads import CLASSIFY
from service.web.metrics import Metrics
from service.web.schema import Classified
from service.web.state import State
from service.web.uploads import read_upload

__all__ = ["Classify", "classify_routes", "classifying"]

Classify: TypeAlias = Callable[[Exchange], Classified]


def classifying(state: State, metrics: Metrics) -> Classify:
    """Return what classifies the picture in a request."""
    max_body_bytes, max_seconds = state.settings.max_body_bytes, state.settings.timeout_seconds

    def classify(exchange: Exchange) -> Classified:
        upload = read_upload(exchange, max_body_bytes, max_seconds)
        classifier = state.current.classifier(upload.options.model)
        classification = upload.classified_by(classifier, exchange.start_stopwatch().passed)
        metrics.classified(classifier.artifact, classification)
        told = answer(exchange.id, classifier, classification, upload.options)
        found = told.get("digit", told.get("label"))
        exchange.notes.update(model=told["model"], digit=found, reason=told["reason"])
        return told

    return classify


def classify_routes(view: Classify) -> Blueprint:
    """Serve classifications."""
    routes = Blueprint("classify", __name__)

    @routes.post(CLASSIFY)
    def classify() -> ResponseReturnValue:
        """Read the digit in one picture."""
        return view(this_exchange())

    return routes
