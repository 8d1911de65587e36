"""From the bytes of a picture to one upright plane of grey."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from PIL import Image

from service.errors import BadImageError, NotAPngError
from service.imaging.budget import Budget
from service.imaging.format import PNG_SIGNATURE, Format, format_of, looks_like
from service.imaging.jpeg import jpeg_size, jpeg_source
from service.imaging.limits import Limits
from service.imaging.parts import Box
from service.imaging.plane import flatten, read_planes
from service.imaging.png import png_size
from service.imaging.raster import png_source
from service.imaging.source import Source
from service.imaging.webp import webp_size, webp_source
from service.network import FloatArray

__all__ = ["LARGEST", "TURNS", "Limits", "Picture", "claimed_pixels", "decode", "source_of"]

LARGEST = 192  # pixels a side: seven for each of a digit's 28, and no more to compute with

TURNS: Mapping[int, Callable[[FloatArray], FloatArray]] = MappingProxyType(
    {
        1: lambda grey: grey,
        2: np.fliplr,
        3: lambda grey: np.rot90(grey, 2),
        4: np.flipud,
        5: np.transpose,
        6: lambda grey: np.rot90(grey, -1),
        7: lambda grey: np.rot90(grey, 2).T,
        8: np.rot90,
    }
)
"""What turns a picture upright, by its EXIF orientation; numpy turns counterclockwise."""

STORED: Mapping[int, Callable[[int, int, int, int, int, int], Box]] = MappingProxyType(
    {
        1: lambda left, top, right, bottom, _w, _h: (left, top, right, bottom),
        2: lambda left, top, right, bottom, w, _h: (w - right, top, w - left, bottom),
        3: lambda left, top, right, bottom, w, h: (w - right, h - bottom, w - left, h - top),
        4: lambda left, top, right, bottom, _w, h: (left, h - bottom, right, h - top),
        5: lambda left, top, right, bottom, _w, _h: (top, left, bottom, right),
        6: lambda left, top, right, bottom, w, _h: (top, w - right, bottom, w - left),
        7: lambda left, top, right, bottom, w, h: (h - bottom, w - right, h - top, w - left),
        8: lambda left, top, right, bottom, _w, h: (h - bottom, left, h - top, right),
    }
)
"""Where a part of an upright picture of some width and height is stored, by its EXIF orientation."""

ON_ITS_SIDE = frozenset((5, 6, 7, 8))  # orientations in which width and height are swapped

SOURCES: Mapping[Format, Callable[[bytes, Limits], Source]] = MappingProxyType(
    {Format.PNG: png_source, Format.JPEG: jpeg_source, Format.WEBP: webp_source}
)
"""How each format is checked."""

SIZES: Mapping[Format, Callable[[bytes], tuple[int, int]]] = MappingProxyType(
    {Format.PNG: png_size, Format.JPEG: jpeg_size, Format.WEBP: webp_size}
)
"""How each format says its size, without being checked."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded upload.

    Attributes:
        grey: (height, width) float32, 0 black to 1 white, transparency flattened, upright.
        size: (width, height) as uploaded, upright, in pixels; larger than grey where it was reduced.
        mode: how the file held it: "1", "L", "LA", "P", "RGB", "RGBA" or "I;16".
    """

    grey: FloatArray
    size: tuple[int, int]
    mode: str


def decode(content: bytes, limits: Limits, budget: Budget | None = None, part: Box | None = None) -> Picture:
    """Turn the bytes of a picture into one upright plane of grey.

    A picture of more than 192 pixels a side is reduced to at most that, by averaging.

    Args:
        content: a file's bytes, from anyone.
        limits: what is read.
        budget: shared by those who decode at the same time; None bounds nothing.
        part: of the upright picture, which becomes all of it; None takes the whole.

    Raises:
        NotAPngError: the bytes are of no format that is read.
        ImageTooLargeError: more pixels than the limits allow.
        BadImageError: the picture is truncated or corrupt.
        BusyError: too many large pictures are being decoded.
    """
    source = source_of(content, limits)
    width, height = source.size[::-1] if source.orientation in ON_ITS_SIDE else source.size
    left, top, right, bottom = (0, 0, width, height) if part is None else part
    size = right - left, bottom - top
    with nullcontext() if budget is None else budget.lend(source.memory):
        image = source.load(-(-max(size) // LARGEST))
        if part is not None:
            image = _cut(image, STORED[source.orientation](*part, width, height), source.size)
        planes = read_planes(image, -(-max(image.size) // LARGEST))
    upright = TURNS[source.orientation](flatten(planes))
    return Picture(np.ascontiguousarray(upright), size, source.mode)


def _cut(image: Image.Image, part: Box, size: tuple[int, int]) -> Image.Image:
    """Cut a part out of a picture, which is of that size unless its decoder has reduced it."""
    scale = max(image.size) / max(size)
    left, top, right, bottom = (round(edge * scale) for edge in part)
    return image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def source_of(content: bytes, limits: Limits) -> Source:
    """Check the structure of a picture without decoding it; what it raises is what decode does."""
    found = format_of(content)
    if found in limits.formats:
        return SOURCES[found](content, limits)
    if content and PNG_SIGNATURE.startswith(content):
        raise BadImageError(f"the PNG is cut off within its first {len(PNG_SIGNATURE)} bytes")
    raise _not_read(content, found, limits)


def claimed_pixels(content: bytes) -> int:
    """Return how many pixels a picture says that it has, unchecked; 0 where it says nothing."""
    found = format_of(content)
    if found is None:
        return 0
    width, height = SIZES[found](content)
    return width * height


def _not_read(content: bytes, found: Format | None, limits: Limits) -> NotAPngError:
    wanted = " or ".join(name.upper() for name in Format if name in limits.formats)
    looks = looks_like(content)
    if not content:
        return NotAPngError(f"the file is empty; send one {wanted}")
    if found is not None:
        listed = ",".join([*(name for name in Format if name in limits.formats), found])
        return NotAPngError(
            f"the file is not a {wanted}, it looks like {looks}, which is switched off here "
            f"(DIGITS_FORMATS={listed} switches it on); send one {wanted}"
        )
    what = f"not a {wanted}" if looks is None else f"not a {wanted}, it looks like {looks}"
    return NotAPngError(f"the file is {what}; send one {wanted}")
