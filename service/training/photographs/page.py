"""The page that a digit is written on, and the light that falls on it."""

import numpy as np
from PIL import Image

from service.imaging import SIDE
from service.network import FloatArray
from service.training.photographs.pen import write

__all__ = [
    "SOLID",
    "as_bytes",
    "between",
    "dark_corners",
    "lay",
    "lit_from_one_side",
    "page",
    "rough",
    "ruled",
    "shadowed",
    "tightly",
    "written",
]

SOLID = 0.5  # ink, 0 to 1: the middle of an edge
SCALES = (4, 20)  # pixels of a page for one of MNIST's


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a factor from low to high, each doubling as likely as the next."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def page(
    rng: np.random.Generator,
    digit: FloatArray,
    pen: str = "usual",
    scales: tuple[float, float] = SCALES,
    margin: float = 0.2,
) -> FloatArray:
    """Write a digit somewhere on a page: (28, 28) → (height, width) float32, 0 paper to 1 ink.

    Args:
        rng: of everything random.
        digit: (28, 28), 0 paper to 1 ink.
        pen: a row of PENS.
        scales: bounds of the pixels for one of MNIST's.
        margin: the most paper at each edge beyond MNIST's own, as a share of the digit's frame.
    """
    return lay(rng, write(rng, digit, round(SIDE * between(rng, *scales)), pen), margin)


def lay(rng: np.random.Generator, ink: FloatArray, margin: float) -> FloatArray:
    """Put ink on a page that is larger at each edge by an amount of its own."""
    most = int(margin * max(ink.shape))
    top, bottom, left, right = rng.integers(0, most, 4, endpoint=True)
    return np.pad(ink, ((top, bottom), (left, right)))


def tightly(ink: FloatArray) -> FloatArray:
    """Cut a page to where its ink begins and ends."""
    solid = ink > SOLID
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not len(rows):
        return ink
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _places(shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """Name the place of each row, (height, 1), and column, (1, width), from -1 to 1."""
    height, width = shape
    down, right = (np.linspace(-1, 1, length, dtype=np.float32) for length in (height, width))
    return down[:, np.newaxis], right[np.newaxis]


def _along(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Name the place of each pixel along a random direction, about -1.4 to 1.4."""
    down, right = _places(shape)
    angle = rng.uniform(0, 2 * np.pi)
    along: FloatArray = np.float32(np.cos(angle)) * right + np.float32(np.sin(angle)) * down
    return along


def lit_from_one_side(rng: np.random.Generator, grey: FloatArray) -> FloatArray:
    """Take up to half of the light away, the more the farther from one side."""
    fall = np.float32(rng.uniform(0.15, 0.5))
    lit: FloatArray = grey * (1 - fall * (_along(rng, grey.shape) + 1) / 2).clip(0, 1)
    return lit


def shadowed(rng: np.random.Generator, grey: FloatArray) -> FloatArray:
    """Let a shadow fall across, with an edge as soft as that of a hand."""
    soft, depth = between(rng, 0.1, 0.6), np.float32(rng.uniform(0.2, 0.5))
    inside = (_along(rng, grey.shape) - np.float32(rng.uniform(-0.8, 0.8))) / np.float32(soft)
    dark: FloatArray = grey * (1 - depth / (1 + np.exp(-4 * inside)))
    return dark


def dark_corners(rng: np.random.Generator, grey: FloatArray) -> FloatArray:
    """Darken a picture toward its corners, as a simple lens does."""
    down, right = _places(grey.shape)
    depth = np.float32(rng.uniform(0.1, 0.3))
    return grey * (1 - depth * (down * down + right * right))


def rough(rng: np.random.Generator, grey: FloatArray, deviation: float) -> FloatArray:
    """Add normally distributed grain of that standard deviation."""
    return grey + np.float32(deviation) * rng.standard_normal(grey.shape, dtype=np.float32)


def ruled(rng: np.random.Generator, grey: FloatArray, *, squared: bool) -> FloatArray:
    """Print thin lines on the paper, across or across and down, weaker than the ink."""
    height, width = grey.shape
    apart = rng.uniform(0.12, 0.4) * max(height, width)
    strength, thickness = rng.uniform(0.08, 0.5), max(rng.uniform(0.004, 0.012) * max(height, width), 1)
    lines = np.zeros(grey.shape, np.float32)
    for length, across in ((height, True), (width, False)) if squared else ((height, True),):
        place = (np.arange(length) + rng.uniform(0, apart)) % apart
        printed = np.clip(thickness - place, 0, 1).astype(np.float32)
        lines = np.maximum(lines, printed[:, np.newaxis] if across else printed[np.newaxis])
    printed_on: FloatArray = np.minimum(grey, 1 - np.float32(strength) * lines)
    return printed_on


def written(rng: np.random.Generator, ink: FloatArray) -> FloatArray:
    """Write in a dark grey on a light one: ink, 0 to 1 → grey, 0 black to 1 white."""
    paper, pen = np.float32(rng.uniform(0.7, 1)), np.float32(rng.uniform(0, 0.35))
    return paper + (pen - paper) * ink


def as_bytes(grey: FloatArray) -> Image.Image:
    """Turn 0 black to 1 white into a picture of 8 bits."""
    return Image.fromarray((grey.clip(0, 1) * 255 + 0.5).astype(np.uint8))
