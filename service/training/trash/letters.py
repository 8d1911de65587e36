"""Letters: the things on paper that are most like digits. Those that can be read as digits are left out."""

import numpy as np

from service.network import FloatArray
from service.training import glyphs
from service.training.hands import LOOSE, rewritten
from service.training.mnist import Digits

__all__ = ["letters", "letters_of_another_alphabet", "letters_of_other_fonts"]


def letters(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Write Latin and Greek letters as printed, or with a pen along the print's middle line."""
    return _written(glyphs.letters(glyphs.SEEN_FONTS), rng, n)


def letters_of_other_fonts(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Write Latin letters after fonts that are not trained on."""
    return _written(glyphs.letters(glyphs.HELD_OUT_FONTS), rng, n)


def letters_of_another_alphabet(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Write Cyrillic letters that no other alphabet has."""
    return _written(glyphs.letters(glyphs.OTHER_ALPHABET_FONTS), rng, n)


def _written(every: FloatArray, rng: np.random.Generator, n: int) -> FloatArray:
    return rewritten(every[rng.integers(len(every), size=n)], LOOSE, rng)
