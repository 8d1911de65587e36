"""Where digits to learn from come from beside MNIST's own: other hands, other forms, fonts, uploads."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np

from service.network import FloatArray
from service.training import glyphs, photographs
from service.training.augment import Augmentation, augment
from service.training.forms import forms
from service.training.hands import LOOSE, rewritten
from service.training.mnist import Digits

__all__ = ["SOURCES", "Source"]

Make: TypeAlias = Callable[[np.random.Generator, Digits, int], Digits]
Change: TypeAlias = Callable[[FloatArray, Augmentation, np.random.Generator], FloatArray]


class Source(NamedTuple):
    """A source of digits.

    Attributes:
        make: makes some of its digits, from a generator and MNIST's digits.
        n: how many are made; each takes milliseconds, so they are made once. 0 where they are MNIST's own.
        change: varies some of them each time they are shown; the bounds are those of the recipe.
    """

    make: Make
    n: int
    change: Change


def _as_they_are(_rng: np.random.Generator, digits: Digits, _n: int) -> Digits:
    return digits


def _printed(rng: np.random.Generator, _digits: Digits, n: int) -> Digits:
    every = glyphs.numerals(glyphs.SEEN_FONTS)
    return every[rng.integers(len(every), size=n)]


def _drawn(rng: np.random.Generator, _digits: Digits, n: int) -> Digits:
    return forms(rng, n)


def _uploaded(rng: np.random.Generator, digits: Digits, n: int) -> Digits:
    chosen = digits[rng.integers(len(digits), size=n)]
    framed = photographs.framed(photographs.SEEN, rng, chosen.images)
    seen = framed.any(axis=1)  # a thin and faint one may drown in the light
    return Digits(framed[seen], chosen.labels[seen])


def _freely(images: FloatArray, _bounds: Augmentation, rng: np.random.Generator) -> FloatArray:
    return rewritten(images, LOOSE, rng)


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "hands": Source(_as_they_are, 0, _freely),
        "forms": Source(_drawn, 12_000, _freely),
        "fonts": Source(_printed, 500, _freely),
        "uploads": Source(_uploaded, 16_000, augment),
    }
)
