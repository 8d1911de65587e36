"""Heads of requests as nearly every client writes them, and those of their answers.

For what HTTP allows and hardly anyone uses, gunicorn takes as long over a head and its answer as a small
picture takes in all. What is read here means the same to it, to which tests hold the two; whatever could mean
something else is left to gunicorn.
"""

import re
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from gunicorn.http.errors import InvalidHeader, UnsupportedTransferCoding
from gunicorn.util import http_date

if TYPE_CHECKING:
    from gunicorn.http import Request

__all__ = [
    "CLASSIFY",
    "END_OF_HEAD",
    "MAX_DIGITS",
    "SERVER",
    "Variables",
    "asks_to_part",
    "came_securely",
    "check_request",
    "read_head",
    "written",
]

CLASSIFY = "/v1/classify"  # the path that nearly all requests name
SERVER = "digits"  # an answer need not tell which server this is
END_OF_HEAD = b"\r\n\r\n"
MAX_DIGITS = 6  # of the length of a body, in bytes
MAX_BYTES, MAX_FIELDS = 8000, 64  # of a head; gunicorn reads as much in every field, and a hundred of them
REQUEST_LINE = re.compile(rf"POST ({CLASSIFY}(?:\?([!\"$-~]*))?) HTTP/1\.1")
NEWEST = (1, 1)  # version that is spoken here
NOWHERE = " "  # in place of a host that is not named: no host is called so
LINES = re.compile(r"[!-~][\t -~]*(?:\r\n[!-~][\t -~]*)*")  # no line is folded, no byte beyond ASCII
NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,40}")
LEFT = frozenset({"EXPECT", "TRANSFER-ENCODING"})  # what changes how a request is read
AUTHORITY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")  # RFC 3986, section 3.2, less who asks
SECURE: Mapping[str, str] = MappingProxyType(
    {"HTTP_X_FORWARDED_PROTOCOL": "ssl", "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_SSL": "on"}
)
"""How proxies say that a client came by HTTPS, of which gunicorn believes those that it trusts."""
OWN_KEYS: Mapping[str, str] = MappingProxyType(
    {"CONTENT-TYPE": "CONTENT_TYPE", "CONTENT-LENGTH": "CONTENT_LENGTH"}
)


Variables: TypeAlias = dict[str, str]

ALIKE: Mapping[str, str] = MappingProxyType(
    {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": CLASSIFY,
        "SCRIPT_NAME": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
    }
)
"""What WSGI says of every request whose head is read here."""


def read_head(head: bytes) -> Variables | None:
    """Read the head of a request to classify one picture into the variables that WSGI names (PEP 3333).

    Args:
        head: what stands before the empty line.

    Returns:
        None where gunicorn has to read it: another request, no length or a long one, a field
            twice, one that says how the rest is to be read, or anything malformed.
    """
    text = head.decode("latin-1")
    if len(text) > MAX_BYTES or not LINES.fullmatch(text):
        return None
    first, *lines = text.split("\r\n")
    asked = REQUEST_LINE.fullmatch(first)
    if asked is None or len(lines) > MAX_FIELDS:
        return None
    variables = {**ALIKE, "RAW_URI": asked[1], "QUERY_STRING": asked[2] or ""}
    for line in lines:
        name, colon, value = line.partition(":")
        key = _key(name)
        if not colon or key is None or key in variables:
            return None
        variables[key] = value.strip(" \t")
    if len(SECURE.keys() & variables) > 1:  # and may say both
        return None
    if not AUTHORITY.fullmatch(variables.get("HTTP_HOST", NOWHERE)):
        return None
    length = variables.get("CONTENT_LENGTH", "")
    return variables if length.isdecimal() and len(length) <= MAX_DIGITS else None


def check_request(request: "Request") -> None:
    """Refuse what HTTP forbids and gunicorn lets pass, and part with a client that asks for it.

    One of a later minor version is taken for one of 1.1, and answered as such (RFC 9112, section 2.3).

    Raises:
        InvalidHeader: no host is named, or one that cannot be (RFC 9112, section 3.2).
        UnsupportedTransferCoding: the body is sent in another coding than chunked (section 6.1).
    """
    request.version = min(request.version or NEWEST, NEWEST)
    sent: dict[str, list[str]] = {}
    for name, value in request.headers:
        sent.setdefault(name, []).append(value)
    nowhere = [NOWHERE] if request.version != (1, 0) else []
    if not all(map(AUTHORITY.fullmatch, sent.get("HOST", nowhere))):
        raise InvalidHeader("HOST", req=request)
    coding = ",".join(sent.get("TRANSFER-ENCODING", ()))
    if coding and coding.lower() != "chunked":
        raise UnsupportedTransferCoding(coding)
    if asks_to_part(",".join(sent.get("CONNECTION", ()))):
        request.force_close()


def asks_to_part(connection: str) -> bool:
    """Say whether a client wants its connection closed (RFC 9110, section 7.6.1)."""
    return "close" in [option.strip() for option in connection.lower().split(",")]


def came_securely(variables: Variables) -> bool:
    """Say whether a proxy says that the client came by HTTPS."""
    return any(variables.get(name) == value for name, value in SECURE.items())


@lru_cache(maxsize=256)
def _key(name: str) -> str | None:
    """Return what WSGI calls a header field; None if gunicorn has to read it."""
    upper = name.upper()
    if not NAME.fullmatch(name) or upper in LEFT:
        return None
    return OWN_KEYS.get(upper) or f"HTTP_{upper.replace('-', '_')}"


def written(status: str, fields: Iterable[tuple[str, str]], body: bytes, *, keep: bool) -> bytes:
    """Write an answer as gunicorn does.

    Args:
        status: its number and phrase.
        fields: its header, with the length of the body.
        body: all of it.
        keep: whether the connection can be used again.

    Raises:
        ValueError: a field holds the end of a line, and so would begin another.
    """
    lines = [
        f"HTTP/1.1 {status}",
        f"Server: {SERVER}",
        f"Date: {_date(int(time.time()))}",
        f"Connection: {'keep-alive' if keep else 'close'}",
        *[f"{name}: {value}" for name, value in fields],
        "",
        "",
    ]
    head = "\r\n".join(lines).encode("latin-1")
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1:
        raise ValueError("a header field holds the end of a line; check what is written into it")
    return head + body


@lru_cache(maxsize=1)
def _date(seconds: int) -> str:
    """Write a time as HTTP does (RFC 9110, section 5.6.7)."""
    return http_date(seconds)
