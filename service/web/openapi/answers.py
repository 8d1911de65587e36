"""What a route may answer: what it says of itself, and the failures, which have one shape."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import groupby
from types import MappingProxyType

from service.web.openapi.fields import ON_EVERY_ANSWER, Json
from service.web.openapi.parts import ID, Answer, Operation
from service.web.openapi.schema import Unready
from service.web.openapi.types import Types
from service.web.problems import KINDS, MIMETYPE, Kind, problem_document
from service.web.schema import Problem

__all__ = ["Answers"]

BY_CODE: Mapping[str, Kind] = MappingProxyType({kind.code: kind for kind in KINDS.values()})
OF_ALL = (
    "bad_head",
    "url_too_long",
    "bad_expectation",
    "head_too_large",
    "internal_error",
    "unsupported_transfer",
    "overloaded",
)
"""Failures of every route: of the head, of the service itself, and of there being too many requests."""
OF_PATHS = ("unknown_route", "wrong_method")
"""Failures of routes with a part to fill in, as what is filled in may make it the path of another."""
FIELDS: Mapping[HTTPStatus, str] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
        HTTPStatus.METHOD_NOT_ALLOWED: "Allow",
        HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
    }
)
"""Header fields that answers of a status have beside those of every answer."""


class Answers:
    """The answers of a document.

    Attributes:
        problems: what routes refer to, by the codes of the failures.
    """

    KINDS = (Problem, Unready)

    def __init__(self, types: Types) -> None:
        self._types = types
        self.problems: dict[str, Json] = {}
        types.schemas["Problem"]["properties"]["code"]["enum"] = sorted(BY_CODE)

    def of(self, operation: Operation, *, inside: bool, locked: bool) -> Json:
        """Describe the answers of an operation.

        Args:
            operation: of a route.
            inside: true where its path has a part to fill in.
            locked: true where it asks for a key.
        """
        told: Json = {str(answer.status.value): self._told(answer) for answer in operation.answers}
        codes = {*OF_ALL, *operation.problems, *(OF_PATHS if inside else ())}
        if locked:
            codes.add("missing_key")
        kinds = sorted((BY_CODE[code] for code in codes), key=lambda kind: (kind.status, kind.code))
        for status, group in groupby(kinds, key=lambda kind: kind.status):
            told[str(status.value)] = {"$ref": self._refer([*group], pages=operation.pages)}
        return told

    def _told(self, answer: Answer) -> Json:
        described: Json = {
            "description": answer.description,
            "headers": _headers((*ON_EVERY_ANSWER, *answer.headers)),
        }
        if answer.media:
            described["content"] = {media.mimetype: self._types.media(media) for media in answer.media}
        if answer.links:
            described["links"] = dict(answer.links)
        return described

    def _refer(self, kinds: list[Kind], *, pages: bool) -> str:
        """Describe failures of one status, once, and return where that is done."""
        name = "-or-".join(kind.code for kind in kinds) + ("-as-page" if pages else "")
        if name not in self.problems:
            self.problems[name] = self._problem(kinds, pages=pages)
        return f"#/components/responses/{name}"

    def _problem(self, kinds: list[Kind], *, pages: bool) -> Json:
        status, codes = kinds[0].status, [kind.code for kind in kinds]
        shapes = (Unready, Problem) if "not_ready" in codes else (Problem,)
        said = {"status": {"const": status.value}, "code": {"enum": codes}}
        content: Json = {
            MIMETYPE: {
                "schema": {"anyOf": [*map(self._types.of, shapes)], "properties": said},
                "examples": {kind.code: {"value": _example(kind)} for kind in kinds},
            }
        }
        if pages:
            content["text/html"] = {}
        own = (FIELDS[status],) if status in FIELDS else ()
        return {
            "description": "; or ".join(kind.title for kind in kinds),
            "headers": _headers((*ON_EVERY_ANSWER, *own)),
            "content": content,
        }


def _headers(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _example(kind: Kind) -> Problem:
    return problem_document(kind, f"{kind.title.lower()}: what exactly, and what to do", ID)
