"""Pixels to PNG, for answers that show what a network read."""

import base64
import struct
import zlib

import numpy as np

from service.network import FloatArray

__all__ = ["data_url", "to_png"]


def data_url(pixels: FloatArray) -> str:
    """Write (rows, columns) of 0..1, black to white, as a grey PNG in a data: URL."""
    return f"data:image/png;base64,{base64.b64encode(to_png(pixels)).decode()}"


def to_png(pixels: FloatArray) -> bytes:
    """Write (rows, columns) of 0..1, black to white, as a grey PNG."""
    rows, columns = pixels.shape
    grey = np.rint(pixels * 255).astype(np.uint8)
    lines = b"".join(b"\0" + row.tobytes() for row in grey)  # 0: no filter
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)  # 8 bits, grey, not interlaced
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
