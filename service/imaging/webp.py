"""The structure of a WebP, checked chunk by chunk before any of it is decoded.

Source: RFC 9649, WebP Image Format.
"""

import struct
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import NamedTuple

from PIL import Image
from PIL.WebPImagePlugin import WebPImageFile

from service.errors import BadImageError
from service.imaging.limits import Limits
from service.imaging.orientation import EXIF_NAME, UPRIGHT, orientation_of
from service.imaging.source import Source

__all__ = ["webp_size", "webp_source"]

RIFF_BYTES = 12  # "RIFF", the length of what follows it, "WEBP"
MAX_CHUNKS = 4096
START_CODE = b"\x9d\x01\x2a"
LOSSLESS_MARK = 0x2F
SIDE_BITS = 0x3FFF  # the lowest 14, in which a side is written
ALPHA = 0x10
TIMES = 4  # the memory of a PNG: two canvases, what is decoded onto them, and Pillow's picture


class Canvas(NamedTuple):
    """What the first chunk says of the picture."""

    width: int
    height: int
    mode: str


def webp_source(content: bytes, limits: Limits) -> Source:
    """Check bytes that begin as a WebP does; of an animation the first picture is read.

    The decoder takes four times the memory of a PNG's, and the lossless kind may have larger tables than
    pictures, so that each file counts as four such pictures, and as a largest one at least.

    Raises:
        ImageTooLargeError: more pixels than the limits allow.
        BadImageError: chunks are cut off, or there is no picture; load raises it where it cannot be decoded.
    """
    orientation, canvas = 0, None
    for name, chunk in _walk(content):
        canvas = canvas or _canvas(name, chunk)
        if name == b"EXIF":
            orientation = orientation or orientation_of(bytes(chunk).removeprefix(EXIF_NAME))
    if canvas is None:
        raise BadImageError("the WebP has no picture in it")
    limits.check_size(canvas.width, canvas.height)
    size = (canvas.width, canvas.height)
    memory = max(TIMES * canvas.width * canvas.height, limits.max_pixels)
    return Source(size, canvas.mode, orientation or UPRIGHT, memory, partial(_load, content, size))


def webp_size(content: bytes) -> tuple[int, int]:
    """Return the width and height that a WebP claims, unchecked; (0, 0) where it claims none.

    >>> webp_size(b"no WebP")
    (0, 0)
    """
    try:
        canvas = next((_canvas(name, chunk) for name, chunk in _walk(content)), None)
    except BadImageError:
        canvas = None
    return canvas[:2] if canvas else (0, 0)


def _walk(webp: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the name and the content of each chunk, each of them whole; what follows them is ignored."""
    view = memoryview(webp)
    end = 8 + int.from_bytes(webp[4:8], "little")
    place = RIFF_BYTES
    if end > len(webp):
        raise BadImageError("the WebP is cut off")
    for _ in range(MAX_CHUNKS):
        if place + 8 > end:
            return
        name, length = struct.unpack_from("<4sI", webp, place)
        if place + 8 + length > end:
            raise BadImageError("the WebP is cut off")
        yield name, view[place + 8 : place + 8 + length]
        place += 8 + length + length % 2
    raise BadImageError(f"the WebP has more than {MAX_CHUNKS} chunks; save it anew")


def _canvas(name: bytes, chunk: memoryview) -> Canvas:
    """Read the first chunk, of whichever of the three kinds.

    Raises:
        BadImageError: it is of none, or says nothing.
    """
    if name == b"VP8 " and chunk[3:6] == START_CODE and len(chunk) >= 10:  # noqa: PLR2004  # bytes of a header
        width, height = struct.unpack_from("<HH", chunk, 6)
        return Canvas(width & SIDE_BITS, height & SIDE_BITS, "RGB")
    if name == b"VP8L" and len(chunk) >= 5 and chunk[0] == LOSSLESS_MARK:  # noqa: PLR2004  # the same
        (bits,) = struct.unpack_from("<I", chunk, 1)
        width, height = (bits & SIDE_BITS) + 1, (bits >> 14 & SIDE_BITS) + 1
        return Canvas(width, height, "RGBA" if bits >> 28 & 1 else "RGB")
    if name == b"VP8X" and len(chunk) >= 10:  # noqa: PLR2004  # the same
        width, height = (int.from_bytes(chunk[start : start + 3], "little") + 1 for start in (4, 7))
        return Canvas(width, height, "RGBA" if chunk[0] & ALPHA else "RGB")
    raise BadImageError("the WebP does not begin with its header")


def _load(content: bytes, size: tuple[int, int], _factor: int) -> Image.Image:
    try:
        image = WebPImageFile(BytesIO(content))
        if image.size != size:
            raise BadImageError("the WebP is damaged: its picture has another size than its header says")
        image.load()
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadImageError("the WebP is damaged: its image data cannot be decoded") from error
    return image
