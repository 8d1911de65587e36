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

N_FORMS = 5_000
N_UPLOADS = 20_000  # pictures; each takes milliseconds to make, so they are made once

Gather: TypeAlias = Callable[[np.random.Generator, Digits], Digits]
Change: TypeAlias = Callable[[FloatArray, Augmentation, np.random.Generator], FloatArray]


class Source(NamedTuple):
    """A source of digits.

    Attributes:
        gather: makes its digits once, from a generator and MNIST's digits.
        change: varies some of them each time they are shown; the bounds are those of the recipe.
    """

    gather: Gather
    change: Change


def _as_they_are(_rng: np.random.Generator, digits: Digits) -> Digits:
    return digits


def _printed(_rng: np.random.Generator, _digits: Digits) -> Digits:
    return glyphs.numerals(glyphs.SEEN_FONTS)


def _drawn(rng: np.random.Generator, _digits: Digits) -> Digits:
    return forms(rng, N_FORMS)


def _uploaded(rng: np.random.Generator, digits: Digits) -> Digits:
    chosen = digits[rng.choice(len(digits), min(N_UPLOADS, len(digits)), replace=False)]
    framed = photographs.framed(photographs.SEEN, rng, chosen.images)
    seen = framed.any(axis=1)  # a thin and faint one may drown in the light
    return Digits(framed[seen], chosen.labels[seen])


def _freely(images: FloatArray, _bounds: Augmentation, rng: np.random.Generator) -> FloatArray:
    return rewritten(images, LOOSE, rng)


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "hands": Source(_as_they_are, _freely),
        "forms": Source(_drawn, _freely),
        "fonts": Source(_printed, _freely),
        "uploads": Source(_uploaded, augment),
    }
)
