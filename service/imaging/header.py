"""A PNG's header: the size of the picture and how it holds its pixels (PNG specification, section 11.2.1)."""

import struct
from typing import NamedTuple

from service.errors import BadImageError
from service.imaging.limits import Limits

__all__ = ["GREY", "PALETTE", "Header", "read_header"]

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6


class ColourType(NamedTuple):
    """One way to hold a pixel.

    Attributes:
        mode: Pillow's word for it.
        channels: samples a pixel.
        depths: bits that a sample may have.
    """

    mode: str
    channels: int
    depths: tuple[int, ...]


COLOUR_TYPES = {
    GREY: ColourType("L", 1, (1, 2, 4, 8, 16)),
    RGB: ColourType("RGB", 3, (8, 16)),
    PALETTE: ColourType("P", 1, (1, 2, 4, 8)),
    GREY_ALPHA: ColourType("LA", 2, (8, 16)),
    RGB_ALPHA: ColourType("RGBA", 4, (8, 16)),
}
GREY_MODES = {1: "1", 16: "I;16"}  # by depth, where Pillow has a word of its own

IHDR = ">IIBBBBB"
HEADER_BYTES = struct.calcsize(IHDR)

PASSES = (  # of Adam7: first column and row, then every so many columns and rows
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


class Header(NamedTuple):
    """What a sound IHDR chunk says.

    Attributes:
        width: pixels, at least 1.
        height: pixels, at least 1.
        depth: bits of one sample.
        colour: the colour type.
        interlaced: whether the rows come in the seven passes of Adam7.
    """

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool

    @property
    def content(self) -> bytes:
        """Write the 13 bytes of an IHDR chunk."""
        return struct.pack(IHDR, self.width, self.height, self.depth, self.colour, 0, 0, self.interlaced)

    @property
    def mode(self) -> str:
        """Name how the pixels are held, in Pillow's words."""
        mode = COLOUR_TYPES[self.colour].mode
        return GREY_MODES.get(self.depth, mode) if self.colour == GREY else mode

    @property
    def n_bytes(self) -> int:
        """Count the bytes that the image data inflates to: every row, and a filter byte before each."""
        bits = self.depth * COLOUR_TYPES[self.colour].channels
        if not self.interlaced:
            return _n_bytes(self.width, self.height, bits)
        return sum(
            _n_bytes(-((left - self.width) // across), -((top - self.height) // down), bits)
            for left, top, across, down in PASSES
        )


def read_header(content: bytes, limits: Limits) -> Header:
    """Read the 13 bytes of an IHDR chunk.

    Raises:
        ImageTooLargeError: more pixels than the limits allow.
        BadImageError: a picture of a kind that does not exist.
    """
    if len(content) != HEADER_BYTES:
        raise BadImageError(f"the PNG's header has {len(content)} bytes; there should be {HEADER_BYTES}")
    width, height, depth, colour, compression, filtering, interlacing = struct.unpack(IHDR, content)
    if colour not in COLOUR_TYPES or depth not in COLOUR_TYPES[colour].depths:
        raise BadImageError(f"the PNG's header says colour type {colour} at {depth} bits; there is none")
    if compression or filtering or interlacing > 1:
        raise BadImageError("the PNG's header says a compression, filter or interlacing that does not exist")
    if not width or not height:
        raise BadImageError(f"the PNG has {width}x{height} pixels; there is no picture in it")
    limits.check_size(width, height)
    return Header(width, height, depth, colour, interlacing == 1)


def _n_bytes(width: int, height: int, bits: int) -> int:
    """Count the bytes of rows, filter bytes included; a pass without columns has no rows either."""
    return height * (1 + (width * bits + 7) // 8) if width else 0
