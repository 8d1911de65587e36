"""Images that are no digit: what a network trained on digits alone calls one, and how it is taught otherwise.

Each kind is a function of (rng, digits, n) to n images, (n, 784). SEEN kinds are there to train on, HELD_OUT
kinds only to report on: a network that knows trash, rather than these few generators, rejects both.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from service.network import FloatArray
from service.training import uploads
from service.training.mnist import Digits

__all__ = ["HELD_OUT", "KINDS", "SEEN", "Kind", "draw", "mixture"]

Kind: TypeAlias = Callable[[np.random.Generator, Digits, int], FloatArray]

SIDE = 28  # pixels
PIXELS = SIDE * SIDE


def draw(kind: str, rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Make n images of one kind, out of digits where it needs any: (n, 784) float32, 0..1."""
    images: FloatArray = np.clip(KINDS[kind](rng, digits, n), 0, 1, dtype=np.float32)
    return images


def mixture(kinds: Iterable[str], rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Make n images, each of one of the kinds at random, in the order of the kinds: (n, 784) float32."""
    names = tuple(kinds)
    counts = np.bincount(rng.integers(len(names), size=n), minlength=len(names))
    return np.concatenate([draw(k, rng, digits, int(m)) for k, m in zip(names, counts, strict=True)])


def _uniform(rng: np.random.Generator, _: Digits, n: int) -> FloatArray:
    return rng.random((n, PIXELS), dtype=np.float32)


def _gaussian(rng: np.random.Generator, _: Digits, n: int) -> FloatArray:
    level, spread = rng.uniform(0.1, 0.9, (n, 1)), rng.uniform(0.1, 0.5, (n, 1))
    return level + spread * rng.standard_normal((n, PIXELS), dtype=np.float32)


def _salt_and_pepper(rng: np.random.Generator, _: Digits, n: int) -> FloatArray:
    density = rng.uniform(0.02, 0.98, (n, 1))
    return (rng.random((n, PIXELS), dtype=np.float32) < density).astype(np.float32)


def _constant(rng: np.random.Generator, _: Digits, n: int) -> FloatArray:
    level = rng.uniform(-0.5, 1, (n, 1))  # a third of them are blank once clipped
    return np.repeat(level, PIXELS, axis=1)


def _blobs(rng: np.random.Generator, _: Digits, n: int) -> FloatArray:
    """Add up one to five round spots, sharp or wide."""
    spots = 5
    sigma = rng.uniform(1, 6, (n, spots, 1))
    ink = rng.uniform(0.3, 1.2, (n, spots, 1)) * _up_to(rng, n, spots)[:, :, None]
    down, right = (
        np.exp(-(((np.arange(SIDE) - rng.uniform(0, SIDE, (n, spots, 1))) / sigma) ** 2) / 2)
        for _side in ("down", "right")
    )
    drawn: FloatArray = (down * ink).transpose(0, 2, 1) @ right
    return drawn.reshape(n, PIXELS)


def _strokes(rng: np.random.Generator, _: Digits, n: int) -> FloatArray:
    """Draw three to eight straight lines of one pen; two would often be a one, a four or a seven."""
    lines = 8
    grid = np.indices((SIDE, SIDE), np.float32).reshape(2, PIXELS).T  # (784, 2)
    start, end = rng.uniform(0, SIDE - 1, (2, n, lines, 1, 2)).astype(np.float32)
    along = end - start
    away = grid - start  # (n, lines, 784, 2)
    share = np.clip((away * along).sum(-1) / (along**2).sum(-1), 0, 1)  # of the line, to its nearest point
    distance = np.sqrt(((away - share[..., None] * along) ** 2).sum(-1))  # (n, lines, 784), pixels
    ink = np.clip(rng.uniform(1, 2.5, (n, 1, 1)) - distance, 0, 1)
    shown: FloatArray = (ink * _up_to(rng, n, lines, at_least=3)[:, :, None]).max(axis=1)
    return shown


def _uploaded(rng: np.random.Generator, _: Digits, n: int) -> FloatArray:
    return uploads.uniform_or_two_tone(rng, n)


def _gaussian_uploaded(rng: np.random.Generator, _: Digits, n: int) -> FloatArray:
    return uploads.gaussian(rng, n)


def _gratings(rng: np.random.Generator, _: Digits, n: int) -> FloatArray:
    """Draw stripes of any direction and 2.5 to 28 pixels from one to the next."""
    angle, phase = rng.uniform(0, 2 * np.pi, (2, n, 1))
    frequency = 2 * np.pi / rng.uniform(2.5, SIDE, (n, 1))
    down, right = np.indices((SIDE, SIDE)).reshape(2, 1, PIXELS)
    place: FloatArray = np.cos(angle) * right + np.sin(angle) * down
    stripes: FloatArray = 0.5 + rng.uniform(0.2, 1, (n, 1)) * np.sin(frequency * place + phase)
    return stripes


def _rectangles(rng: np.random.Generator, _: Digits, n: int) -> FloatArray:
    """Fill one to three upright rectangles; narrower ones would be ones."""
    boxes = 3
    line = np.arange(SIDE)
    inside = []
    for _side in "down", "right":
        first = rng.integers(0, SIDE - 8, (n, boxes, 1))
        last = rng.integers(first + 8, SIDE + 1)  # eight pixels wide at least
        inside.append((line >= first) & (line < last))  # (n, boxes, 28)
    ink = rng.uniform(0.3, 1, (n, boxes)) * _up_to(rng, n, boxes)
    filled = (inside[0][..., None] & inside[1][..., None, :]) * ink[..., None, None]
    seen: FloatArray = filled.max(axis=1)
    return seen.reshape(n, PIXELS)


def _shuffled(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Keep a digit's pixels, and none in its place."""
    return rng.permuted(_some(rng, digits, n).images, axis=1)


def _tiles(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Cut a digit into 4 × 4 tiles of 7 × 7 pixels and lay them out in another order."""
    tiles = _some(rng, digits, n).images.reshape(n, 4, 7, 4, 7).transpose(0, 1, 3, 2, 4).reshape(n, 16, 49)
    order = rng.permuted(np.tile(np.arange(16), (n, 1)), axis=1)
    mixed = np.take_along_axis(tiles, order[:, :, None], axis=1)
    return mixed.reshape(n, 4, 4, 7, 7).transpose(0, 1, 3, 2, 4).reshape(n, PIXELS)


def _random_phase(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Keep how much of each spatial frequency a digit has, and forget where."""
    noise = np.fft.rfft2(rng.standard_normal((n, SIDE, SIDE)))
    strength = np.abs(np.fft.rfft2(_some(rng, digits, n).images.reshape(n, SIDE, SIDE)))
    texture = np.fft.irfft2(strength * noise / np.abs(noise), s=(SIDE, SIDE)).reshape(n, PIXELS)
    scaled: FloatArray = texture / texture.max(axis=1, keepdims=True)
    return scaled


def _inverted(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    return 1 - _some(rng, digits, n).images


def _halves(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Wipe out one half of a digit: upper, lower, left or right; half a one is left out, it is a one."""
    pictures = _some(rng, digits, n, without=(1,)).images.reshape(n, SIDE, SIDE)
    lower = np.arange(SIDE) >= SIDE // 2
    kept = np.stack(
        [np.broadcast_to(k, (SIDE, SIDE)) for k in (~lower[:, None], lower[:, None], ~lower, lower)]
    )
    return (pictures * kept[rng.integers(4, size=n)]).reshape(n, PIXELS)


def _overlaid(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Draw one digit over another that is not the same."""
    below, above = rng.integers(len(digits), size=(2, n))
    while (same := digits.labels[below] == digits.labels[above]).any():
        above[same] = rng.integers(len(digits), size=int(same.sum()))
    both: FloatArray = np.maximum(digits.images[below], digits.images[above])
    return both


def _side_by_side(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Squeeze two digits to half their width, one beside the other."""
    pairs: FloatArray = _some(rng, digits, 2 * n).images.reshape(n, 2, SIDE, SIDE // 2, 2).mean(axis=4)
    return pairs.transpose(0, 2, 1, 3).reshape(n, PIXELS)


def _turned(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Lay a digit on its left or right side; a zero is left out, it stays a zero."""
    pictures = _some(rng, digits, n, without=(0,)).images.reshape(n, SIDE, SIDE).transpose(0, 2, 1)
    left = rng.integers(2, size=(n, 1, 1))
    return np.where(left, pictures[:, ::-1], pictures[:, :, ::-1]).reshape(n, PIXELS)


def _some(rng: np.random.Generator, digits: Digits, n: int, without: tuple[int, ...] = ()) -> Digits:
    """Draw n digits, the same one more than once if need be."""
    allowed = np.flatnonzero(~np.isin(digits.labels, without))
    return digits[rng.choice(allowed, n)]


def _up_to(rng: np.random.Generator, n: int, most: int, at_least: int = 1) -> FloatArray:
    """Mark the first few of a row with 1 and the others with 0, (n, most): how many there are is drawn."""
    return (np.arange(most) < rng.integers(at_least, most + 1, (n, 1))).astype(np.float32)


SEEN: Mapping[str, Kind] = MappingProxyType(
    {
        "uniform": _uniform,
        "salt-and-pepper": _salt_and_pepper,
        "constant": _constant,
        "blobs": _blobs,
        "strokes": _strokes,
        "uploaded": _uploaded,
        "shuffled": _shuffled,
        "halves": _halves,
        "inverted": _inverted,
        "overlaid": _overlaid,
        "side-by-side": _side_by_side,
        "turned": _turned,
    }
)

HELD_OUT: Mapping[str, Kind] = MappingProxyType(
    {
        "gaussian": _gaussian,
        "gaussian-uploaded": _gaussian_uploaded,
        "gratings": _gratings,
        "random-phase": _random_phase,
        "rectangles": _rectangles,
        "tiles": _tiles,
    }
)

KINDS: Mapping[str, Kind] = MappingProxyType({**SEEN, **HELD_OUT})
