"""What every answer gets, whatever it is: header fields, a count, a line in the log."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from logging import ERROR, INFO
from time import perf_counter
from types import MappingProxyType

from flask import Response
from structlog.typing import FilteringBoundLogger

from service.web.exchange import Exchange, this_exchange
from service.web.health import PROBES
from service.web.logs import printable
from service.web.metrics import Metrics

__all__ = ["HEADERS", "finisher"]

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
)
"""Set on every answer that does not set them itself."""


def finisher(metrics: Metrics, log: FilteringBoundLogger) -> Callable[[Response], Response]:
    """Return what completes each answer."""

    def finish(response: Response) -> Response:
        exchange = this_exchange()
        seconds = perf_counter() - exchange.started
        response.headers.extend(_headers(exchange, response, seconds))
        metrics.answered(exchange.route, exchange.method, response.status_code, seconds)
        if exchange.route not in PROBES:
            level = ERROR if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else INFO
            log.log(level, "request", **_fields(exchange, response, seconds))
        return response

    return finish


def _headers(exchange: Exchange, response: Response, seconds: float) -> list[tuple[str, str]]:
    own = {name for name, _ in response.headers}
    missing = [field for field in HEADERS.items() if field[0] not in own]
    told = [("X-Request-ID", exchange.id), ("Server-Timing", _timing(exchange, seconds)), *missing]
    return told if exchange.trace is None else [*told, ("traceparent", exchange.trace.traceparent)]


def _timing(exchange: Exchange, seconds: float) -> str:
    stages = exchange.stopwatch.seconds if exchange.stopwatch else {}
    return ", ".join(
        f"{stage};dur={1000 * taken:.3f}" for stage, taken in (stages | {"total": seconds}).items()
    )


def _fields(exchange: Exchange, response: Response, seconds: float) -> dict[str, object]:
    trace = {} if exchange.trace is None else {"trace_id": exchange.trace.trace_id}
    return {
        "id": exchange.id,
        **trace,
        "method": printable(exchange.method, 16),
        "route": exchange.route,
        "path": printable(exchange.path, 200),
        "status": response.status_code,
        "bytes_in": exchange.bytes_in,
        "bytes_out": response.calculate_content_length(),
        "seconds": round(seconds, 6),
        **exchange.notes,
    }
