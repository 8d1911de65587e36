"""The structure of a PNG, checked chunk by chunk before any of it is inflated.

IHDR, PLTE, tRNS, IDAT and IEND are read, and the orientation of eXIf. Other ancillary chunks are stepped over
unread; so is an animation, whose still picture remains. Bytes after IEND are ignored, as every decoder does:
cameras and editors leave much there. Source: PNG specification, third edition, https://www.w3.org/TR/png-3/
"""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from zlib_ng import zlib_ng

from service.errors import BadImageError
from service.imaging.format import PNG_SIGNATURE
from service.imaging.header import PALETTE, Header, read_header
from service.imaging.limits import Limits
from service.imaging.orientation import UPRIGHT, orientation_of

__all__ = ["Png", "check", "png_size"]

SIZE_AT = 16  # bytes: the signature, then the length and the name of the first chunk

READ = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf"))

LONGEST = 65_536  # bytes of a chunk that is read; one with image data may be longer, if the picture is large
MAX_CHUNKS = 16_384  # 16 MiB in pieces of 1 kB; millions of empty chunks would take seconds to walk

PLAIN = [b"IDAT", b"IEND"]  # what most small PNGs hold behind their header

TRANSPARENT_COLOUR = {"1": 2, "L": 2, "I;16": 2, "RGB": 6}  # bytes of tRNS by mode, 16 bits a channel


class Png(NamedTuple):
    """A PNG whose structure is sound; its image data is still compressed.

    Attributes:
        header: what IHDR says.
        palette: red, green and blue of each entry; None where pixels are no palette entries.
        transparency: what tRNS says; None where there is none.
        image_data: the contents of the IDAT chunks, together one zlib stream.
        orientation: 1 (upright) to 8, as EXIF counts them.
    """

    header: Header
    palette: bytes | None
    transparency: bytes | None
    image_data: tuple[memoryview, ...]
    orientation: int


class Chunk(NamedTuple):
    """One chunk of the file, and what its checksum should be."""

    name: bytes
    content: memoryview
    checksum: bytes


def png_size(png: bytes) -> tuple[int, int]:
    """Return the width and height that a PNG claims, unchecked; (0, 0) where it claims none."""
    if len(png) < SIZE_AT + 8:
        return 0, 0
    width, height = struct.unpack_from(">II", png, SIZE_AT)
    return width, height


def check(png: bytes, limits: Limits) -> Png:
    """Check the structure of bytes that begin as a PNG does, without inflating them.

    Raises:
        ImageTooLargeError: more pixels than the limits allow.
        BadImageError: chunks are cut off, damaged, missing or out of order.
    """
    walk = _walk(png)
    first = _checked(next(walk))
    if first.name != b"IHDR":
        raise BadImageError("the PNG does not begin with its header")
    header = read_header(bytes(first.content), limits)
    chunks = tuple(map(_checked, _bounded(walk, 2 * header.n_bytes + LONGEST)))
    names = [chunk.name for chunk in chunks]
    if names == PLAIN:
        return Png(header, _palette(header, None), None, (chunks[0].content,), UPRIGHT)
    _check_order(names)
    palette = _palette(header, _content(chunks, b"PLTE"))
    return Png(
        header,
        palette,
        _transparency(header, palette, _content(chunks, b"tRNS")),
        tuple(chunk.content for chunk in chunks if chunk.name == b"IDAT"),
        orientation_of(_content(chunks, b"eXIf") or b""),
    )


def _walk(png: bytes) -> Iterator[Chunk]:
    """Yield the chunks from the first to IEND, each of them whole."""
    view = memoryview(png)
    start = len(PNG_SIGNATURE)
    for _ in range(MAX_CHUNKS):
        if start + 12 > len(png):  # length, name and checksum have four bytes each
            raise BadImageError("the PNG is cut off: it ends before its IEND chunk")
        length, name = struct.unpack_from(">I4s", png, start)
        if not name.isalpha():
            raise BadImageError(f"the PNG is damaged: no chunk begins at byte {start}")
        end = start + 8 + length
        if end + 4 > len(png):
            raise BadImageError(f"the PNG is cut off in its {name.decode()} chunk")
        yield Chunk(name, view[start + 8 : end], png[end : end + 4])
        if name == b"IEND":
            return
        start = end + 4
    raise BadImageError(f"the PNG has more than {MAX_CHUNKS} chunks; save it anew")


def _bounded(chunks: Iterator[Chunk], most: int) -> Iterator[Chunk]:
    """Hand chunks on until they hold more image data than the picture could need, so that no more is read."""
    for chunk in chunks:
        most -= len(chunk.content) if chunk.name == b"IDAT" else 0
        if most < 0:
            raise BadImageError("the PNG holds more image data than its header promises")
        yield chunk


def _checked(chunk: Chunk) -> Chunk:
    """Compare the checksum of a chunk that is read; refuse one that would be needed and is not known."""
    name, content, checksum = chunk
    if name in READ:
        if len(content) > LONGEST and name != b"IDAT":
            raise BadImageError(f"the PNG's {name.decode()} chunk has {len(content)} bytes; save it anew")
        if zlib_ng.crc32(content, zlib_ng.crc32(name)).to_bytes(4, "big") != checksum:
            raise BadImageError(f"the PNG is damaged: the checksum of its {name.decode()} chunk is wrong")
    elif name[:1].isupper():  # a critical chunk, section 5.4
        raise BadImageError(f"the PNG needs its {name.decode()} chunk, which is not known here")
    return chunk


def _check_order(names: Sequence[bytes]) -> None:
    """Refuse chunks after the header that are missing, come twice or stand in the wrong place."""
    n_data = names.count(b"IDAT")
    if not n_data:
        raise BadImageError("the PNG has no image data")
    first = names.index(b"IDAT")
    if any(name != b"IDAT" for name in names[first : first + n_data]):
        raise BadImageError("the PNG's image data is interrupted by another chunk")
    for name, most in ((b"IHDR", 0), (b"PLTE", 1), (b"tRNS", 1)):
        if names.count(name) > most:
            raise BadImageError(f"the PNG has more than one {name.decode()} chunk")
    places = [names.index(name) for name in (b"PLTE", b"tRNS") if name in names]
    if sorted(places) != places or max(places, default=0) > first:
        raise BadImageError("the PNG's palette or transparency stands in the wrong place")


def _content(chunks: Sequence[Chunk], name: bytes) -> bytes | None:
    return next((bytes(chunk.content) for chunk in chunks if chunk.name == name), None)


def _palette(header: Header, palette: bytes | None) -> bytes | None:
    """Return the palette where pixels name its entries; where they do not, it is a mere suggestion."""
    needed = header.colour == PALETTE
    if palette is None:
        if needed:
            raise BadImageError("the PNG has no palette, and its pixels need one")
        return None
    n_entries, rest = divmod(len(palette), 3)
    most = 2**header.depth if needed else 256 if header.mode.startswith("RGB") else 0
    if rest or not 1 <= n_entries <= most:
        raise BadImageError(f"the PNG's palette has a length, {len(palette)}, that its header does not allow")
    return palette if needed else None


def _transparency(header: Header, palette: bytes | None, transparency: bytes | None) -> bytes | None:
    if transparency is None:
        return None
    if palette is None:
        legal = len(transparency) == TRANSPARENT_COLOUR.get(header.mode)
    else:
        legal = 1 <= len(transparency) <= len(palette) // 3
    if not legal:
        raise BadImageError(
            f"the PNG's transparency has a length, {len(transparency)}, that its header does not allow"
        )
    return transparency
