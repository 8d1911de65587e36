"""POST /v1/feedback: what an answer should have been, counted and forgotten."""

from http import HTTPStatus
from typing import Annotated, Literal, TypeAlias

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.artifacts import Artifact
from service.errors import BadInputError
from service.web.bodies import read_body, unsupported
from service.web.exchange import Exchange, this_exchange
from service.web.metrics import REJECTED, Metrics
from service.web.state import State

__all__ = ["Feedback", "feedback_routes"]

MAX_BYTES = 4096
HINT = 'send {"digit": 3, "label": 5, "model": "plain"}, with null for the digit of a rejected picture'
Answer: TypeAlias = Annotated[int, Field(ge=0)] | Annotated[str, Field(max_length=64)]


class Feedback(BaseModel):
    """What was answered, and what it should have been.

    Attributes:
        digit: the answer, or None where the picture was rejected.
        label: what the picture shows.
        model: "name" or "name@version", as in the answer; None is the default model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    digit: Answer | None
    label: Answer
    model: str | None = None


def feedback_routes(state: State, metrics: Metrics) -> Blueprint:
    """Serve those who tell the service whether it was right."""
    routes = Blueprint("feedback", __name__, url_prefix="/v1")
    max_seconds = state.settings.timeout_seconds

    @routes.post("/feedback")
    def feedback() -> ResponseReturnValue:
        """Count an answer with what it should have been; nothing else of it is kept."""
        told = _read(this_exchange(), max_seconds)
        artifact = state.current.classifier(told.model).artifact
        answer = REJECTED if told.digit is None else _label(told.digit, artifact, "digit")
        metrics.judged(artifact, answer, _label(told.label, artifact, "label"))
        return _nothing()

    return routes


def _nothing() -> Response:
    response = Response(status=HTTPStatus.NO_CONTENT)
    del response.headers["Content-Type"]
    return response


def _read(exchange: Exchange, max_seconds: float) -> Feedback:
    if not exchange.is_json:
        raise unsupported(exchange, ["application/json"], HINT)
    body = read_body(exchange, MAX_BYTES, max_seconds, HINT)
    try:
        return Feedback.model_validate_json(body)
    except ValidationError as error:
        place = error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
        what = ascii(str(place[0])[:40]) if place else "the body"
        raise BadInputError(f"{what} is missing or cannot be understood; {HINT}") from error


def _label(sent: int | str, artifact: Artifact, member: Literal["digit", "label"]) -> str:
    labels = artifact.metadata.labels
    if str(sent) not in labels:
        raise BadInputError(f"{member} {str(sent)[:60]!a} is none of this model's; send {', '.join(labels)}")
    return str(sent)
