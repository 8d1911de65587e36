"""GET /openapi.json and /docs: what every route takes and answers, for programs and for people."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import orjson
from flask import Blueprint, Response, current_app, render_template
from flask.typing import ResponseReturnValue

from service.web.files import serving
from service.web.openapi import document
from service.web.openapi.fields import Json
from service.web.state import State

__all__ = ["DOCUMENTS", "documents_routes"]

STYLE = Path(__file__).with_name("static") / "docs.css"
DOCUMENTS = frozenset({"/openapi.json", "/docs", "/docs.css"})
"""Routes that need no key: whoever is to send one reads here how."""
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"


def documents_routes(state: State, free: frozenset[str]) -> Blueprint:
    """Serve the documents.

    Args:
        state: says whether keys are asked for.
        free: rules that need none.
    """
    routes = Blueprint("documents", __name__, template_folder="templates")
    style = serving(STYLE.read_bytes(), "text/css; charset=utf-8", POLICY)

    @cache
    def described(locked: bool) -> Json:  # noqa: FBT001  # the key of the cache
        rules = frozenset(rule.rule for rule in current_app.url_map.iter_rules()) if locked else frozenset()
        return document(current_app, rules - free)

    @cache
    def as_json(locked: bool) -> Callable[[], Response]:  # noqa: FBT001  # the key of the cache
        content = orjson.dumps(described(locked), option=orjson.OPT_APPEND_NEWLINE)
        return serving(content, "application/json", POLICY)

    @cache
    def as_page(locked: bool) -> Callable[[], Response]:  # noqa: FBT001  # the key of the cache
        content = render_template("docs.html", api=described(locked)).encode()
        return serving(content, "text/html; charset=utf-8", POLICY)

    @routes.get("/openapi.json")
    def openapi() -> ResponseReturnValue:
        """Describe every route to programs, as OpenAPI 3.1."""
        return as_json(state.keys is not None)()

    @routes.get("/docs")
    def docs() -> ResponseReturnValue:
        """Describe every route to people, with commands to try."""
        return as_page(state.keys is not None)()

    @routes.get("/docs.css")
    def docs_css() -> ResponseReturnValue:
        """Serve the style of the page that describes the routes."""
        return style()

    return routes
