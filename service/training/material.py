"""What is learned from, step by step: digits of every source of a recipe, and trash, in mini-batches."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.imaging import PREPROCESSINGS
from service.network import FloatArray
from service.training import trash
from service.training.augment import Augmentation, augment
from service.training.hands import LOOSE, rewritten
from service.training.mnist import Digits
from service.training.recipes import Recipe
from service.training.sources import SOURCES

__all__ = ["Material", "MiniBatch", "gather", "mini_batches"]

SIDE = 28  # pixels
CHUNK = 512  # images changed in one go: many, so that numpy is busy, and few enough for the processor's cache
POOL = 6000  # images of each kind of trash that costs more to make than to learn from


Number = TypeVar("Number", bound=np.generic)


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
    """What was gathered before the first step.

    Attributes:
        own: MNIST's digits, each shown once in an epoch.
        others: digits of the recipe's other sources, by source.
        pools: trash that is made once and changed each time, by kind.
    """

    own: Digits
    others: Mapping[str, Digits]
    pools: Mapping[str, FloatArray]


def gather(recipe: Recipe, digits: Digits, rng: np.random.Generator) -> Material:
    """Make once what would take too long to be made anew for each mini-batch."""
    return Material(
        digits,
        {name: SOURCES[name].gather(rng, digits) for name in recipe.sources},
        {kind: trash.draw(kind, rng, digits, POOL) for kind in recipe.trash if kind in POOLED},
    )


def mini_batches(material: Material, recipe: Recipe, rng: np.random.Generator) -> Iterator[MiniBatch]:
    """Pass once over MNIST's digits in random order, each changed anew, with other digits and trash beside.

    Digits that do not fill a mini-batch are left out of this pass.
    """
    steps_at_once = max(1, CHUNK // recipe.mini_batch)
    order = rng.permutation(len(material.own))
    n_steps = len(order) // recipe.n_own
    for first in range(0, n_steps, steps_at_once):
        steps = min(steps_at_once, n_steps - first)
        own = material.own[order[first * recipe.n_own : (first + steps) * recipe.n_own]]
        images, labels = _digits(material, own, steps, recipe, rng)
        targets = np.eye(recipe.sizes[-1], dtype=np.float32)[labels]
        rubbish = _trash(material, steps, recipe, rng)
        for number in range(steps):
            yield MiniBatch(images[number], targets[number], rubbish[number])


def _digits(
    material: Material, own: Digits, steps: int, recipe: Recipe, rng: np.random.Generator
) -> tuple[FloatArray, NDArray[np.uint8]]:
    """Prepare the digits of some steps: images (steps, n, n_in) and labels (steps, n)."""
    still = recipe.augmentation == Augmentation()
    images = [own.images if still else augment(own.images, recipe.augmentation, rng)]
    labels = [own.labels]
    for name, n in recipe.n_others.items():
        others = material.others[name]
        drawn = others[rng.integers(len(others), size=steps * n)]
        images.append(SOURCES[name].change(drawn.images, recipe.augmentation, rng))
        labels.append(drawn.labels)
    shown = _side_by_side([part.reshape(steps, -1, SIDE * SIDE) for part in images])
    return _prepared(shown, recipe), _side_by_side([part.reshape(steps, -1) for part in labels])


def _side_by_side(parts: list[NDArray[Number]]) -> NDArray[Number]:
    """Give each step the digits of every source, (steps, n, …); there is nothing to copy of one alone."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def _trash(material: Material, steps: int, recipe: Recipe, rng: np.random.Generator) -> FloatArray:
    """Prepare trash for some steps to choose from: (steps, m, n_in), every kind in each step."""
    n = steps * recipe.n_trash * recipe.trash_drawn
    if not n:
        return np.empty((steps, 0, SIDE * SIDE), np.float32)
    weights = np.array([*recipe.trash.values()])
    counts = rng.multinomial(n, weights / weights.sum())
    made = [_made(kind, int(m), material, rng) for kind, m in zip(recipe.trash, counts, strict=True)]
    mixed = np.concatenate(made)[rng.permutation(n)]
    return _prepared(mixed.reshape(steps, -1, SIDE * SIDE), recipe)


def _made(kind: str, n: int, material: Material, rng: np.random.Generator) -> FloatArray:
    pool = material.pools.get(kind)
    if pool is None:
        return trash.draw(kind, rng, material.own, n)
    return POOLED[kind](pool[rng.integers(len(pool), size=n)], rng)


def _prepared(images: FloatArray, recipe: Recipe) -> FloatArray:
    """Prepare images, (steps, n, 784), as the server does before the network reads them."""
    prepared = PREPROCESSINGS[recipe.preprocessing].prepare(images.reshape(-1, SIDE * SIDE))
    return prepared.reshape(images.shape)


def _rewritten(images: FloatArray, rng: np.random.Generator) -> FloatArray:
    return rewritten(images, LOOSE, rng)


def _mirrored(images: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Turn noise over at random, along each axis and along the diagonal: its frame stays where it is."""
    pictures = images.reshape(-1, SIDE, SIDE)
    for over in (np.s_[:, ::-1], np.s_[:, :, ::-1]):
        pictures = np.where(rng.integers(2, size=(len(pictures), 1, 1)), pictures[over], pictures)
    turned = np.where(rng.integers(2, size=(len(pictures), 1, 1)), pictures.transpose(0, 2, 1), pictures)
    return turned.reshape(images.shape)


Variation: TypeAlias = Callable[[FloatArray, np.random.Generator], FloatArray]

POOLED: Mapping[str, Variation] = MappingProxyType(
    {"uploaded": _mirrored, "framed": _rewritten, "scribbles": _rewritten}
)
"""Kinds of trash that are made once, and how each image is varied when it is shown again."""
