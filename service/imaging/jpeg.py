"""The structure of a JPEG, checked segment by segment before any of it is decoded.

Only what the picture is made of is handed on: frame, tables and scans, and the words of JFIF and Adobe on
its colours. Of everything else the orientation of EXIF is read, the first where there are several.
Source: ITU-T Recommendation T.81, annex B.
"""

import re
import struct
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import NamedTuple

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from service.errors import BadImageError
from service.imaging.limits import Limits
from service.imaging.orientation import EXIF_NAME, UPRIGHT, orientation_of
from service.imaging.source import Source

__all__ = ["jpeg_size", "jpeg_source"]

START, END = b"\xff\xd8", 0xD9
FRAMES = frozenset((0xC0, 0xC1, 0xC2))  # Huffman-coded: baseline, extended, progressive
OTHER_FRAMES = frozenset({*range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC})  # lossless, hierarchical, arithmetic
TABLES = frozenset((0xC4, 0xDB, 0xDD))  # Huffman tables, quantization tables, restart interval
SCAN, JFIF, EXIF, ADOBE = 0xDA, 0xE0, 0xE1, 0xEE
JFIF_NAME, JFIF_BYTES = b"JFIF\0", 14  # shorter ones are none to libjpeg
MODES = {1: "L", 3: "RGB"}  # by the number of components
FRAME = ">BHHB"  # precision, height, width, components

NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in a scan: neither a stuffed byte nor a restart
FILL = re.compile(rb"\xff+(?=\xff)")  # any number of such bytes may stand before a marker
MAX_SEGMENTS = 4096
MAX_SCANS = 32
"""Each scan goes over the whole picture, and an empty one takes a few bytes; encoders write 10 or so."""


class Segment(NamedTuple):
    """One segment, and behind the header of a scan its coded data.

    Attributes:
        marker: the second byte of its marker.
        content: behind its length.
        whole: from its marker on; fill bytes left out of the coded data.
    """

    marker: int
    content: memoryview
    whole: memoryview


def jpeg_source(content: bytes, limits: Limits) -> Source:
    """Check bytes that begin as a JPEG does.

    Raises:
        ImageTooLargeError: more pixels than the limits allow.
        BadImageError: segments are cut off, missing or out of order, or of a kind that is not read; load
            raises it where the scans cannot be decoded.
    """
    parts: list[bytes | memoryview] = [START]
    size, mode, orientation, n_scans = (0, 0), "", 0, 0
    for segment in _walk(content):
        if segment.marker in FRAMES:
            if mode:
                raise BadImageError("the JPEG has more than one frame")
            size, mode = _frame(segment.content, limits)
        elif segment.marker == SCAN:
            n_scans += 1
            _check_scan(mode, n_scans)
        elif segment.marker == EXIF and segment.content[: len(EXIF_NAME)] == EXIF_NAME:
            orientation = orientation or orientation_of(bytes(segment.content[len(EXIF_NAME) :]))
        if segment.marker in {*FRAMES, *TABLES, SCAN, ADOBE} or _is_jfif(segment):
            parts.append(segment.whole)
    if not n_scans:
        raise BadImageError("the JPEG has no image data")
    width, height = size
    load = partial(_load, [*parts, bytes((0xFF, END))])
    return Source(size, mode, orientation or UPRIGHT, width * height, load)


def jpeg_size(content: bytes) -> tuple[int, int]:
    """Return the width and height that a JPEG claims, unchecked; (0, 0) where it claims none.

    >>> jpeg_size(b"no JPEG")
    (0, 0)
    """
    try:
        frame = next((segment.content for segment in _walk(content) if segment.marker in FRAMES), None)
        _, height, width, _ = struct.unpack_from(FRAME, b"" if frame is None else frame)
    except (BadImageError, struct.error):
        return 0, 0
    return width, height


def _walk(jpeg: bytes) -> Iterator[Segment]:
    """Yield the segments behind the first marker and before the last, each of them whole."""
    view = memoryview(jpeg)
    place = len(START)
    for _ in range(MAX_SEGMENTS):
        fill = FILL.match(jpeg, place)
        place = fill.end() if fill else place
        if jpeg[place : place + 2] == bytes((0xFF, END)):
            return
        if place + 4 > len(jpeg):
            raise BadImageError("the JPEG is cut off: it has no end")
        mark, marker, length = struct.unpack_from(">BBH", jpeg, place)
        end = place + 2 + length
        if mark != 0xFF or marker < 0xC0 or length < 2:  # noqa: PLR2004  # a length counts its own two bytes
            raise BadImageError(f"the JPEG is damaged: no segment begins at byte {place}")
        if marker in OTHER_FRAMES:
            raise BadImageError("the JPEG is coded in a way that is not read; save it as an ordinary one")
        behind = NEXT_MARKER.search(jpeg, end) if marker == SCAN else None
        after = behind.start() if behind else end
        if end > len(jpeg) or (marker == SCAN and behind is None):
            raise BadImageError("the JPEG is cut off: it has no end")
        yield Segment(marker, view[place + 4 : end], _whole(jpeg, place, end, after))
        place = after
    raise BadImageError(f"the JPEG has more than {MAX_SEGMENTS} segments; save it anew")


def _whole(jpeg: bytes, place: int, end: int, after: int) -> memoryview:
    """Leave fill bytes out of coded data: at each 64 KiB of them libjpeg begins anew, with all before."""
    if jpeg.find(b"\xff\xff", end, after) < 0:
        return memoryview(jpeg)[place:after]
    data = jpeg[end:after]
    while b"\xff\xff" in data:  # to cut by a pattern takes 70 times the memory
        data = data.replace(b"\xff\xff", b"\xff")
    return memoryview(jpeg[place:end] + data)


def _is_jfif(segment: Segment) -> bool:
    """Say whether a segment is JFIF's: colours are YCbCr then, whatever Adobe says."""
    named = segment.marker == JFIF and segment.content[: len(JFIF_NAME)] == JFIF_NAME
    return named and len(segment.content) >= JFIF_BYTES


def _frame(content: memoryview, limits: Limits) -> tuple[tuple[int, int], str]:
    """Read the size and the mode of a frame."""
    if len(content) < struct.calcsize(FRAME):
        raise BadImageError("the JPEG's frame is too short")
    precision, height, width, n_components = struct.unpack_from(FRAME, content)
    if precision != 8 or n_components not in MODES:  # noqa: PLR2004  # bits
        raise BadImageError("the JPEG is neither grey nor RGB of 8 bits; save it as one of the two")
    if not width or not height:
        raise BadImageError(f"the JPEG has {width}x{height} pixels; there is no picture in it")
    limits.check_size(width, height)
    return (width, height), MODES[n_components]


def _check_scan(mode: str, n_scans: int) -> None:
    if not mode:
        raise BadImageError("the JPEG is damaged: a scan comes before its frame")
    if n_scans > MAX_SCANS:
        raise BadImageError(f"the JPEG has more than {MAX_SCANS} scans; save it anew")


def _load(parts: list[bytes | memoryview], factor: int) -> Image.Image:
    """Decode the light alone, and where squares are averaged anyway, not every pixel of it."""
    try:
        image = JpegImageFile(BytesIO(b"".join(parts)))
        width, height = image.size
        image.draft("L", (-(-width // factor), -(-height // factor)))
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise BadImageError("the JPEG is damaged: its image data cannot be decoded") from error
    return image
