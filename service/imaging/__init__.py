"""Untrusted bytes in, pixels out: the only way from an upload to what a network reads."""

from service.imaging.alike import decode_alike, is_alike
from service.imaging.budget import BRIEF, Budget
from service.imaging.decode import Limits, Picture, claimed_pixels, decode
from service.imaging.format import Format, format_of
from service.imaging.frame import SIDE
from service.imaging.near import Passed, Read, read, unobserved
from service.imaging.normalize import Choice, Normalized, normalize, normalize_alike
from service.imaging.picture import to_png
from service.imaging.preprocessing import PREPROCESSINGS, Pixels, Preprocessing
from service.imaging.weights import PALETTES, Palette, sheet_shape, signed_png, square, weight_sheet

__all__ = [
    "BRIEF",
    "PALETTES",
    "PREPROCESSINGS",
    "SIDE",
    "Budget",
    "Choice",
    "Format",
    "Limits",
    "Normalized",
    "Palette",
    "Passed",
    "Picture",
    "Pixels",
    "Preprocessing",
    "Read",
    "claimed_pixels",
    "decode",
    "decode_alike",
    "format_of",
    "is_alike",
    "normalize",
    "normalize_alike",
    "read",
    "sheet_shape",
    "signed_png",
    "square",
    "to_png",
    "unobserved",
    "weight_sheet",
]
