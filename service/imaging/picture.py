"""Grids out: what a network read or dreamt, as PNGs to look at."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.network import FloatArray

__all__ = ["to_png", "write_png"]


def to_png(pixels: FloatArray, scale: int = 1) -> bytes:
    """Write (rows, columns) from 0 paper to 1 ink as a grey PNG, ink white on black like MNIST's.

    Args:
        pixels: what a network reads.
        scale: pixels of the PNG along each side of one of them.
    """
    return write_png(np.rint(pixels * 255).astype(np.uint8), scale)


def write_png(samples: NDArray[np.uint8], scale: int = 1, colours: NDArray[np.uint8] | None = None) -> bytes:
    """Write (rows, columns) of grey, or of places in a table of 256 colours, each scale pixels a side."""
    image = Image.fromarray(samples.repeat(scale, axis=0).repeat(scale, axis=1))
    if colours is not None:
        image.putpalette(colours.tobytes())
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
