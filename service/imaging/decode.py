"""From the bytes of a PNG to one upright plane of grey."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO, cast

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from service.errors import BadImageError
from service.imaging.header import Limits
from service.imaging.inflate import StoredPng
from service.imaging.plane import flatten, read_planes
from service.imaging.png import Png, check
from service.network import FloatArray

__all__ = ["LARGEST", "Limits", "Picture", "decode"]

LARGEST = 192  # pixels a side: seven for each of a digit's 28, and no more to compute with

UPRIGHT: Mapping[int, Callable[[FloatArray], FloatArray]] = MappingProxyType(
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

TURNED = frozenset((5, 6, 7, 8))  # orientations in which the picture lies on its side


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded upload.

    Attributes:
        grey: (height, width) float32, 0 black to 1 white, transparency flattened, upright.
        size: (width, height) as uploaded, upright, in pixels; larger than grey where it was reduced.
        mode: how the PNG held it: "1", "L", "LA", "P", "RGB", "RGBA" or "I;16".
    """

    grey: FloatArray
    size: tuple[int, int]
    mode: str


def decode(png: bytes, limits: Limits) -> Picture:
    """Turn the bytes of a PNG into one upright plane of grey.

    A picture of more than 192 pixels a side is reduced to at most that, by averaging.

    Raises:
        NotAPngError: the bytes are something else.
        ImageTooLargeError: more pixels than the limits allow.
        BadImageError: the PNG is truncated or corrupt.
    """
    checked = check(png, limits)
    width, height = checked.header.width, checked.header.height
    factor = -(-max(width, height) // LARGEST)
    planes = read_planes(_load(checked), factor)
    upright = UPRIGHT[checked.orientation](flatten(planes))
    size = (height, width) if checked.orientation in TURNED else (width, height)
    return Picture(np.ascontiguousarray(upright), size, checked.header.mode)


def _load(png: Png) -> Image.Image:
    """Let Pillow undo the filters and unpack the samples."""
    try:
        image = PngImageFile(cast("IO[bytes]", StoredPng(png)))  # only read, seek and tell are called
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise BadImageError("the PNG is damaged: its image data cannot be decoded") from error
    if png.palette is not None and cast("int", image.getextrema()[1]) >= len(png.palette) // 3:
        raise BadImageError("the PNG is damaged: its pixels name colours that its palette lacks")
    if png.palette is None and png.transparency is not None:
        image.info["transparency"] = _transparent_colour(png.transparency, image.mode, png.header.depth)
    return image


def _transparent_colour(transparency: bytes, mode: str, depth: int) -> int | tuple[int, ...]:
    """Return the transparent colour in the samples that Pillow has made of the file's.

    Of 16-bit colours Pillow keeps the upper bytes, so that the lower ones do not tell them apart here either.
    """
    samples = struct.unpack(f">{len(transparency) // 2}H", transparency)
    if mode == "RGB":
        return tuple(sample >> (depth - 8) & 255 for sample in samples)
    largest = 2**depth - 1
    return int(samples[0] & largest) * (1 if mode == "I;16" else 255 // largest)
