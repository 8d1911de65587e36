"""What every answer gets, whatever it is: header fields, a count, a line in the log."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from logging import ERROR, INFO
from time import perf_counter
from types import MappingProxyType
from typing import TypeAlias

from flask import Response
from structlog.typing import FilteringBoundLogger

from service.web.exchange import Exchange, this_exchange
from service.web.health import PROBES
from service.web.logs import printable
from service.web.metrics import Metrics

__all__ = ["HEADERS", "Complete", "Fields", "completer", "finish"]

Fields: TypeAlias = Iterable[tuple[str, str]]
Complete: TypeAlias = Callable[[Exchange, int, Fields, int | None], Fields]
"""Takes a request, the status, header fields and length of its answer; returns further header fields."""

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

TOLD_OF_PROBES = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.INTERNAL_SERVER_ERROR})
"""How a probe is answered that leaves a line in the log, as others do always."""


def completer(metrics: Metrics, log: FilteringBoundLogger) -> Complete:
    """Return what counts and logs a request, and tells what its answer carries besides."""

    def complete(exchange: Exchange, status: int, fields: Fields, n_bytes: int | None) -> Fields:
        seconds = perf_counter() - exchange.started
        metrics.answered(exchange.route, exchange.method, status, seconds)
        if exchange.route not in PROBES or status in TOLD_OF_PROBES:
            level = ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else INFO
            log.log(level, "request", **_line(exchange, status, n_bytes, seconds))
        return _further(exchange, fields, seconds)

    return complete


def finish(complete: Complete) -> Callable[[Response], Response]:
    """Return what completes the answers that Flask makes."""

    def completed(response: Response) -> Response:
        length = response.calculate_content_length()
        response.headers.extend(complete(this_exchange(), response.status_code, response.headers, length))
        return response

    return completed


def _further(exchange: Exchange, fields: Fields, seconds: float) -> list[tuple[str, str]]:
    missing = _missing(frozenset(name for name, _ in fields))
    told = [("X-Request-ID", exchange.id), ("Server-Timing", _timing(exchange, seconds)), *missing]
    return told if exchange.trace is None else [*told, ("traceparent", exchange.trace.traceparent)]


@lru_cache(maxsize=64)
def _missing(own: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return those of HEADERS that an answer with these fields does not set itself."""
    return tuple(field for field in HEADERS.items() if field[0] not in own)


def _timing(exchange: Exchange, seconds: float) -> str:
    stages = exchange.stopwatch.seconds if exchange.stopwatch else {}
    return ", ".join(
        f"{stage};dur={1000 * taken:.3f}" for stage, taken in (stages | {"total": seconds}).items()
    )


def _line(exchange: Exchange, status: int, n_bytes: int | None, seconds: float) -> dict[str, object]:
    trace = {} if exchange.trace is None else {"trace_id": exchange.trace.trace_id}
    return {
        "id": exchange.id,
        **trace,
        "method": printable(exchange.method, 16),
        "route": exchange.route,
        "path": printable(exchange.path, 200),
        "status": status,
        "bytes_in": exchange.bytes_in,
        "bytes_out": 0 if exchange.method == "HEAD" else n_bytes,  # a length alone is told
        "seconds": round(seconds, 6),
        **exchange.notes,
    }
