"""What is said of one route: what it takes, what it answers, and its failures beside those of all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

__all__ = ["ID", "Answer", "Media", "Operation", "in_json"]

ID = "01M7YV0GNKCB2FJJFNX2BEBVPB"
"""Of a request, in examples."""


@dataclass(frozen=True, slots=True, eq=False)
class Media:
    """One form of a body, sent or answered.

    Attributes:
        mimetype: as in Content-Type.
        kind: a type of which pydantic makes JSON Schema; None for text and bytes.
        example: a body as JSON holds it; None where it is text or bytes.
        curl: how curl sends such a body, where that is not by its example.
    """

    mimetype: str
    kind: object = None
    example: object = None
    curl: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One status that a route answers with, failures left out.

    Attributes:
        description: a sentence.
        media: the forms of its body, of which the request chooses; empty for no body.
        status: HTTP's.
        headers: names from service.web.openapi.fields, beside those of every answer.
        links: what may be asked next, as OpenAPI writes it.
    """

    description: str
    media: tuple[Media, ...] = ()
    status: HTTPStatus = HTTPStatus.OK
    headers: tuple[str, ...] = ()
    links: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """What is said of one view; its docstring is its summary.

    Attributes:
        topic: under which it is found.
        answers: those that are no failures.
        path: examples of what stands in its path, where those of service.web.openapi.fields are not there.
        parameters: names from service.web.openapi.fields, beside those in the path and those of every route.
        bodies: the forms in which its body may be sent; empty where it reads none.
        body_required: false where a request without a body is understood.
        problems: codes from service.web.problems, beside those of every route.
        pages: true where a failure is told in HTML.
        summary: for a view without a docstring.
    """

    topic: str
    answers: tuple[Answer, ...]
    path: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    bodies: tuple[Media, ...] = ()
    body_required: bool = True
    problems: tuple[str, ...] = ()
    pages: bool = False
    summary: str = ""


def in_json(topic: str, description: str, kind: object, example: object, *problems: str) -> Operation:
    """Say of a route that reads nothing and answers in JSON what it answers."""
    media = Media("application/json", kind, example)
    return Operation(topic=topic, answers=(Answer(description, (media,)),), problems=problems)
