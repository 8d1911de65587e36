"""The same digit on another page is the same digit, whatever its size, place, paper, ink and colour type."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from service.artifacts import load
from service.classifier import Classifier

ARTIFACTS = Path(__file__).parents[2] / "model_artifacts"
AGREED = {"plain": 0.98, "wide": 0.995}  # of all pairs; 13,002 numbers hold less than a million
SHIPPED = [name for name in AGREED if (ARTIFACTS / name / "1.npz").exists()]
PAIRS = 1000
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "ink in alpha")


@dataclass(frozen=True)
class Page:
    """How a digit is sent."""

    side: int  # pixels of the digit's own frame
    margins: tuple[int, int, int, int]  # per cent of it: above, below, to the left, to the right
    paper: tuple[int, int, int]
    ink: tuple[int, int, int]
    mode: str


def lightness(colour):
    return float(np.dot(colour, (0.299, 0.587, 0.114)))


def draw(rng):
    """Draw a page on which the ink can be told from its paper."""
    paper, ink = (tuple(map(int, rng.integers(0, 256, 3))) for _ in range(2))
    if abs(lightness(paper) - lightness(ink)) <= 50:
        return draw(rng)
    margins = tuple(map(int, rng.integers(0, 61, 4)))
    return Page(int(rng.integers(28, 561)), margins, paper, ink, str(rng.choice(MODES)))


def png(digit, page):
    """Write MNIST's digit, (28, 28) uint8, on a page, and save it."""
    enlarged = Image.fromarray(digit).resize((page.side, page.side), Image.Resampling.BICUBIC)
    above, below, left, right = (page.side * margin // 100 for margin in page.margins)
    ink = ImageOps.expand(enlarged, (left, above, right, below))
    file = io.BytesIO()
    in_mode(ink, page).save(file, "PNG", compress_level=0)
    return file.getvalue()


def in_mode(ink, page):
    if page.mode == "ink in alpha":
        image = Image.new("RGBA", ink.size, page.ink)
        image.putalpha(ink)
        return image
    light_ink = lightness(page.ink) > lightness(page.paper)
    if page.mode == "1":
        return (
            (ink if light_ink else ImageOps.invert(ink)).point(lambda level: 255 * (level > 127)).convert("1")
        )
    coloured = ImageOps.colorize(ink, page.paper, page.ink)
    if page.mode == "I;16":
        return Image.fromarray(np.asarray(coloured.convert("L"), np.uint16) * 257)
    return coloured.convert(page.mode)


@pytest.fixture(scope="module")
def pairs(mnist_test_images):
    """Digits, each seen on two pages: what a network reads of the first ones, and of the second ones."""
    rng = np.random.default_rng(0)  # the same pages in every run, whatever else is tested
    classifier = Classifier.of(load(ARTIFACTS / SHIPPED[0] / "1.npz"))
    digits = mnist_test_images[rng.integers(0, 10_000, PAIRS)]
    return [np.stack([classifier.see(png(digit, draw(rng))).pixels for digit in digits]) for _ in range(2)]


@pytest.mark.mnist
@pytest.mark.parametrize("name", SHIPPED)
def test_the_same_digit_on_two_pages_has_the_same_argmax(name, pairs):
    classifier = Classifier.of(load(ARTIFACTS / name / "1.npz"))
    first, second = (classifier.activations(pixels).argmax(axis=1) for pixels in pairs)
    by_chance = 2 * (AGREED[name] * (1 - AGREED[name]) / PAIRS) ** 0.5  # two standard deviations
    assert (first == second).mean() >= AGREED[name] - by_chance
