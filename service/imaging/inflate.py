"""The rows of a checked PNG, inflated and counted, and handed on as a PNG that is no longer compressed.

Pillow takes missing rows and surplus ones alike, so somebody has to count. To inflate twice, once to count
and once to see, takes 1.7 times as long as Pillow alone. So the rows are inflated here, never beyond what the
header promises, and Pillow gets them as stored blocks, which cost it no more than a copy. zlib-ng, with which
Pillow inflates too, takes half of zlib's time.
"""

import struct
from collections.abc import Iterator, Sequence
from itertools import chain

from zlib_ng import zlib_ng

from service.errors import BadImageError
from service.imaging.format import PNG_SIGNATURE
from service.imaging.png import Png

__all__ = ["BLOCK", "StoredPng", "inflate", "stored_block"]

ASKED = 65_536  # bytes that Pillow asks for at a time
STORED_HEADER = "<BHH"  # of a stored block (RFC 1951, section 3.2.4), which holds 65,535 bytes at most
BLOCK = ASKED - struct.calcsize(STORED_HEADER)
PIECE = 32_768  # compressed bytes at a time: zlib copies what it leaves for later
ZLIB_HEADER = b"\x78\x01"
UNCHECKED = bytes(4)  # in place of a chunk's checksum, which Pillow steps over; the file's own was checked


def inflate(image_data: Sequence[memoryview], n_bytes: int) -> Iterator[bytes]:
    """Yield the rows, exactly n_bytes in all, in blocks of at most 65,531.

    The last block comes only once the stream has ended there and its checksum is right.

    Raises:
        BadImageError: fewer bytes, more of them, or no sound zlib stream.
    """
    pieces = _pieces(image_data)
    stream = zlib_ng.decompressobj()
    compressed = next(pieces, b"")
    while n_bytes:
        block = _decompress(stream, compressed, min(n_bytes, BLOCK))
        n_bytes -= len(block)
        compressed = stream.unconsumed_tail
        if not n_bytes:
            _check_end(stream, compressed, pieces)
        if block:
            yield block
        else:  # without output, all of the input is used up
            compressed = _next(pieces, stream)


def _pieces(image_data: Sequence[memoryview]) -> Iterator[bytes]:
    return (bytes(part[start : start + PIECE]) for part in image_data for start in range(0, len(part), PIECE))


def _decompress(stream: "zlib_ng._Decompress", compressed: bytes, most: int) -> bytes:
    try:
        return stream.decompress(compressed, most)
    except zlib_ng.error as error:  # type: ignore[misc]  # declared as an exception, not as its class
        raise BadImageError("the PNG is damaged: its image data cannot be decompressed") from error


def _next(pieces: Iterator[bytes], stream: "zlib_ng._Decompress") -> bytes:
    piece = next(pieces, b"")
    if stream.eof or not piece:
        raise BadImageError("the PNG is cut off: it holds fewer rows than its header promises")
    return piece


def _check_end(stream: "zlib_ng._Decompress", compressed: bytes, pieces: Iterator[bytes]) -> None:
    """Read what follows the last row: the stream's checksum and nothing else."""
    for piece in chain((compressed,), pieces):
        if _decompress(stream, piece, 1) or stream.unused_data:
            raise BadImageError("the PNG holds more image data than its header promises")
    if not stream.eof:
        raise BadImageError("the PNG is cut off: its image data has no end")


def stored_block(rows: bytes) -> bytes:
    """Write rows, at most 65,531 bytes, as a zlib stream of one stored block, to be read to its last row."""
    return ZLIB_HEADER + _stored_header(len(rows)) + rows


def _stored_header(n_bytes: int) -> bytes:
    """Write what stands before so many stored bytes of a block that is not the stream's last."""
    return struct.pack(STORED_HEADER, 0, n_bytes, n_bytes ^ 0xFFFF)


class StoredPng:
    """A checked PNG as a file, read once and forwards, its image data stored and not compressed."""

    def __init__(self, png: Png) -> None:
        self._parts = _stored(png)
        self._ahead = b""
        self._place = 0

    def read(self, n_bytes: int) -> bytes:
        """Return so many bytes, fewer only at the end."""
        ahead = self._ahead
        while len(ahead) < n_bytes and (part := next(self._parts, None)) is not None:
            ahead = ahead + part if ahead else part  # most often a part is what is asked for, and not copied
        block, self._ahead = (ahead, b"") if len(ahead) == n_bytes else (ahead[:n_bytes], ahead[n_bytes:])
        self._place += len(block)
        return block

    def tell(self) -> int:
        """Count the bytes read so far."""
        return self._place

    def seek(self, place: int) -> int:
        """Go where a decoder already is, which is all that one asks for.

        Raises:
            OSError: it asks for more.
        """
        if place != self._place:
            raise OSError(f"at byte {self._place} there is no way to byte {place}")
        return place


def _stored(png: Png) -> Iterator[bytes]:
    """Write the PNG anew, part by part; Pillow stops at the last row, so the stream needs no end."""
    header = png.header
    yield PNG_SIGNATURE
    yield from _chunk(b"IHDR", header.content)
    if png.palette is not None:
        yield from _chunk(b"PLTE", png.palette)
        if png.transparency is not None:
            yield from _chunk(b"tRNS", png.transparency)
    yield from _chunk(b"IDAT", ZLIB_HEADER)
    for block in inflate(png.image_data, header.n_bytes):
        stored = _stored_header(len(block)) + block
        yield struct.pack(">I4s", len(stored), b"IDAT")
        yield stored
        yield UNCHECKED
    yield from _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> Iterator[bytes]:
    yield struct.pack(">I4s", len(content), name)
    yield content
    yield zlib_ng.crc32(content, zlib_ng.crc32(name)).to_bytes(4, "big")
