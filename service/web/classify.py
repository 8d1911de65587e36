"""POST /v1/classify: one picture in, the activations and what they say out."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from service.web.answers import answer
from service.web.exchange import this_exchange
from service.web.metrics import Metrics
from service.web.state import State
from service.web.uploads import read_upload

__all__ = ["classify_routes"]


def classify_routes(state: State, metrics: Metrics) -> Blueprint:
    """Serve classifications."""
    routes = Blueprint("classify", __name__, url_prefix="/v1")
    max_body_bytes, max_seconds = state.settings.max_body_bytes, state.settings.timeout_seconds

    @routes.post("/classify")
    def classify() -> ResponseReturnValue:
        """Read the digit in one picture."""
        exchange = this_exchange()
        upload = read_upload(exchange, max_body_bytes, max_seconds)
        classifier = state.current.classifier(upload.options.model)
        classification = upload.classified_by(classifier, exchange.start_stopwatch().passed)
        metrics.classified(classifier.artifact, classification)
        told = answer(exchange.id, classifier, classification, upload.options)
        found = told.get("digit", told.get("label"))
        exchange.notes.update(model=told["model"], digit=found, reason=told["reason"])
        return told

    return routes
