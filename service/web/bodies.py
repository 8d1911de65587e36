"""The body of a request: read to its end, within its limits, and divided into the parts that it holds."""

from collections.abc import Iterable, Iterator, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import orjson
from multipart import MultipartError, MultipartSegment, ParserError, ParserLimitReached, PushMultipartParser
from werkzeug.http import parse_options_header
from werkzeug.wsgi import get_input_stream

from service.errors import BadInputError, ServiceError
from service.web.errors import BodyTooLargeError, SlowBodyError, UnsupportedBodyError
from service.web.exchange import Exchange
from service.web.options import only_once

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["File", "Form", "read_body", "read_form", "read_json", "read_sent", "too_large", "unsupported"]


MAX_FIELDS = 16  # in the head of one part of a form
MAX_FIELD_BYTES = 4 * 1024


class File(NamedTuple):
    """A file in a form.

    Attributes:
        name: that of the file, or of the part where it has none.
        content: its bytes.
    """

    name: str
    content: bytes


class Form(NamedTuple):
    """A multipart form.

    Attributes:
        files: the file parts, in their order.
        fields: the other parts, as text.
    """

    files: list[File]
    fields: Mapping[str, object]


def read_body(exchange: Exchange, max_body_bytes: int, max_seconds: float, hint: str) -> bytes:
    """Read the whole body.

    Args:
        exchange: whose body it is.
        max_body_bytes: what is over the limit is not read.
        max_seconds: after which the server stops to wait for the rest.
        hint: what to send in place of nothing.

    Raises:
        UnsupportedBodyError: it is compressed.
        BodyTooLargeError: it is longer than the limit.
        SlowBodyError: it took too long to arrive.
        BadInputError: it ended early, its chunks are malformed, or there is none.
    """
    _check_encoding(exchange.environ.get("HTTP_CONTENT_ENCODING", "identity"))
    body = read_sent(exchange, max_body_bytes, max_seconds)
    if not body:
        raise BadInputError(f"the body is empty; {hint}")
    return body


def read_sent(exchange: Exchange, max_body_bytes: int, max_seconds: float) -> bytes:
    """Read the whole body as it was sent: compressed or not, empty or not.

    Raises:
        BodyTooLargeError: it is longer than the limit.
        SlowBodyError: it took too long to arrive.
        BadInputError: it ended early, or its chunks are malformed.
    """
    length = _told_length(exchange.environ)
    if length is not None and length > max_body_bytes:
        raise too_large(max_body_bytes)
    body = _read(exchange, max_body_bytes + 1 if length is None else length, max_seconds)
    exchange.bytes_in = len(body)
    if len(body) > max_body_bytes:
        raise too_large(max_body_bytes)
    if length is not None and len(body) < length:
        raise _cut_short(exchange, max_seconds)
    return body


def _told_length(environ: "WSGIEnvironment") -> int | None:
    """Return the length that the head tells; None where it tells none, as that of a body in chunks."""
    told: str = environ.get("CONTENT_LENGTH", "")
    chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
    return int(told) if told.isdecimal() and told.isascii() and not chunked else None


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


def unsupported(exchange: Exchange, types: Iterable[str], hint: str) -> UnsupportedBodyError:
    """Say that a body's type is not read, and which are; hint says what to send."""
    told = f"Content-Type {exchange.mimetype[:60]!a} is not read" if exchange.mimetype else "no Content-Type"
    return UnsupportedBodyError(f"{told}; {hint}", {"Accept": ", ".join(types)})


def read_form(exchange: Exchange, body: bytes, max_parts: int) -> Form:
    """Divide a multipart form into its parts (RFC 7578), which stay in memory as the body itself does.

    Raises:
        BodyTooLargeError: more than max_parts, or a part with a long head.
        BadInputError: malformed, or a field is given twice.
    """
    boundary = exchange.mimetype_params.get("boundary", "")
    if not boundary:
        raise BadInputError("the multipart form names no boundary in its Content-Type")
    files: list[File] = []
    fields: dict[str, list[str]] = {}
    try:
        for segment, content in _parts(body, boundary, max_parts):
            name, filename = segment.name or "", _filename(segment)
            if filename is None:
                fields.setdefault(name, []).append(content.decode(errors="replace"))
            else:
                files.append(File(filename or name, content))
    except ParserLimitReached as error:
        raise BodyTooLargeError(
            f"the form has more than {max_parts} parts, or one has more than {MAX_FIELDS} header fields or "
            f"one of more than {MAX_FIELD_BYTES} bytes; no more are read"
        ) from error
    except (MultipartError, UnicodeEncodeError) as error:
        raise BadInputError("the multipart form is malformed, or cut short; send it again") from error
    return Form(files, only_once(fields.items()))


def _parts(body: bytes, boundary: str, max_parts: int) -> Iterator[tuple[MultipartSegment, bytes]]:
    limits = {"max_header_size": MAX_FIELD_BYTES, "max_header_count": MAX_FIELDS}
    with PushMultipartParser(boundary, max_segment_count=max_parts, **limits) as parser:
        segment, content = None, b""
        for event in parser.parse(body):
            if isinstance(event, MultipartSegment):
                segment, content = event, b""
            elif event is not None:
                content = bytes(event)  # all of it, as the whole body is there
            elif segment is not None:
                if content.startswith(b"--" + parser.boundary):  # the parser has swallowed the next part
                    raise ParserError("a part ends with its head")
                yield segment, content


def _filename(segment: MultipartSegment) -> str | None:
    """Return what marks a part as a file; some clients write what is no ASCII as RFC 5987 does."""
    name: str | None = segment.filename
    if name is None and "filename*" in (disposition := segment.header("Content-Disposition", "")):
        return parse_options_header(disposition)[1].get("filename")
    return name


def read_json(body: bytes, max_items: int, hint: str) -> dict[str, object]:
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
