"""The trace that a request belongs to, as W3C Trace Context tells it: https://www.w3.org/TR/trace-context/."""

import re
from typing import NamedTuple

__all__ = ["Trace", "parse_trace"]

TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?"
)
KNOWN_VERSION, NO_VERSION = "00", "ff"


class Trace(NamedTuple):
    """Where a request stands among those that belong together.

    Attributes:
        trace_id: 32 hexadecimal digits that all of them share.
        traceparent: the header field, as it was sent.
    """

    trace_id: str
    traceparent: str


def parse_trace(sent: str | None) -> Trace | None:
    """Read a traceparent; None where there is none, or one that must be ignored.

    >>> parse_trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").trace_id
    '0af7651916cd43dd8448eb211c80319c'
    """
    found = TRACEPARENT.fullmatch(sent) if sent is not None else None
    if sent is None or found is None or found["version"] == NO_VERSION:
        return None
    if found["version"] == KNOWN_VERSION and found["more"]:  # later versions may say more
        return None
    if not (found["trace"].strip("0") and found["parent"].strip("0")):
        return None
    return Trace(found["trace"], sent)
