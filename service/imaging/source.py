"""A picture whose structure was checked and whose pixels are still compressed."""

from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

__all__ = ["Source"]


class Source(NamedTuple):
    """What a checked file says of its picture, and how to decode it.

    Attributes:
        size: (width, height) as stored, in pixels.
        mode: how the file holds a pixel, in Pillow's words.
        orientation: 1 (upright) to 8, as EXIF counts them.
        memory: pixels of a PNG whose decoding takes as much memory as this may take.
        load: decodes; the whole picture, or one reduced by no more than the factor that it is given.
    """

    size: tuple[int, int]
    mode: str
    orientation: int
    memory: int
    load: Callable[[int], Image.Image]
