"""Pictures to measure with: photos of a digit in every kind of PNG, and what the hostile make of them."""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image

__all__ = ["MODES", "Refused", "photo", "refused"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MODES = ("L", "RGB", "RGBA", "P", "I;16", "1")


class Refused(NamedTuple):
    """A file that must be refused, and an accepted one of the size that it claims.

    Attributes:
        name: what is wrong with it.
        content: of the file.
        accepted: a sound file of as many pixels; None where it claims more than is ever read.
    """

    name: str
    content: bytes
    accepted: bytes | None


def photo(width: int, height: int, mode: str = "RGB") -> bytes:
    """Draw a dark seven on paper in uneven light, with a sensor's noise, as a PNG.

    Args:
        width: pixels.
        height: pixels.
        mode: how the file holds them, in Pillow's words.
    """
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    side = min(width, height)
    y, x = (y - height / 2) / side, (x - width / 2) / side
    bar = (np.abs(y + 0.3) < 0.04) & (np.abs(x) < 0.2)  # noqa: PLR2004  # a seven's two strokes
    leg = (np.abs(x - 0.18 + 0.4 * (y + 0.3)) < 0.04) & (np.abs(y) < 0.3)  # noqa: PLR2004
    light = 200 - 60 * x - 150 * (bar | leg) + rng.normal(0, 2, (height, width)).astype(np.float32)
    grey = light.clip(0, 255).astype(np.uint8)
    image = Image.fromarray(grey * np.uint16(257)) if mode == "I;16" else _held(Image.fromarray(grey), mode)
    out = BytesIO()
    image.save(out, "PNG", compress_level=3)
    return out.getvalue()


def _held(grey: Image.Image, mode: str) -> Image.Image:
    if mode == "RGBA":
        return Image.merge("RGBA", (grey, grey, grey, Image.new("L", grey.size, 254)))
    return grey.convert(mode)


def refused(side: int) -> Iterator[Refused]:
    """Spoil a grey photo of that many pixels a side in every way that costs something to find out.

    Args:
        side: the largest that is read.
    """
    honest = photo(side, side, "L")
    data = b"".join(honest[start + 8 : end - 4] for name, start, end in _chunks(honest) if name == b"IDAT")
    rows = zlib.decompress(data)
    bomb = _bomb(1 << 30)
    tail = _chunk(b"IEND", b"")

    def of(image_data: bytes, head: bytes = _head(side, side)) -> bytes:
        return head + _chunk(b"IDAT", image_data) + tail

    sound = of(data)

    def packed(content: bytes) -> bytes:
        return of(zlib.compress(content, 1))

    damaged = bytearray(data)
    damaged[-1] ^= 1
    palette = _chunk(b"PLTE", bytes(range(255)))
    black = of(zlib.compress(bytes(len(rows)), 9))
    yield Refused("checksum of the chunk wrong", sound[: -len(tail) - 4] + bytes(4) + tail, sound)
    yield Refused("checksum of the stream wrong", of(bytes(damaged)), sound)
    yield Refused("last row missing", packed(rows[: -side - 1]), sound)
    yield Refused("a byte surplus", packed(rows + b"\0"), sound)
    yield Refused("four times the rows", packed(rows * 4), sound)
    yield Refused("unknown filter in the last row", packed(rows[: -side - 1] + b"\5" + rows[-side:]), sound)
    yield Refused("cut off at the end", sound[:-1], sound)
    yield Refused("a bomb of 1 GiB", of(bomb), black)
    yield Refused(
        "a palette that its last pixel is not in",
        of(zlib.compress(bytes(len(rows) - 1) + b"\xff", 9), _head(side, side, 3) + palette),
        of(zlib.compress(bytes(len(rows)), 9), _head(side, side, 3) + palette),
    )
    tiny = photo(28, 28, "L")
    yield Refused("28×28 with a bomb of 1 GiB", of(bomb, _head(28, 28)), tiny)
    yield Refused("28×28 with 16 MiB of image data", of(bytes(16 << 20), _head(28, 28)), tiny)
    yield Refused(
        "28×28 with a palette of 16 MiB", tiny[:33] + _chunk(b"PLTE", bytes(16 << 20)) + tiny[33:], tiny
    )
    for claimed in ((9000, 9000), (1, 178_000_000), (2**31, 1), (2**32 - 1, 2**32 - 1)):
        name = f"claims {claimed[0]:,}×{claimed[1]:,}"
        yield Refused(name, of(bomb, _head(*claimed)), None)
    yield Refused("16 MiB of something else", bytes(16 << 20), None)
    yield Refused("16 MiB of JPEG", b"\xff\xd8\xff" * (5 << 20), None)


def _chunks(png: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each chunk, where it begins and where it ends; all image data as one."""
    start = len(SIGNATURE)
    while start < len(png):
        length, name = struct.unpack_from(">I4s", png, start)
        yield name, start, start + 12 + length
        start += 12 + length


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _head(width: int, height: int, colour: int = 0) -> bytes:
    return SIGNATURE + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))


def _bomb(n_bytes: int) -> bytes:
    """Compress zeros, a MiB at a time."""
    packer = zlib.compressobj(9)
    mebi = bytes(1 << 20)
    return b"".join(packer.compress(mebi) for _ in range(n_bytes >> 20)) + packer.flush()
