"""Characters of printed fonts, and of pens that follow them, framed as MNIST frames a digit.

The fonts are those that matplotlib carries, so everybody has the same. A pen follows the middle line of a
character.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from service.imaging import Picture, normalize
from service.network import FloatArray
from service.training.extras import needs
from service.training.mnist import Digits
from service.training.thinning import thin

__all__ = [
    "HELD_OUT_ALPHABET",
    "HELD_OUT_FONTS",
    "OTHER_ALPHABET_FONTS",
    "SEEN_ALPHABETS",
    "SEEN_FONTS",
    "Font",
    "characters",
    "letters",
    "numerals",
]

SIZE = 64  # pixels of an em
MARGIN = 12  # pixels around a character, wider than half the widest pen
PENS = (3, 7, 11)  # pixels, beside the print itself
MIDDLE_GREY = 127


class Font(NamedTuple):
    """A font, and the alphabets that it has and that are used.

    Attributes:
        file: its name among matplotlib's fonts.
        alphabets: of ALPHABETS.
    """

    file: str
    alphabets: tuple[str, ...]


# Without к, which is drawn as κ, and what can be read as a digit: B b for 6 and 8, D O Q o for 0, I i j l for
# 1, S s for 5, Z z for 2, …
ALPHABETS = {
    "latin": "ACEFGHKLMNPRTUVWXYacdefhkmnprtuvwx",
    "greek": "ΓΔΛΠΣΦΨΩαγεηκλμνπρτυφχψω",
    "cyrillic": "ДЖИЙЛФЦШЩЪЫЮЯджийлмнптфцшщъыьюя",
}
SEEN_ALPHABETS = ("latin", "greek")
HELD_OUT_ALPHABET = "cyrillic"

SEEN_FONTS = (
    Font("DejaVuSans", SEEN_ALPHABETS),
    Font("DejaVuSans-Bold", SEEN_ALPHABETS),
    Font("DejaVuSans-Oblique", SEEN_ALPHABETS),
    Font("DejaVuSansMono", SEEN_ALPHABETS),
    Font("DejaVuSerif", SEEN_ALPHABETS),
    Font("DejaVuSerif-Italic", SEEN_ALPHABETS),
    Font("cmr10", ("latin",)),
    Font("cmss10", ("latin",)),
    Font("cmtt10", ("latin",)),
)
HELD_OUT_FONTS = (
    Font("STIXGeneral", ("latin",)),
    Font("STIXGeneralItalic", ("latin",)),
    Font("STIXGeneralBol", ("latin",)),
    Font("cmti10", ("latin",)),
)
OTHER_ALPHABET_FONTS = (
    Font("DejaVuSans", (HELD_OUT_ALPHABET,)),
    Font("DejaVuSerif", (HELD_OUT_ALPHABET,)),
    Font("STIXGeneral", (HELD_OUT_ALPHABET,)),
)


@cache
def letters(fonts: tuple[Font, ...]) -> FloatArray:
    """Draw every letter of the fonts, printed and by three pens: (n, 784)."""
    return np.concatenate(
        [characters(font.file, "".join(ALPHABETS[name] for name in font.alphabets)) for font in fonts]
    )


@cache
def numerals(fonts: tuple[Font, ...]) -> Digits:
    """Draw the ten digits of the fonts, printed and by three pens."""
    images = np.concatenate([characters(font.file, "0123456789") for font in fonts])
    each = np.repeat(np.arange(10, dtype=np.uint8), 1 + len(PENS))
    return Digits(images, np.tile(each, len(fonts)))


def characters(font: str, text: str) -> FloatArray:
    """Draw each character of a text, printed and by three pens: (4 × characters, 784), in that order."""
    return np.stack([_framed(picture) for character in text for picture in _drawn(font, character)])


def _drawn(font: str, character: str) -> Iterable[Image.Image]:
    printed = _printed(font, character)
    yield printed
    middle = Image.fromarray(thin(np.asarray(printed) > MIDDLE_GREY))
    for pen in PENS:
        yield middle.convert("L").filter(ImageFilter.MaxFilter(pen)).filter(ImageFilter.GaussianBlur(1))


def _printed(font: str, character: str) -> Image.Image:
    """Print one character, light on dark, with a margin around."""
    typeface = ImageFont.truetype(_path(font), SIZE, layout_engine=ImageFont.Layout.BASIC)
    left, top, right, bottom = map(int, typeface.getbbox(character))
    paper = Image.new("L", (right - left + 2 * MARGIN, bottom - top + 2 * MARGIN))
    ImageDraw.Draw(paper).text((MARGIN - left, MARGIN - top), character, font=typeface, fill=255)
    return paper


@cache
def _path(font: str) -> Path:
    return Path(needs("matplotlib").get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"


def _framed(picture: Image.Image) -> FloatArray:
    grey = np.asarray(picture, np.float32) / np.float32(255)
    return normalize(Picture(grey, picture.size, "L")).pixels
