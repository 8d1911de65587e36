"""What is answered to a request that no route sees: one that gunicorn refuses, or that is turned away unread.

Its answer looks like every other: the client finds its own id and trace in it.
"""

import re
from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from service.web.direct import STATUS_LINES
from service.web.finish import HEADERS
from service.web.heads import END_OF_HEAD, written
from service.web.ids import accept_id
from service.web.problems import MIMETYPE, detail_of, headers_of, kind_of, problem
from service.web.traceparent import Trace, parse_trace

if TYPE_CHECKING:
    from gunicorn.http import Request

__all__ = ["Asked", "asked_by", "asked_in", "refusal"]

FIELD = re.compile(r"\r\n(x-request-id|traceparent):([^\r\n]*)(?=\r\n)", re.IGNORECASE)  # in linear time


class Asked(NamedTuple):
    """What is known of a request that no route sees.

    Attributes:
        method: empty where it is not known.
        id: the client's, where it names one.
        trace: that it belongs to; None where the client names none.
        since: when it was looked at, in seconds on the clock of performance.
    """

    method: str
    id: str
    trace: Trace | None
    since: float


def asked_by(request: "Request | None") -> Asked:
    """Read what gunicorn knows of a request; None where it could not make sense of it."""
    return _asked("", ()) if request is None else _asked(request.method or "", request.headers)


def asked_in(received: bytes) -> Asked:
    """Read the beginning of a request that nobody has read."""
    head = received.partition(END_OF_HEAD)[0].decode("latin-1")
    fields = [(name, value.strip(" \t")) for name, value in FIELD.findall(f"{head}\r\n")]
    return _asked(head.partition(" ")[0], fields)


def _asked(method: str, fields: Iterable[tuple[str, str]]) -> Asked:
    told: dict[str, list[str]] = {}
    for name, value in fields:
        told.setdefault(name.lower(), []).append(value)
    sent = {name: ",".join(values) for name, values in told.items()}  # as WSGI has them
    return Asked(
        method, accept_id(sent.get("x-request-id")), parse_trace(sent.get("traceparent")), perf_counter()
    )


def refusal(error: BaseException, asked: Asked) -> bytes:
    """Write the whole of the answer to a request that failed, after which the connection is closed."""
    kind = kind_of(error)
    body = problem(kind, detail_of(error), asked.id)
    fields = {
        "Content-Type": MIMETYPE,
        "Content-Length": str(len(body)),
        "X-Request-ID": asked.id,
        "Server-Timing": f"total;dur={1000 * (perf_counter() - asked.since):.3f}",
        **HEADERS,
        **headers_of(error),
    }
    if asked.trace is not None:
        fields["traceparent"] = asked.trace.traceparent
    sent = b"" if asked.method == "HEAD" else body
    return written(STATUS_LINES[kind.status], fields.items(), sent, keep=False)
