"""Every failure in one shape: RFC 9457 problem details, with the members that V2 clients read beside them."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import orjson
from flask import Blueprint, Flask, Response, current_app
from gunicorn.http import errors as head
from werkzeug.exceptions import BadRequest, MethodNotAllowed, NotFound

from service.errors import (
    CODES,
    BadImageError,
    BadInputError,
    BusyError,
    ImageTooLargeError,
    NotAPngError,
    NotReadyError,
    ServiceError,
    UnknownModelError,
)
from service.web.errors import (
    BodyTooLargeError,
    MissingKeyError,
    OverloadedError,
    RequestError,
    SlowBodyError,
    UnknownNeuronError,
    UnsupportedBodyError,
)
from service.web.exchange import Exchange, this_exchange
from service.web.logs import end_of_traceback
from service.web.schema import Problem

__all__ = [
    "FRONT_KINDS",
    "KINDS",
    "MIMETYPE",
    "Failure",
    "Kind",
    "answer_errors",
    "answer_failure",
    "detail_of",
    "headers_of",
    "kind_of",
    "problem",
    "problem_document",
    "problem_of",
    "problem_response",
]

Row = TypeVar("Row")
MIMETYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1  # after which a large picture has been decoded


class Kind(NamedTuple):
    """How one kind of failure is answered.

    Attributes:
        status: of the answer.
        code: stable, for programs.
        title: the same for every failure of this kind, for people.
    """

    status: HTTPStatus
    code: str
    title: str

    @property
    def anchor(self) -> str:
        """Return the place of this kind on the page of errors."""
        return self.code.replace("_", "-")


OVERLOADED = Kind(HTTPStatus.SERVICE_UNAVAILABLE, CODES[BusyError], "Too many requests")
INTERNAL = Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Internal error")
BAD_HEAD = Kind(HTTPStatus.BAD_REQUEST, "bad_head", "Bad request head")
KINDS: Mapping[type[Exception], Kind] = MappingProxyType(
    {
        BadInputError: Kind(HTTPStatus.BAD_REQUEST, CODES[BadInputError], "Bad input"),
        head.ParseException: BAD_HEAD,
        BadRequest: BAD_HEAD,
        MissingKeyError: Kind(HTTPStatus.UNAUTHORIZED, "missing_key", "Missing or wrong key"),
        UnknownModelError: Kind(HTTPStatus.NOT_FOUND, CODES[UnknownModelError], "Unknown model"),
        UnknownNeuronError: Kind(HTTPStatus.NOT_FOUND, "unknown_neuron", "Unknown neuron"),
        NotFound: Kind(HTTPStatus.NOT_FOUND, "unknown_route", "Unknown route"),
        MethodNotAllowed: Kind(HTTPStatus.METHOD_NOT_ALLOWED, "wrong_method", "Wrong method"),
        SlowBodyError: Kind(HTTPStatus.REQUEST_TIMEOUT, "slow_body", "Body too slow"),
        BodyTooLargeError: Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", "Body too large"),
        ImageTooLargeError: Kind(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, CODES[ImageTooLargeError], "Image too large"
        ),
        head.LimitRequestLine: Kind(HTTPStatus.REQUEST_URI_TOO_LONG, "url_too_long", "URL too long"),
        UnsupportedBodyError: Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_body", "Unsupported body"),
        NotAPngError: Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, CODES[NotAPngError], "Not a PNG"),
        head.ExpectationFailed: Kind(HTTPStatus.EXPECTATION_FAILED, "bad_expectation", "Unknown expectation"),
        BadImageError: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, CODES[BadImageError], "Bad image"),
        head.LimitRequestHeaders: Kind(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large", "Request head too large"
        ),
        Exception: INTERNAL,
        head.UnsupportedTransferCoding: Kind(
            HTTPStatus.NOT_IMPLEMENTED, "unsupported_transfer", "Unsupported transfer coding"
        ),
        OverloadedError: OVERLOADED,
        BusyError: OVERLOADED,
        NotReadyError: Kind(HTTPStatus.SERVICE_UNAVAILABLE, CODES[NotReadyError], "Not ready"),
    }
)
"""How each exception is answered; a class without a row is answered as the nearest one above it."""

FRONT_KINDS = (
    Kind(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", "Too many requests"),
    Kind(HTTPStatus.BAD_GATEWAY, "no_replica", "No replica"),
    Kind(HTTPStatus.GATEWAY_TIMEOUT, "replica_too_slow", "Replica too slow"),
)
"""What a proxy in front answers in our stead, in the same shape: deploy/nginx/problems.conf."""


def _no_such_route(_: BaseException) -> str:
    exchange = this_exchange()
    return f"there is no {exchange.path[:100]!a}; there are {', '.join(_routes(current_app))}"


def _routes(app: Flask) -> list[str]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.methods]
    return [
        f"{' '.join(sorted((rule.methods or set()) - {'HEAD', 'OPTIONS'}))} {rule.rule}" for rule in rules
    ]


def _malformed_head(_: BaseException) -> str:
    return "the request line or a header field is malformed"


def _allowed(error: BaseException) -> str:
    return ", ".join(sorted(getattr(error, "valid_methods", None) or ()))


DETAILS: Mapping[type[Exception], Callable[[BaseException], str]] = MappingProxyType(
    {
        ServiceError: str,
        NotFound: _no_such_route,
        MethodNotAllowed: lambda error: f"this route answers to {_allowed(error)} alone",
        head.LimitRequestLine: lambda _: (
            "the request line has more characters than are read; shorten the URL"
        ),
        head.LimitRequestHeaders: lambda _: "the request has more or longer header fields than are read",
        head.UnsupportedTransferCoding: lambda _: "the only Transfer-Encoding that is read is chunked",
        head.ExpectationFailed: lambda _: "the only expectation that is met is 100-continue",
        head.ParseException: _malformed_head,
        BadRequest: _malformed_head,
        Exception: lambda _: "something went wrong in here; the log has it under this id",
    }
)
"""What is said of each exception; no message of a library leaves the process."""


def _row(table: Mapping[type[Exception], Row], error: BaseException) -> Row:
    return next((table[cls] for cls in type(error).__mro__ if cls in table), table[Exception])


def kind_of(error: BaseException) -> Kind:
    """Look up how an exception is answered, along its classes."""
    return _row(KINDS, error)


def detail_of(error: BaseException) -> str:
    """Say to a client what went wrong, and what to do."""
    silent = kind_of(error) is INTERNAL  # whatever it is that we did not foresee
    return DETAILS[Exception](error) if silent else _row(DETAILS, error)(error)


def headers_of(error: BaseException) -> Mapping[str, str]:
    """Return the header fields that the answer to an exception has beside those of every answer."""
    if isinstance(error, MethodNotAllowed):
        return {"Allow": _allowed(error)}
    if isinstance(error, BusyError):
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return error.headers if isinstance(error, RequestError) else {}


def problem(kind: Kind, detail: str, request_id: str, **members: object) -> bytes:
    """Write a problem document.

    Args:
        kind: of failure.
        detail: what went wrong this time, and what to do.
        request_id: as in X-Request-ID.
        members: further ones, which the shape allows.
    """
    document = {**problem_document(kind, detail, request_id), **members}
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def problem_of(error: BaseException, request_id: str) -> Problem:
    """Say what went wrong with one part of a request, of which others may have gone well."""
    return problem_document(kind_of(error), detail_of(error), request_id)


def problem_document(kind: Kind, detail: str, request_id: str) -> Problem:
    """Put a problem document together."""
    return {
        "type": f"/errors#{kind.anchor}",
        "title": kind.title,
        "status": kind.status.value,
        "detail": detail,
        "error": detail,
        "code": kind.code,
        "id": request_id,
    }


def problem_response(error: Exception, **members: object) -> Response:
    """Answer with a problem document, and note the error for the log."""
    status, fields, body = answer_failure(this_exchange(), error, **members)
    return Response(body, status, fields)


class Failure(NamedTuple):
    """The answer to a request that failed: its status, its header fields and the problem document."""

    status: HTTPStatus
    fields: Mapping[str, str]
    body: bytes


def answer_failure(exchange: Exchange, error: Exception, **members: object) -> Failure:
    """Put a failure into words for the client, and note it for the log."""
    kind = kind_of(error)
    exchange.notes["code"] = kind.code
    if kind is INTERNAL:
        exchange.notes["traceback"] = end_of_traceback(error)
    body = problem(kind, detail_of(error), exchange.id, **members)
    return Failure(kind.status, {"Content-Type": MIMETYPE, **headers_of(error)}, body)


def answer_errors(app: Flask) -> None:
    """Answer every exception of every route with a problem document; GET /errors explains them."""
    app.register_error_handler(Exception, problem_response)
    app.register_blueprint(_page())


def _page() -> Blueprint:
    routes = Blueprint("errors", __name__)
    items = "".join(
        f'<dt id="{kind.anchor}"><code>{kind.code}</code><dd>{kind.status.value} {kind.title}\n'
        for kind in dict.fromkeys((*KINDS.values(), *FRONT_KINDS))
    )
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Errors</title>\n<dl>\n{items}</dl>\n'

    @routes.get("/errors")
    def explain_errors() -> str:
        """List every kind of failure, each at the place that its problem documents name as their type."""
        return page

    return routes
