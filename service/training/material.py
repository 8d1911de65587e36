"""What is learned from: digits of every source of a recipe and trash, made before the steps that show them.

Each epoch shows each of MNIST's digits about once, and others beside them, all changed anew; or, where a
recipe keeps some variations of each digit, drawn from all of them. A pixel is kept in one byte, as uploads
bring it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.imaging import PREPROCESSINGS, SIDE
from service.network import FloatArray
from service.training import trash
from service.training.augment import Augmentation, augment
from service.training.device import Arrays
from service.training.extras import needs
from service.training.mnist import Digits
from service.training.recipes import Recipe
from service.training.sources import SOURCES
from service.training.stock import POOLS, Stock, collect
from service.training.streams import MATERIAL
from service.training.workers import side_by_side

__all__ = ["Material", "MiniBatch", "gather", "mini_batches", "supply"]

PART = 2048  # of MNIST's digits whose surroundings are made in one go
CHUNK = 512  # images changed in one go: many, so that numpy is busy, and few enough for the processor's cache
INK = 255  # the byte of a pixel that is all ink


class MiniBatch(NamedTuple):
    """What one step learns from.

    Attributes:
        images: digits, (n, n_in), as the first layer reads them.
        targets: (n, n_out), 1 at the digit.
        trash: images to choose trash from, (m, n_in), likewise; their targets are zeros.
    """

    images: FloatArray
    targets: FloatArray
    trash: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Everything that is shown, each image prepared as the server prepares it.

    Attributes:
        images: digits, (n, n_in) uint8, 0 paper to 255 ink.
        labels: of the digits, (n,).
        trash: (m, n_in) uint8.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    trash: NDArray[np.uint8]

    def on(self, to: Arrays) -> "Material":
        """Return the same in arrays of another module."""
        return Material(*(to.asarray(array) for array in (self.images, self.labels, self.trash)))


class Part(NamedTuple):
    """A task: MNIST's digits of these places, other digits beside them, and trash."""

    first: int
    last: int
    seed: np.random.SeedSequence


class Shared(NamedTuple):
    """What every task needs."""

    stock: Stock
    recipe: Recipe


def supply(
    recipe: Recipe, digits: Digits, seed: int, processes: int = 1, to: Arrays = np
) -> Iterator[Material]:
    """Yield what each epoch learns from; the same seed gives the same in any number of processes.

    Where the recipe keeps some variations, or where nothing varies, that is the same every time. Else it is
    made anew, in several processes while the epoch before is learned from.

    Args:
        recipe: everything that decides what.
        digits: of MNIST.
        seed: of everything random.
        processes: that make it, at most so many at once.
        to: the module of the device's arrays.
    """
    if recipe.variations or not _varies(recipe):
        kept = gather(recipe, digits, seed, processes).on(to)
        while True:
            yield kept
    stock = collect(recipe, digits, seed, processes)
    n_parts = len(range(0, len(digits), PART))
    parts = chain.from_iterable(
        _parts(digits, np.random.SeedSequence([seed, MATERIAL, epoch]), 1) for epoch in count()
    )
    made = side_by_side(_made, Shared(stock, recipe), parts, processes, ahead=n_parts)
    while True:
        yield _joined(islice(made, n_parts)).on(to)


def _varies(recipe: Recipe) -> bool:
    return bool(recipe.sources or recipe.trash) or recipe.augmentation != Augmentation()


def gather(recipe: Recipe, digits: Digits, seed: int, processes: int = 1) -> Material:
    """Make the recipe's variations of every digit, one where it names no number, and what comes with them."""
    stock = collect(recipe, digits, seed, processes)
    parts = list(_parts(digits, np.random.SeedSequence([seed, MATERIAL]), recipe.variations or 1))
    made = side_by_side(_made, Shared(stock, recipe), parts, processes, ahead=len(parts))
    return _joined(needs("tqdm").tqdm(made, "material", len(parts), leave=False, disable=None))


