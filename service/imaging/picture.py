"""Grids out: what a network read and what its neurons listen to, as PNGs to look at."""

import io
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.network import FloatArray

__all__ = ["PALETTES", "Palette", "to_png", "weight_grid"]

Colour = tuple[int, int, int]  # red, green, blue, each 0..255


class Palette(NamedTuple):
    """Three colours for signed numbers; those in between are mixed."""

    negative: Colour
    zero: Colour
    positive: Colour


PALETTES: Mapping[str, Palette] = MappingProxyType(
    {
        "safe": Palette((0xD5, 0x5E, 0x00), (0xFF, 0xFF, 0xFF), (0x00, 0x72, 0xB2)),
        "video": Palette((0xE0, 0x3C, 0x31), (0x00, 0x00, 0x00), (0x2E, 0xB8, 0x4C)),
    }
)
"""Vermilion and blue, told apart under every kind of colour blindness; red and green, as in the videos."""


def to_png(pixels: FloatArray) -> bytes:
    """Write (rows, columns) from 0 paper to 1 ink as a grey PNG, ink white on black like MNIST's."""
    return _png(np.rint(pixels * 255).astype(np.uint8))


def weight_grid(weights: FloatArray, palette: Palette, scale: int = 1) -> bytes:
    """Write the weights into one neuron of the first layer as a PNG in colour.

    Args:
        weights: (n_in,), n_in a square number; the largest, whichever its sign, gets the full colour.
        palette: the colours.
        scale: pixels of the PNG along each side of a weight.
    """
    largest = max(float(np.abs(weights).max()), float(np.finfo(np.float32).tiny))
    side = math.isqrt(len(weights))
    share = weights.reshape(side, side, 1) / largest  # -1 to 1
    negative, zero, positive = (np.array(colour, np.float64) for colour in palette)
    colours = zero + np.abs(share) * (np.where(share < 0, negative, positive) - zero)
    return _png(np.rint(colours).astype(np.uint8).repeat(scale, axis=0).repeat(scale, axis=1))


def _png(samples: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "PNG")
    return out.getvalue()
