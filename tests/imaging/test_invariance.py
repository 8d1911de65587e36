"""The same digit on another page is the same digit, whatever its size, place, paper, ink and colour type."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from service.artifacts import load
from service.classifier import Classifier

ARTIFACTS = Path(__file__).parents[2] / "model_artifacts"
AGREED = {"plain": 0.98, "wide": 0.995}  # of all pairs, at least; 13,002 numbers hold less than a million
SHIPPED = [name for name in AGREED if (ARTIFACTS / name / "1.npz").exists()]
PAIRS = 400
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


colours = st.tuples(*[st.integers(0, 255)] * 3)
pages = st.builds(
    Page,
    side=st.integers(28, 560),
    margins=st.tuples(*[st.integers(0, 60)] * 4),
    paper=colours,
    ink=colours,
    mode=st.sampled_from(MODES),
).filter(lambda page: abs(lightness(page.paper) - lightness(page.ink)) > 50)


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


@pytest.mark.mnist
@pytest.mark.parametrize("name", SHIPPED)
def test_the_same_digit_on_two_pages_has_the_same_argmax(name, mnist_test_images):
    classifier = Classifier.of(load(ARTIFACTS / name / "1.npz"))
    agreed = []

    @settings(max_examples=PAIRS, deadline=None, derandomize=True, database=None)
    @given(number=st.integers(0, 9_999), one=pages, other=pages)
    def compare(number, one, other):
        digit = mnist_test_images[number]
        first, second = (classifier.classify(png(digit, page)).verdict.argmax for page in (one, other))
        agreed.append(first == second)

    compare()

    assert len(agreed) >= PAIRS
    assert np.mean(agreed) >= AGREED[name]
