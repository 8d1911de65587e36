"""What material is made from: MNIST's digits, digits of other sources, and trash that is costly to make.

It is gathered once, in parts of a fixed size with a generator each, so that the same seed gives the same
stock in any number of processes; and nothing more than once for each of MNIST's digits.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from service.imaging import SIDE
from service.network import FloatArray
from service.training import glyphs, trash
from service.training.extras import needs
from service.training.hands import LOOSE, rewritten
from service.training.mnist import Digits
from service.training.recipes import Recipe
from service.training.sources import SOURCES
from service.training.streams import STOCK
from service.training.workers import side_by_side

__all__ = ["POOLS", "Pool", "Stock", "collect"]

PART = 500  # images made in one go


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """What was gathered.

    Attributes:
        own: MNIST's digits.
        others: digits of the recipe's other sources, by source.
        pools: trash that is made once and changed each time, by kind.
    """

    own: Digits
    others: Mapping[str, Digits]
    pools: Mapping[str, FloatArray]


class Part(NamedTuple):
    """A task: so many images of a source of digits or of a kind of trash."""

    name: str
    n: int
    seed: np.random.SeedSequence


def collect(recipe: Recipe, digits: Digits, seed: int, processes: int) -> Stock:
    """Gather what the recipe asks for beside MNIST's own digits."""
    wanted = {name: SOURCES[name].n for name in recipe.sources}
    wanted |= {kind: POOLS[kind].n or recipe.trash_kept for kind in recipe.trash if kind in POOLS}
    sizes = [
        (name, min(PART, most - first))
        for name, most in ((name, min(n, len(digits))) for name, n in wanted.items())
        for first in range(0, most, PART)
    ]
    seeds = np.random.SeedSequence([seed, STOCK]).spawn(len(sizes))
    parts = [Part(name, n, own) for (name, n), own in zip(sizes, seeds, strict=True)]
    made: dict[str, list[Digits]] = {name: [] for name in wanted}
    results = side_by_side(_made, digits, parts, processes, ahead=len(parts))
    bar = needs("tqdm").tqdm(results, "stock", len(parts), leave=False, disable=None)
    for part, result in zip(parts, bar, strict=True):
        made[part.name].append(result)
    return Stock(
        digits,
        {name: _joined(made[name]) if made[name] else digits for name in recipe.sources},
        {kind: _seen(_joined(made[kind]).images) for kind in wanted if kind in POOLS},
    )


def _made(digits: Digits, part: Part) -> Digits:
    rng = np.random.default_rng(part.seed)
    if part.name in SOURCES:
        return SOURCES[part.name].make(rng, digits, part.n)
    images = POOLS[part.name].make(rng, digits, part.n)
    return Digits(images, np.zeros(len(images), np.uint8))  # nobody asks for the labels of trash


def _seen(images: FloatArray) -> FloatArray:
    """Leave out what imaging rejects, which came out blank; all is kept where nothing else is left."""
    seen = images.any(axis=1)
    return images[seen] if seen.any() else images


def _joined(parts: Iterable[Digits]) -> Digits:
    images, labels = zip(*((part.images, part.labels) for part in parts), strict=True)
    return Digits(np.concatenate(images), np.concatenate(labels))


def _rewritten(images: FloatArray, rng: np.random.Generator) -> FloatArray:
    return rewritten(images, LOOSE, rng)


def _mirrored(images: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Turn noise over at random, along each axis and along the diagonal: its frame stays where it is."""
    pictures = images.reshape(-1, SIDE, SIDE)
    for over in (np.s_[:, ::-1], np.s_[:, :, ::-1]):
        pictures = np.where(rng.integers(2, size=(len(pictures), 1, 1)), pictures[over], pictures)
    turned = np.where(rng.integers(2, size=(len(pictures), 1, 1)), pictures.transpose(0, 2, 1), pictures)
    return turned.reshape(images.shape)


class Pool(NamedTuple):
    """A kind of trash that is made once.

    Attributes:
        make: makes some of it.
        n: how many images are made; None as many as the recipe keeps.
        vary: changes images each time they are shown.
    """

    make: trash.Kind
    n: int | None
    vary: Callable[[FloatArray, np.random.Generator], FloatArray]


def _drawn(kind: str) -> trash.Kind:
    return partial(trash.draw, kind)


def _every_letter(_rng: np.random.Generator, _digits: Digits, _n: int) -> FloatArray:
    return glyphs.letters(glyphs.SEEN_FONTS)


POOLS: Mapping[str, Pool] = MappingProxyType(
    {
        "uploaded": Pool(_drawn("uploaded"), 60_000, _mirrored),  # imaging rejects nine of ten
        "framed": Pool(_drawn("framed"), None, _rewritten),
        "scribbles": Pool(_drawn("scribbles"), None, _rewritten),
        "letters": Pool(_every_letter, 1, _rewritten),  # one task draws them all
    }
)