def _parts(digits: Digits, seed: np.random.SeedSequence, passes: int) -> Iterator[Part]:
    """Cut so many passes over all digits into tasks."""
    places = [
        (first, min(first + PART, len(digits)))
        for _pass in range(passes)
        for first in range(0, len(digits), PART)
    ]
    seeds = seed.spawn(len(places))
    return (Part(first, last, own) for (first, last), own in zip(places, seeds, strict=True))


def _joined(parts: Iterable[tuple[NDArray[np.uint8], ...]]) -> Material:
    return Material(*map(np.concatenate, zip(*parts, strict=True)))


def mini_batches(
    material: Material, recipe: Recipe, n_steps: int, rng: np.random.Generator, to: Arrays = np
) -> Iterator[MiniBatch]:
    """Draw the mini-batches of one epoch, no digit twice.

    Args:
        material: in arrays of `to`.
        recipe: how many of what there are in each.
        n_steps: mini-batches.
        rng: the order.
        to: the module of the material's arrays.
    """
    order = rng.permutation(len(material.labels))[: n_steps * recipe.n_digits].reshape(n_steps, -1)
    n_trash = recipe.n_trash * recipe.trash_drawn
    rubbish = rng.integers(max(len(material.trash), 1), size=(n_steps, n_trash))
    targets = to.eye(recipe.sizes[-1], dtype=np.float32)
    for digits, others in zip(to.asarray(order), to.asarray(rubbish), strict=True):
        yield MiniBatch(
            _shown(material.images[digits]), targets[material.labels[digits]], _shown(material.trash[others])
        )


def _shown(pixels: Any) -> Any:  # noqa: ANN401  # arrays of either module
    """Turn bytes, (n, n_in), into ink from 0 to 1."""
    return pixels.astype(np.float32) / np.float32(INK)


def _kept(images: FloatArray) -> NDArray[np.uint8]:
    """Turn ink from 0 to 1 into the nearest of 256 greys."""
    return (images * np.float32(INK) + np.float32(0.5)).astype(np.uint8)


def _made(shared: Shared, part: Part) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Make the images, the labels and the trash of one part."""
    rng = np.random.default_rng(part.seed)
    chunks = [
        _chunk(shared.stock, shared.recipe, slice(first, min(first + CHUNK, part.last)), rng)
        for first in range(part.first, part.last, CHUNK)
    ]
    images, labels, rubbish = zip(*chunks, strict=True)
    return np.concatenate(images), np.concatenate(labels), np.concatenate(rubbish)


def _chunk(
    stock: Stock, recipe: Recipe, which: slice, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    own = stock.own[which]

    def beside(n: int) -> int:
        """Count what comes with these digits where n come with those of a mini-batch."""
        return -(-len(own) * n // recipe.n_own)

    still = recipe.augmentation == Augmentation()
    images = [own.images if still else augment(own.images, recipe.augmentation, rng)]
    labels = [own.labels]
    for name, n in recipe.n_others.items():
        others = stock.others[name]
        drawn = others[rng.integers(len(others), size=beside(n))]
        images.append(SOURCES[name].change(drawn.images, recipe.augmentation, rng))
        labels.append(drawn.labels)
    rubbish = _trash(stock, beside(recipe.n_trash), recipe, rng)
    prepare = PREPROCESSINGS[recipe.preprocessing].prepare
    return _kept(prepare(np.concatenate(images))), np.concatenate(labels), _kept(prepare(rubbish))


def _trash(stock: Stock, n: int, recipe: Recipe, rng: np.random.Generator) -> FloatArray:
    """Draw n images of trash, (n, 784), each kind as often as the recipe says."""
    if not n:
        return np.empty((0, SIDE * SIDE), np.float32)
    weights = np.array([*recipe.trash.values()])
    counts = rng.multinomial(n, weights / weights.sum())
    return np.concatenate(
        [_trash_of(kind, int(m), stock, rng) for kind, m in zip(recipe.trash, counts, strict=True)]
    )


def _trash_of(kind: str, n: int, stock: Stock, rng: np.random.Generator) -> FloatArray:
    pool = stock.pools.get(kind)
    if pool is None:
        return trash.draw(kind, rng, stock.own, n)
    return POOLS[kind].vary(pool[rng.integers(len(pool), size=n)], rng)
