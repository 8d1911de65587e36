"""The formats of pictures that can be read, and what other bytes look like, so that a refusal can say it."""

from enum import StrEnum
from typing import NamedTuple

__all__ = ["FORMATS", "PNG_SIGNATURE", "Format", "format_of", "looks_like"]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
"""The bytes that every PNG begins with (PNG specification, section 5.2)."""


class Format(StrEnum):
    """What a picture may be held in."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"


class Mark(NamedTuple):
    """Where a format can be told from, and how it is called."""

    place: int
    mark: bytes
    name: str


MARKS = tuple(
    Mark(*row)
    for row in (
        (0, b"\x89PNG", "a PNG damaged by a transfer as text"),
        (0, b"iVBORw0KGgo", "a PNG in base64"),
        (0, b"data:", "a data: URL"),
        (0, b"\xff\xd8\xff", "JPEG"),
        (0, b"GIF8", "GIF"),
        (8, b"WEBP", "WebP"),
        (4, b"ftypavi", "AVIF"),
        (4, b"ftyphei", "HEIC"),
        (4, b"ftyphev", "HEIC"),
        (4, b"ftypmif1", "HEIC"),
        (4, b"ftyp", "a film"),
        (4, b"JXL ", "JPEG XL"),
        (0, b"\xff\x0a", "JPEG XL"),
        (0, b"BM", "BMP"),
        (0, b"II*\x00", "TIFF"),
        (0, b"MM\x00*", "TIFF"),
        (0, b"\x00\x00\x01\x00", "ICO"),
        (0, b"8BPS", "Photoshop"),
        (0, b"\x8aMNG", "MNG"),
        (0, b"%PDF", "PDF"),
        (0, b"PK\x03\x04", "ZIP"),
        (0, b"\x1f\x8b", "gzip"),
    )
)

TEXTS = (
    (b"<svg", "SVG"),
    (b"<!doctype html", "HTML"),
    (b"<html", "HTML"),
    (b"<", "XML"),
    (b"{", "JSON"),
    (b"[", "JSON"),
)
"""What a text holds near its beginning, in lower case, and the name of that."""

FORMATS = (
    (Format.PNG, 0, PNG_SIGNATURE),
    (Format.JPEG, 0, b"\xff\xd8\xff"),
    (Format.WEBP, 8, b"WEBP"),
)
"""Where a format that can be read is told from, and what stands there."""

NEAR = 512  # bytes; an SVG may begin with a declaration and a comment


def format_of(content: bytes) -> Format | None:
    """Name the format of bytes where it is one that can be read.

    >>> format_of(b"RIFF____WEBP")
    <Format.WEBP: 'webp'>
    """
    return next((name for name, place, mark in FORMATS if content.startswith(mark, place)), None)


def looks_like(content: bytes) -> str | None:
    """Name the format of bytes that are no PNG, where it is one of those that people send.

    >>> looks_like(b"GIF89a")
    'GIF'
    >>> looks_like(b"hello")
    'text'
    """
    named = (mark.name for mark in MARKS if content.startswith(mark.mark, mark.place))
    return next(named, None) or _text(content[:NEAR])


def _text(beginning: bytes) -> str | None:
    text = beginning.removeprefix(b"\xef\xbb\xbf").strip().lower()
    if not text or not text.isascii() or b"\0" in text:
        return None
    if b"<svg" in text:
        return "SVG"
    return next((name for mark, name in TEXTS if text.startswith(mark)), "text")
