"""Puts the OpenAPI document together: of the routes, of what is said of them, and of the types."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from flask import Flask
from werkzeug.routing import Rule

from service.release import VERSION
from service.web.openapi.answers import Answers
from service.web.openapi.fields import EVERYWHERE, HEADERS, PARAMETERS, PATH, SOMETIMES, Json
from service.web.openapi.history import HISTORY
from service.web.openapi.models import MODELS
from service.web.openapi.pages import PAGES
from service.web.openapi.parts import Operation
from service.web.openapi.pictures import PICTURES
from service.web.openapi.protocols import PROTOCOLS
from service.web.openapi.samples import samples
from service.web.openapi.types import Types

__all__ = ["document"]

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {**PICTURES, **MODELS, **HISTORY, **PROTOCOLS, **PAGES}
)
"""What is said of each view, by its endpoint."""
AUTOMATIC = frozenset({"HEAD", "OPTIONS"})
"""Methods that Flask answers by itself."""
DESCRIPTION = """Reads a handwritten digit in an uploaded picture, and says when there is none.

The output activations are what the last layer's neurons hold. They do not sum to one.

HEAD is answered wherever GET is, and OPTIONS everywhere with the methods that are allowed. Any other path is
answered with 404, and any other method with 405; both are told in the same shape as every failure.
"""
KEYS: Mapping[str, object] = MappingProxyType(
    {
        "bearer": {"type": "http", "scheme": "bearer"},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
)
"""The two ways to send a key."""


def document(app: Flask, locked: frozenset[str]) -> Json:
    """Describe every route of a service.

    Args:
        app: whose routes are described.
        locked: rules that ask for a key.

    Raises:
        KeyError: nothing is said of a view, or of a field that it names.
    """
    types = Types([*_kinds(OPERATIONS.values()), *Answers.KINDS])
    answers = Answers(types)
    paths: dict[str, Json] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        described = _described(app, rule, types, answers, locked=rule.rule in locked)
        paths.setdefault(template(rule), {}).update(dict.fromkeys(methods(rule), described))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Digits",
            "version": VERSION,
            "summary": "Reads handwritten digits.",
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": topic} for topic in dict.fromkeys(each.topic for each in OPERATIONS.values())],
        "paths": paths,
        "components": {
            "schemas": types.schemas,
            "responses": answers.problems,
            "parameters": {name: {"name": name, **said} for name, said in PARAMETERS.items()},
            "headers": {name: _header(name, said) for name, said in HEADERS.items()},
            "securitySchemes": dict(KEYS),
        },
    }


def methods(rule: Rule) -> list[str]:
    """Return the methods that a view answers by itself, as OpenAPI writes them."""
    return sorted(method.lower() for method in (rule.methods or set()) - AUTOMATIC)


def template(rule: Rule) -> str:
    """Return a rule as OpenAPI writes it.

    >>> template(Rule("/v1/models/<name>"))
    '/v1/models/{name}'
    """
    return rule.rule.replace("<", "{").replace(">", "}")


def _kinds(operations: Iterable[Operation]) -> Iterator[object]:
    for operation in operations:
        for media in (*operation.bodies, *(media for each in operation.answers for media in each.media)):
            if media.kind is not None:
                yield media.kind


def _described(app: Flask, rule: Rule, types: Types, answers: Answers, *, locked: bool) -> Json:
    operation = OPERATIONS[rule.endpoint]
    summary = operation.summary or (app.view_functions[rule.endpoint].__doc__ or "").partition("\n")[0]
    described: Json = {
        "operationId": _operation_id(rule),
        "tags": [operation.topic],
        "summary": summary,
        "parameters": [*_parameters(rule, operation)],
        "responses": answers.of(operation, inside=bool(rule.arguments), locked=locked),
        "security": [{scheme: []} for scheme in KEYS] if locked else [{}],
        "x-codeSamples": [*samples(rule.rule, operation)],
    }
    if operation.bodies:
        content = {media.mimetype: types.media(media) for media in operation.bodies}
        described["requestBody"] = {"required": operation.body_required, "content": content}
    return described


def _header(name: str, said: str) -> Json:
    return {"description": said, "required": name not in SOMETIMES, "schema": {"type": "string"}}


def _operation_id(rule: Rule) -> str:
    """Name an operation; a view that serves several rules has several."""
    ending = "_version" if "version" in rule.arguments else ""
    slash = "_slash" if rule.rule != "/" and rule.rule.endswith("/") else ""
    return f"{rule.endpoint.replace('.', '_')}{ending}{slash}"


def _parameters(rule: Rule, operation: Operation) -> Iterator[Json]:
    for name in (name for name in PATH if name in rule.arguments):
        said = {**PATH[name], "example": operation.path.get(name, PATH[name]["example"])}
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, **said}
    for name in (*operation.parameters, *EVERYWHERE):
        yield {"$ref": f"#/components/parameters/{name}"}
