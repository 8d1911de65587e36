"""What the tests of imaging build upon: PNGs made by hand, PNGs made by Pillow, and a digit drawn by code."""

import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from service.imaging import Picture

CORPUS = Path(__file__).parents[1] / "corpus"


@pytest.fixture(scope="session")
def make():
    """The module that makes the corpus: the parts of a PNG, to be put together rightly and wrongly."""
    spec = importlib.util.spec_from_file_location("make", CORPUS / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def to_bytes():
    """Save a Pillow image or an array as a PNG."""

    def save(image, **options):
        image = image if isinstance(image, Image.Image) else Image.fromarray(image)
        out = io.BytesIO()
        image.save(out, "PNG", **options)
        return out.getvalue()

    return save


@pytest.fixture(scope="session")
def as_picture():
    """Take (height, width) greys, 0 black to 1 white, for a decoded upload."""

    def picture(grey):
        height, width = grey.shape
        return Picture(np.asarray(grey, np.float32), (width, height), "L")

    return picture


@pytest.fixture(scope="session")
def three():
    """Draw a 3 in the middle of a square: (side, side) float32, 0 paper to 1 ink."""

    def draw(side=140, pen=0.1, margin=0.1):
        large = Image.new("L", (4 * side, 4 * side))
        canvas = ImageDraw.Draw(large)
        left, right = 4 * side * (0.25 + margin / 2), 4 * side * (0.75 - margin / 2)
        top, middle, bottom = (4 * side * place for place in (margin, 0.5, 1 - margin))
        width = round(4 * side * pen)
        canvas.arc((left, top, right, middle + width / 2), 160, 90, 255, width)
        canvas.arc((left, middle - width / 2, right, bottom), 270, 200, 255, width)
        return np.asarray(large.reduce(4), np.float32) / 255

    return draw
