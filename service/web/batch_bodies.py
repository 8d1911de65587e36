"""The two ways to send many pictures: a form of files, or a zip archive."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from service.errors import BadInputError
from service.web.bodies import read_body, read_form, unsupported
from service.web.errors import BodyTooLargeError
from service.web.exchange import Exchange
from service.web.options import OPTIONS, Options, only_once, parse_options
from service.web.zips import open_zip

__all__ = ["MAX_ITEMS", "Batch", "Item", "read_batch"]

MAX_ITEMS = 256
MAX_PARTS = MAX_ITEMS + 2 * len(OPTIONS)  # with room for mistakes that deserve a better message
HINT = "send one PNG or more"
LONGEST_NAME = 200  # characters of a file's name that an answer repeats
UNSEEN = "\ufffd"  # stands for characters that cannot be seen
ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")


class Item(NamedTuple):
    """One file of a batch, not yet looked at.

    Attributes:
        name: as the client calls it, as far as it can be seen.
        read: returns the file's bytes, or raises what is wrong with it alone.
    """

    name: str
    read: Callable[[], bytes]


class Batch(NamedTuple):
    """Many pictures, and the options that came with them."""

    items: Sequence[Item]
    options: Options


def read_batch(exchange: Exchange, max_body_bytes: int, max_seconds: float) -> Batch:
    """Read the files in a request, whichever way they were sent.

    Raises:
        UnsupportedBodyError: the body is of another type, or compressed.
        BodyTooLargeError: more bytes or files than are read.
        SlowBodyError: it took too long to arrive.
        BadInputError: no file, a broken form or archive, or options that cannot be understood.
    """
    query = only_once(exchange.args.lists())
    body = read_body(exchange, max_body_bytes, max_seconds, HINT)
    batch = READERS.get(exchange.mimetype, _unnamed)(exchange, body, query, max_body_bytes)
    if not batch.items:
        raise BadInputError(f"there is no file in the batch; {HINT}")
    if len(batch.items) > MAX_ITEMS:
        raise BodyTooLargeError(f"the batch has {len(batch.items)} files; at most {MAX_ITEMS} are read")
    return batch


def _form(exchange: Exchange, body: bytes, query: Mapping[str, object], _: int) -> Batch:
    form = read_form(exchange, body, MAX_PARTS)
    items = [Item(_visible(file.name), partial(bytes, file.content)) for file in form.files]
    return Batch(items, parse_options(query, form.fields))


def _zip(_: Exchange, body: bytes, query: Mapping[str, object], max_body_bytes: int) -> Batch:
    archive = open_zip(body, MAX_ITEMS, max_body_bytes)
    items = [Item(_visible(member.filename), partial(archive.read, member)) for member in archive.members]
    return Batch(items, parse_options(query))


def _unnamed(exchange: Exchange, body: bytes, query: Mapping[str, object], max_body_bytes: int) -> Batch:
    """Take an archive whose type nobody chose, as curl sends it, by its signature; refuse all else."""
    if exchange.mimetype in UNCHOSEN and body.startswith(ZIP_SIGNATURES):
        return _zip(exchange, body, query, max_body_bytes)
    hint = "send multipart/form-data or application/zip, or one picture alone to /v1/classify"
    raise unsupported(exchange, READERS, hint)


def _visible(name: str) -> str:
    short = name[:LONGEST_NAME]
    return short if short.isprintable() else "".join(c if c.isprintable() else UNSEEN for c in short)


Reader = Callable[[Exchange, bytes, Mapping[str, object], int], Batch]
READERS: Mapping[str, Reader] = MappingProxyType(
    {"multipart/form-data": _form, "application/zip": _zip, "application/x-zip-compressed": _zip}
)
"""How a body is read, by its Content-Type."""
UNCHOSEN = frozenset(("", "application/x-www-form-urlencoded", "application/octet-stream"))
