"""Untrusted bytes in, pixels out: the only way from an upload to what a network reads."""

from service.imaging.budget import Budget
from service.imaging.decode import Limits, Picture, claimed_pixels, decode
from service.imaging.format import Format, format_of
from service.imaging.normalize import Choice, Normalized, normalize
from service.imaging.picture import to_png
from service.imaging.preprocessing import PREPROCESSINGS, Pixels, Preprocessing
from service.imaging.weights import PALETTES, Palette, sheet_shape, signed_png, square, weight_sheet

__all__ = [
    "PALETTES",
    "PREPROCESSINGS",
    "Budget",
    "Choice",
    "Format",
    "Limits",
    "Normalized",
    "Palette",
    "Picture",
    "Pixels",
    "Preprocessing",
    "claimed_pixels",
    "decode",
    "format_of",
    "normalize",
    "sheet_shape",
    "signed_png",
    "square",
    "to_png",
    "weight_sheet",
]
