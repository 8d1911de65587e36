"""Pictures of MNIST's own size and kind, 28×28 bytes of grey, decoded any number at a time.

Pillow undoes the filters of one tall picture as fast as those of one small one. A row of zeros before each is
what a first row has above it (PNG specification, section 9.2), so that none is changed by its neighbour.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from zlib_ng import zlib_ng

from service.errors import ImageError
from service.imaging.format import PNG_SIGNATURE
from service.imaging.frame import SIDE
from service.imaging.header import GREY, Header
from service.imaging.inflate import BLOCK, inflate, stored_block
from service.imaging.limits import Limits
from service.imaging.orientation import UPRIGHT
from service.imaging.plane import unit
from service.imaging.png import check
from service.network import FloatArray

__all__ = ["decode_alike", "is_alike"]

HEADER = Header(SIDE, SIDE, 8, GREY, interlaced=False)
START = PNG_SIGNATURE + len(HEADER.content).to_bytes(4, "big") + b"IHDR" + HEADER.content
WHOLE_HEADER = START + zlib_ng.crc32(b"IHDR" + HEADER.content).to_bytes(4, "big")
IMAGE_DATA = len(WHOLE_HEADER) + 8  # where the first byte of it is, after a length and a name
END = b"\0\0\0\0IEND" + zlib_ng.crc32(b"IEND").to_bytes(4, "big")
MOST = 2 * HEADER.n_bytes  # bytes of image data: more are left to check, which allows some more

ROW = 1 + SIDE  # bytes: the filter and the pixels
ROWS = SIDE * ROW  # bytes of all rows of a picture
AT_ONCE = BLOCK // (ROW + ROWS)  # pictures that one stored block holds: 77
LAST_FILTER = 4  # Paeth's


def is_alike(png: bytes) -> bool:
    """Say whether bytes begin as a PNG of this size and kind does."""
    return png.startswith(START)


def decode_alike(pngs: Sequence[bytes], limits: Limits) -> tuple[list[int], FloatArray]:
    """Decode PNGs of this size and kind.

    Returns:
        which of them were decoded, by their places: those that are damaged, too large or transparent are left
            to whoever looks at one at a time and tells what is wrong.
        their grey, (n, 28, 28) float32, 0 black to 1 white.
    """
    try:
        limits.check_size(SIDE, SIDE)
    except ImageError:
        return [], np.empty((0, SIDE, SIDE), np.float32)
    rows = {place: row for place, png in enumerate(pngs) if (row := _rows(png, limits)) is not None}
    filtered = np.zeros((len(rows), ROW + ROWS), np.uint8)
    if rows:
        filtered[:, ROW:] = np.frombuffer(b"".join(rows.values()), np.uint8).reshape(-1, ROWS)
    sound: NDArray[np.bool_] = np.logical_and.reduce(filtered[:, ::ROW] <= LAST_FILTER, axis=1)
    which = [place for place, is_sound in zip(rows, sound.tolist(), strict=True) if is_sound]
    pixels = [_unfiltered(part) for part in _parts(filtered if sound.all() else filtered[sound])]
    return which, unit(np.concatenate(pixels)) if pixels else np.empty((0, SIDE, SIDE), np.float32)


def _rows(png: bytes, limits: Limits) -> bytes | None:
    """Return the rows of a sound PNG, not yet unfiltered."""
    return _rows_of_plain(png) or _rows_of_any(png, limits)


def _rows_of_plain(png: bytes) -> bytes | None:
    """Return the rows of a PNG that is a header, one piece of image data and an end, all of it sound.

    Most are like that, and check and inflate need several times as long to find out.
    """
    name = png[IMAGE_DATA - 4 : IMAGE_DATA]
    end = IMAGE_DATA + int.from_bytes(png[IMAGE_DATA - 8 : IMAGE_DATA - 4], "big")
    if not png.startswith(WHOLE_HEADER) or name != b"IDAT" or end > IMAGE_DATA + MOST:
        return None
    if png[end + 4 : end + 4 + len(END)] != END:
        return None
    if zlib_ng.crc32(png[IMAGE_DATA - 4 : end]).to_bytes(4, "big") != png[end : end + 4]:
        return None
    stream = zlib_ng.decompressobj()
    try:
        rows = stream.decompress(png[IMAGE_DATA:end], ROWS + 1)
    except zlib_ng.error:  # type: ignore[misc]  # declared as an exception, not as its class
        return None
    return rows if len(rows) == ROWS and stream.eof and not stream.unused_data else None


def _rows_of_any(png: bytes, limits: Limits) -> bytes | None:
    """Return the rows of any sound PNG."""
    try:
        checked = check(png, limits)
        if checked.transparency is not None or checked.orientation != UPRIGHT:
            return None
        return b"".join(inflate(checked.image_data, ROWS))
    except ImageError:
        return None


def _parts(filtered: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    return (filtered[first : first + AT_ONCE] for first in range(0, len(filtered), AT_ONCE))


def _unfiltered(filtered: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Undo the filters of at most AT_ONCE pictures: (n, 29 × 29) → (n, 28, 28)."""
    n_rows = 1 + SIDE  # of each, the zeros before it included
    size = SIDE, len(filtered) * n_rows
    tall = Image.frombytes("L", size, stored_block(filtered.tobytes()), "zip", ("L", 0))
    return np.asarray(tall).reshape(-1, n_rows, SIDE)[:, 1:]
