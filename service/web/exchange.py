"""One request and what is to be told of it when it has been answered."""

from collections.abc import Mapping
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from flask import Request
from flask.globals import request_ctx

from service.web.ids import accept_id
from service.web.traceparent import Trace, parse_trace

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from service.web.ahead import Foreseen

__all__ = ["Exchange", "Stopwatch", "this_exchange"]

NOTHING: Mapping[str, float] = MappingProxyType({})


class Stopwatch:
    """Takes the time of each stage of classifying; it runs from the moment it is made.

    Attributes:
        seconds: by stage, in the order in which they first passed; of many pictures in all.
    """

    __slots__ = ("_last", "seconds")

    def __init__(self, seconds: Mapping[str, float] = NOTHING) -> None:
        """Begin with what stages have taken before."""
        self.seconds = dict(seconds)
        self._last = perf_counter()

    def passed(self, stage: str) -> None:
        """Note that a stage has ended now."""
        now = perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0) + (now - self._last)
        self._last = now


class Exchange(Request):
    """Is a request that knows its id, when it began, and what its log line shall say.

    Attributes:
        id: as in X-Request-ID.
        trace: that it belongs to; None where the client names none.
        foreseen: what its picture was found to hold before; None where nobody looked.
        started: seconds on the monotonic clock.
        bytes_in: length of the body that was read.
        notes: further fields of the log line.
        stopwatch: the stages of a classification; None where nothing was classified.
    """

    id: str
    trace: Trace | None
    foreseen: "Foreseen | None"
    started: float
    bytes_in: int
    notes: dict[str, object]
    stopwatch: Stopwatch | None

    def __init__(self, environ: "WSGIEnvironment", **options: bool) -> None:
        self.foreseen = getattr(environ.get("gunicorn.socket"), "foreseen", None)
        self._before = self.foreseen.seconds if self.foreseen else NOTHING  # by stage, what that took
        self.started = perf_counter() - sum(self._before.values())
        super().__init__(environ, **options)
        self.id = accept_id(environ.get("HTTP_X_REQUEST_ID"))
        self.trace = parse_trace(environ.get("HTTP_TRACEPARENT"))
        self.bytes_in = 0
        self.notes = {}
        self.stopwatch = None

    def start_stopwatch(self) -> Stopwatch:
        """Begin to take the time of a classification's stages."""
        self.stopwatch = Stopwatch(self._before)
        return self.stopwatch

    @property
    def route(self) -> str | None:
        """Return the rule that matched, as "/v1/models/<name>"; None where none did."""
        return self.url_rule.rule if self.url_rule is not None else None


def this_exchange() -> Exchange:
    """Return the request that is being answered."""
    return cast("Exchange", request_ctx.request)
