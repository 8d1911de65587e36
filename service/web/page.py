"""GET /: the page where one draws a digit, and an answer for those who upload one without JavaScript."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from service.artifacts.format import DIGITS
from service.errors import ServiceError
from service.verdict import Reason
from service.web.classify import Classify
from service.web.exchange import Exchange, this_exchange
from service.web.files import serving
from service.web.problems import answer_failure, detail_of
from service.web.schema import Classified

__all__ = ["PAGE", "page_routes"]

FOLDER = Path(__file__).with_name("static")
POLICY: Mapping[str, str] = MappingProxyType(
    {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",  # what a network read comes as data:, what needs a key as blob:
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
)
"""Where anything on the page may come from: this service alone."""
SECURITY = "; ".join(f"{name} {sources}" for name, sources in POLICY.items())
HEADERS = {"Content-Security-Policy": SECURITY}
HTML = "text/html; charset=utf-8"
FILES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "/": ("page.html", HTML),
        "/page.css": ("page.css", "text/css; charset=utf-8"),
        "/page.js": ("page.js", "text/javascript; charset=utf-8"),
        "/favicon.svg": ("favicon.svg", "image/svg+xml"),
        "/favicon.ico": ("favicon.svg", "image/svg+xml"),  # asked for on behalf of pages that name none
    }
)
"""Each path of the page, with the file that is served there and what it is."""
ALIVE = b'{"status":"alive"}'
"""What KServe's V1 clients ask for at /."""
PAGE = frozenset(FILES)
"""Routes that need no key: a browser can send one only when the page has asked for it."""
REASONS: Mapping[str, str] = MappingProxyType(
    {
        Reason.BLANK: "There is nothing in the picture.",
        Reason.SEVERAL: "There is more than one thing in the picture.",
        Reason.WEAK: "No neuron reached the threshold.",
        Reason.AMBIGUOUS: "Two neurons reached the threshold.",
    }
)


def page_routes(classify: Classify) -> Blueprint:
    """Serve the page, what it consists of, and the answer to its plain form."""
    routes = Blueprint("page", __name__, template_folder="templates")
    views = {
        path: serving((FOLDER / name).read_bytes(), kind, SECURITY) for path, (name, kind) in FILES.items()
    }
    views["/"] = _for_browsers(views["/"], serving(ALIVE, "application/json", SECURITY))
    for path, view in views.items():
        routes.add_url_rule(path, path.strip("/").replace(".", "_") or "page", view)

    @routes.post("/read")
    def read() -> ResponseReturnValue:
        """Read the digit in a form's picture, and say so in HTML."""
        exchange = this_exchange()
        try:
            found = _shown(classify(exchange))
        except ServiceError as error:
            status, fields, _ = answer_failure(exchange, error)
            page = render_template("answer.html", failure=detail_of(error))
            return Response(page, status, {**fields, **HEADERS, "Content-Type": HTML})
        return Response(render_template("answer.html", **found), headers=HEADERS)

    return routes


def _for_browsers(page: Callable[[], Response], otherwise: Callable[[], Response]) -> Callable[[], Response]:
    """Serve the page to whoever names HTML; a program that takes anything is a client of KServe's V1."""

    def serve() -> Response:
        response = page() if _names_html(this_exchange()) else otherwise()
        response.vary.add("Accept")
        return response

    return serve


def _names_html(exchange: Exchange) -> bool:
    accepted = exchange.accept_mimetypes
    return any(quality > 0 and kind.lower().startswith("text/html") for kind, quality in accepted)


def _shown(classified: Classified) -> dict[str, object]:
    """Return what the template shows of a classification."""
    labels = classified.get("labels", DIGITS)
    return {
        "model": classified["model"],
        "answer": None if classified["rejected"] else labels[classified["argmax"]],
        "reason": classified["reason"] and REASONS[classified["reason"]],
        "activations": list(zip(labels, classified["activations"].tolist(), strict=True)),
    }
