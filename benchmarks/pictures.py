"""Digits to measure imaging with: uploads of every kind, decoded, with what they show."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.imaging import SIDE, Limits, Picture, decode, read
from service.network import FloatArray
from service.training import photographs
from service.training.mnist import Digits

__all__ = ["Uploads", "blank", "exact", "noise", "of_kind", "other_digits", "pairs", "touching"]

SEED = 1
N = 500  # pages and pairs
NOT_BARE = frozenset(("specks", "paper edge", "cut tightly", "below words"))  # kinds, without a digit too
N_NOISE = 3_000  # pictures: of a hundred, one may pass


@dataclass(frozen=True, slots=True, eq=False)
class Uploads:
    """Decoded pictures beside what they show.

    Attributes:
        pictures: as many as labels.
        labels: (n,), 0 to 9.
    """

    pictures: list[Picture]
    labels: NDArray[np.integer]

    def __getitem__(self, which: slice) -> Self:
        return type(self)(self.pictures[which], self.labels[which])


def of_kind(kind: str, digits: Digits, n: int) -> Uploads:
    """Draw n digits, each as a picture of one kind; every kind takes others, as long as there are any."""
    first = list(photographs.KINDS).index(kind) * n
    shuffled = np.random.default_rng(SEED).permutation(len(digits))
    chosen = shuffled.take(np.arange(first, first + n), mode="wrap")
    pngs = (photographs.upload(kind, np.random.default_rng([SEED, i]), digits.images[i]) for i in chosen)
    return Uploads([_looked_at(png) for png in pngs], digits.labels[chosen])


def _looked_at(png: bytes) -> Picture:
    """Decode what is looked at in the end: the whole picture, or the part in which a small digit lies."""
    found = read(png, Limits())
    return found.picture if found.near is None else found.near


def exact(digits: Digits) -> Uploads:
    """Send MNIST's images as they are."""
    greys = (digits.images * 255).round().astype(np.uint8).reshape(-1, SIDE, SIDE)
    return Uploads([_sent(Image.fromarray(grey)) for grey in greys], digits.labels)


def other_digits(method: Image.Resampling) -> Uploads:
    """Send the 1,797 digits of 8 × 8 pixels that scikit-learn brings, each enlarged 1 to 16 times."""
    found = import_module("sklearn.datasets").load_digits()
    factors = np.random.default_rng(SEED).integers(1, 16, len(found.images), endpoint=True)
    greys = (found.images * (255 / 16)).round().astype(np.uint8)
    images = (
        Image.fromarray(grey).resize((8 * factor, 8 * factor), method)
        for grey, factor in zip(greys, factors.tolist(), strict=True)
    )
    return Uploads([_sent(image) for image in images], found.target)


def blank(digits: Digits, n: int = N) -> list[Picture]:
    """Make paper of every kind with nothing on it, surroundings included."""
    nothing = np.zeros_like(digits.images[0])
    kinds = [kind for kind in photographs.KINDS if kind not in NOT_BARE]
    pngs = (
        photographs.upload(kinds[i % len(kinds)], np.random.default_rng([SEED, i]), nothing) for i in range(n)
    )
    return [decode(png, Limits()) for png in pngs]


def noise(make: Callable[[np.random.Generator, int], list[Picture]]) -> list[Picture]:
    """Make noise of a kind, always the same."""
    return make(np.random.default_rng(SEED), N_NOISE)


def pairs(digits: Digits) -> list[Picture]:
    """Write two digits beside each other, with a gap of one to six of MNIST's pixels."""
    return _pairs(digits, (1, 6))


def touching(digits: Digits) -> list[Picture]:
    """Write two digits so close that they touch or overlap, by up to three of MNIST's pixels."""
    return _pairs(digits, (-3, 0))


def _pairs(digits: Digits, gaps: tuple[int, int]) -> list[Picture]:
    rng = np.random.default_rng(SEED)
    return [
        _sent(
            _pair(
                *digits.images[rng.integers(len(digits), size=2)],
                rng,
                int(rng.integers(*gaps, endpoint=True)),
            )
        )
        for _ in range(N)
    ]


def _pair(left: FloatArray, right: FloatArray, rng: np.random.Generator, gap: int) -> Image.Image:
    left, right = _cut(left), _cut(right)
    both = np.zeros((SIDE, left.shape[1] + gap + right.shape[1]), np.float32)
    both[:, : left.shape[1]] = left
    both[:, -right.shape[1] :] = np.maximum(both[:, -right.shape[1] :], right)
    grey = 255 - np.pad(both, 4) * 255
    image = Image.fromarray(grey.round().astype(np.uint8))
    scale = int(rng.integers(4, 12))
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.BICUBIC)


def _cut(image: FloatArray) -> FloatArray:
    """Take the columns from the first to the last with ink: (784,) → (28, width)."""
    digit = image.reshape(SIDE, SIDE)
    columns = np.flatnonzero(digit.any(axis=0))
    cut: FloatArray = digit[:, columns[0] : columns[-1] + 1]
    return cut


def _sent(image: Image.Image) -> Picture:
    file = BytesIO()
    image.save(file, "PNG", compress_level=0)
    return decode(file.getvalue(), Limits())
