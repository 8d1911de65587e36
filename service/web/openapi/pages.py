"""What is said of the probes, the metrics and the pages."""

from collections.abc import Mapping
from types import MappingProxyType

from service.web.openapi.models import WHICH, kept
from service.web.openapi.parts import Answer, Media, Operation, in_json
from service.web.openapi.schema import Alive, Healthy, Live, Ready

__all__ = ["PAGES"]

PROBES, TOPIC = "Health", "Pages"
HEALTHY: Mapping[str, object] = MappingProxyType(
    {
        "ready": True,
        "version": "0.1.0",
        "models": [dict(WHICH)],
        "uptime_seconds": 12.5,
        "reload_failures": {},
    }
)


def _file(mimetype: str, summary: str = "", kind: object = None, example: object = None) -> Operation:
    return Operation(
        topic=TOPIC,
        parameters=("If-None-Match",),
        answers=kept("The file.", Media(mimetype, kind, example)),
        summary=summary,
    )


PAGES: Mapping[str, Operation] = MappingProxyType(
    {
        "health.live": in_json(PROBES, "The process can answer.", Live, {"live": True}),
        "health.ready": in_json(
            PROBES, "Classifications may be sent here.", Ready, {"ready": True}, "not_ready"
        ),
        "health.health": in_json(PROBES, "What is served.", Healthy, dict(HEALTHY), "not_ready"),
        "metrics.metrics": Operation(
            topic=PROBES,
            answers=(
                Answer(
                    "What all processes counted.",
                    (Media("text/plain"), Media("application/openmetrics-text")),
                ),
            ),
        ),
        "page.page": Operation(
            topic=TOPIC,
            parameters=("If-None-Match",),
            answers=kept(
                "The page, for whoever accepts text/html by name; for others a sign of life.",
                (Media("text/html"), Media("application/json", Alive, {"status": "alive"})),
            ),
            summary="Draw a digit, and watch the neurons.",
        ),
        "page.page_css": _file("text/css", "Serve the page's style."),
        "page.page_js": _file("text/javascript", "Serve the page's script."),
        "page.favicon_svg": _file("image/svg+xml", "Serve the page's sign."),
        "page.favicon_ico": _file("image/svg+xml", "Serve the same to browsers that ask for it unasked."),
        "errors.explain_errors": Operation(
            topic=TOPIC, answers=(Answer("The kinds of failures.", (Media("text/html"),)),)
        ),
        "documents.openapi": _file(
            "application/json",
            kind=dict[str, object],
            example={"openapi": "3.1.0", "info": {"title": "Digits", "version": "0.1.0"}, "paths": {}},
        ),
        "documents.docs": _file("text/html"),
        "documents.docs_css": _file("text/css"),
    }
)
"""By the view's endpoint."""
