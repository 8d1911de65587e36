"""Requests that take a millisecond to answer: whole ones to classify one small PNG."""

import binascii
import re
from typing import NamedTuple

from service.imaging import BRIEF, claimed_pixels, is_alike
from service.imaging.format import FORMATS, PNG_SIGNATURE, Format
from service.web.heads import CLASSIFY, END_OF_HEAD, MAX_DIGITS, Variables, read_head

__all__ = ["Brief", "read_brief"]

ASKED = f"POST {CLASSIFY}".encode()  # no batches: of a zip one cannot see what it holds
STARTS = (ASKED + b" ", ASKED + b"?")
BARE_START = ASKED + b" HTTP/1.1\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,%d})[ \t]*(?=\r\n)" % MAX_DIGITS, re.IGNORECASE)
JSON = re.compile(rb'\s*\{\s*"image"\s*:\s*"(?:data:image/png;base64,)?([A-Za-z0-9+/]+={0,2})"\s*\}\s*')
UNUSUAL = re.compile(rb"\r\n(?:transfer-encoding|expect)", re.IGNORECASE)  # whose rest may come only later
END_OF_PNG = b"IEND\xaeB`\x82"
OTHER_MARKS = tuple(mark for name, _, mark in FORMATS if name is not Format.PNG)
"""What pictures hold whose pixels are not bounded by what a PNG claims."""


class Brief(NamedTuple):
    """A whole request to classify one small PNG.

    Attributes:
        n_head: bytes up to the body.
        n_body: bytes of the body.
        variables: what its head says; None where gunicorn has to read it.
        picture: the PNG, by itself, in a form or in JSON, if MNIST could hold it and nothing is chosen in the
            query.
    """

    n_head: int
    n_body: int
    variables: Variables | None
    picture: bytes | None


def read_brief(received: bytes) -> Brief | None:
    """Find out whether bytes are, or begin with, a request that is brief; None if they do not.

    Of the length of the body gunicorn's parser has the last word. It can only agree or refuse the request:
    there is one such field, well-formed, and none that would count in its place.
    """
    end = received.find(END_OF_HEAD) if received.startswith(STARTS) else -1
    if end < 0:
        return None
    n_head, head = end + len(END_OF_HEAD), received[:end]
    variables = read_head(head)
    n_body = _length(head) if variables is None else int(variables["CONTENT_LENGTH"])
    if n_body is None or len(received) < n_head + n_body:
        return None
    body = received[n_head : n_head + n_body]
    png = body if variables is not None and _is_png(body, variables) else _in_json(body) or _only_png_in(body)
    if png is None or claimed_pixels(png) > BRIEF:
        return None
    return Brief(n_head, n_body, variables, _picture(png) if received.startswith(BARE_START) else None)


def _is_png(body: bytes, variables: Variables) -> bool:
    """Say whether the body is the picture itself, whatever else its bytes may look like."""
    return body.startswith(PNG_SIGNATURE) and "multipart" not in variables.get("CONTENT_TYPE", "").lower()


def _in_json(body: bytes) -> bytes | None:
    """Return the PNG in a JSON object that holds nothing else, so that nothing else can take its place."""
    found = JSON.fullmatch(body)
    try:
        png = binascii.a2b_base64(found[1]) if found else b""
    except binascii.Error:
        return None
    return png if png.startswith(PNG_SIGNATURE) else None


def _only_png_in(body: bytes) -> bytes | None:
    """Return where the one picture in a body begins, and all behind it; None where it may hold others."""
    if body.count(PNG_SIGNATURE) != 1 or any(mark in body for mark in OTHER_MARKS):
        return None
    return body[body.index(PNG_SIGNATURE) :]


def _length(head: bytes) -> int | None:
    lengths = LENGTH.findall(head + b"\r\n")
    if len(lengths) != 1 or UNUSUAL.search(head):
        return None
    return int(lengths[0])


def _picture(rest: bytes) -> bytes | None:
    end = rest.find(END_OF_PNG) if is_alike(rest) else -1
    return None if end < 0 else rest[: end + len(END_OF_PNG)]
