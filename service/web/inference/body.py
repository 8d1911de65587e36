"""The body of an inference request: read whatever its Content-Type says, and inflated within the limit."""

import zlib
from collections.abc import Mapping
from types import MappingProxyType

from service.errors import BadInputError
from service.web.bodies import read_sent, too_large
from service.web.errors import UnsupportedBodyError
from service.web.exchange import Exchange

__all__ = ["read_inflated"]

WINDOWS: Mapping[str, int] = MappingProxyType({"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS})
"""How zlib reads each Content-Encoding: gzip (RFC 1952), and deflate in the zlib format (RFC 9110)."""


def read_inflated(exchange: Exchange, max_body_bytes: int, max_seconds: float) -> bytes:
    """Read the whole body, and inflate it where it is compressed.

    Args:
        exchange: whose body it is.
        max_body_bytes: what is over the limit is neither read nor inflated.
        max_seconds: after which the server stops to wait for the rest.

    Raises:
        UnsupportedBodyError: it is compressed in another way than gzip or deflate.
        BodyTooLargeError: it is longer than the limit, as sent or once inflated.
        SlowBodyError: it took too long to arrive.
        BadInputError: it ended early, or is not compressed as it says.
    """
    encoding = exchange.environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if encoding != "identity" and encoding not in WINDOWS:
        raise UnsupportedBodyError(
            f"Content-Encoding {encoding[:40]!a} is not read; send {', '.join(WINDOWS)} or the body as it is",
            {"Accept-Encoding": ", ".join([*WINDOWS, "identity"])},
        )
    body = read_sent(exchange, max_body_bytes, max_seconds)
    return body if encoding == "identity" else _inflate(body, encoding, max_body_bytes)


def _inflate(body: bytes, encoding: str, max_body_bytes: int) -> bytes:
    stream = zlib.decompressobj(WINDOWS[encoding])
    try:
        inflated = stream.decompress(body, max_body_bytes + 1)
    except zlib.error as error:
        raise _not_as_it_says(encoding) from error
    if len(inflated) > max_body_bytes:
        raise too_large(max_body_bytes)
    if not stream.eof or stream.unused_data:
        raise _not_as_it_says(encoding)
    return inflated


def _not_as_it_says(encoding: str) -> BadInputError:
    return BadInputError(
        f"the body is not one {encoding} stream, as its Content-Encoding says; send it again"
    )
