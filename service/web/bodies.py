"""The body of a request: read to its end, within its limits, and divided into the parts that it holds."""

import re
from collections.abc import Iterable, Mapping
from io import BytesIO
from time import perf_counter
from typing import Any, NamedTuple, cast

import orjson
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser
from werkzeug.wsgi import get_input_stream

from service.errors import BadInputError, ServiceError
from service.web.errors import BodyTooLargeError, SlowBodyError, UnsupportedBodyError
from service.web.exchange import Exchange
from service.web.options import only_once

__all__ = ["Form", "read_body", "read_form", "read_json", "read_sent", "too_large"]


MAX_HEAD_BYTES = 8 * 1024  # of one part of a form
LINE_ENDS = frozenset({b"", b"\r", b"\n"})
EMPTY_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")  # whichever ends the lines, as werkzeug reads them


class Form(NamedTuple):
    """A multipart form.

    Attributes:
        files: the file parts, in their order.
        fields: the other parts, as text.
    """

    files: list[FileStorage]
    fields: Mapping[str, object]


def read_body(exchange: Exchange, max_body_bytes: int, max_seconds: float) -> bytes:
    """Read the whole body.

    Args:
        exchange: whose body it is.
        max_body_bytes: what is over the limit is not read.
        max_seconds: after which the server stops to wait for the rest.

    Raises:
        UnsupportedBodyError: it is compressed.
        BodyTooLargeError: it is longer than the limit.
        SlowBodyError: it took too long to arrive.
        BadInputError: it ended early, its chunks are malformed, or there is none.
    """
    _check_encoding(exchange.environ.get("HTTP_CONTENT_ENCODING", "identity"))
    body = read_sent(exchange, max_body_bytes, max_seconds)
    if not body:
        raise BadInputError("the body is empty; send one PNG")
    return body


def read_sent(exchange: Exchange, max_body_bytes: int, max_seconds: float) -> bytes:
    """Read the whole body as it was sent: compressed or not, empty or not.

    Raises:
        BodyTooLargeError: it is longer than the limit.
        SlowBodyError: it took too long to arrive.
        BadInputError: it ended early, or its chunks are malformed.
    """
    length = exchange.content_length
    if length is not None and length > max_body_bytes:
        raise too_large(max_body_bytes)
    body = _read(exchange, max_body_bytes + 1 if length is None else length, max_seconds)
    exchange.bytes_in = len(body)
    if len(body) > max_body_bytes:
        raise too_large(max_body_bytes)
    if length is not None and len(body) < length:
        raise _cut_short(exchange, max_seconds)
    return body


def _check_encoding(encoding: str) -> None:
    if encoding.strip().lower() != "identity":
        raise UnsupportedBodyError(
            f"Content-Encoding {encoding[:40]!a} is not read; send the body as it is",
            {"Accept-Encoding": "identity"},
        )


def _read(exchange: Exchange, size: int, max_seconds: float) -> bytes:
    try:
        return get_input_stream(exchange.environ).read(size)
    except Exception as error:  # each server has its own ways to say that a client sent nonsense
        raise _cut_short(exchange, max_seconds) from error


def _cut_short(exchange: Exchange, max_seconds: float) -> ServiceError:
    if perf_counter() - exchange.started > 0.9 * max_seconds:  # the server's clock began a little earlier
        return SlowBodyError(f"the body did not arrive within {max_seconds:g} seconds; send it faster")
    return BadInputError("the body ended before it was complete, or its chunks are malformed; send it again")


def too_large(max_body_bytes: int) -> BodyTooLargeError:
    """Say what the limit is."""
    return BodyTooLargeError(f"the body has more than {max_body_bytes} bytes, and no more are read")


def read_form(exchange: Exchange, body: bytes, max_parts: int) -> Form:
    """Divide a multipart form into its parts, which stay in memory as the body itself does.

    Raises:
        BodyTooLargeError: more than max_parts, or a part with a long head.
        BadInputError: malformed, or a field is given twice.
    """
    boundary = exchange.mimetype_params.get("boundary", "").encode("ascii", "replace")
    if not boundary:
        raise BadInputError("the multipart form names no boundary in its Content-Type")
    _check_heads(body, boundary, max_parts)
    parser = MultiPartParser(stream_factory=_in_memory, cls=_AsSent, max_form_parts=max_parts)
    try:
        fields, files = parser.parse(BytesIO(body), boundary, len(body))
    except RequestEntityTooLarge as error:
        raise BodyTooLargeError(f"the form has more than {max_parts} parts, and no more are read") from error
    except ValueError as error:
        raise BadInputError("the multipart form is malformed, or cut short; send it again") from error
    return Form([file for _, file in cast("_AsSent", files).pairs], only_once(fields.lists()))


def _check_heads(body: bytes, boundary: bytes, max_parts: int) -> None:
    """Refuse a part whose head is long: werkzeug would search it from its beginning again and again."""
    delimiter, at = b"--" + boundary, 0
    for _ in range(max_parts + 1):
        start = body.find(delimiter, at)
        if start < 0:
            return
        at = start + len(delimiter)
        head = body[at : at + MAX_HEAD_BYTES]
        begins_part = body[max(0, start - 1) : start] in LINE_ENDS and not head.startswith(b"--")
        if begins_part and len(head) == MAX_HEAD_BYTES and not EMPTY_LINE.search(head):
            raise BodyTooLargeError(
                f"a part of the form has more than {MAX_HEAD_BYTES} bytes of header fields; no more are read"
            )


class _AsSent(MultiDict[str, Any]):
    """Remembers the order in which its values came, across their names."""

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        self.pairs = list(pairs)
        super().__init__(self.pairs)


def _in_memory(*_: object, **__: object) -> BytesIO:
    return BytesIO()


def read_json(
    body: bytes, max_items: int, hint: str = 'send {"image": …} or {"pixels": …}'
) -> dict[str, object]:
    """Parse a JSON object; hint says what to send in place of anything else.

    Raises:
        BodyTooLargeError: more than max_items members and elements, however deep, as each costs memory.
        BadInputError: it is none; NaN, infinity and more than 1,024 levels are no JSON here.
    """
    if body.count(b",") >= max_items:  # base64 has none
        raise BodyTooLargeError(f"the JSON has more than {max_items} items, and no more are read")
    try:
        members = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadInputError(f"the body is not JSON: {where} cannot be understood") from error
    if not isinstance(members, dict):
        raise BadInputError(f"the body is not a JSON object; {hint}")
    return members
