"""Untrusted bytes in, pixels out: the only way from an upload to what a network reads."""

from service.imaging.decode import Limits, Picture, decode
from service.imaging.normalize import Choice, Normalized, normalize
from service.imaging.picture import PALETTES, Palette, to_png, weight_grid
from service.imaging.preprocessing import PREPROCESSINGS, Pixels, Preprocessing

__all__ = [
    "PALETTES",
    "PREPROCESSINGS",
    "Choice",
    "Limits",
    "Normalized",
    "Palette",
    "Picture",
    "Pixels",
    "Preprocessing",
    "decode",
    "normalize",
    "to_png",
    "weight_grid",
]
