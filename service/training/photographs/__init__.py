"""Pictures as people send them, made from digits of MNIST: to measure by, and to train on.

`draw` makes one, `upload` saves it as a PNG, and `framed` sends many through imaging, so that a network can
be trained on what it will read.
"""

import io
from collections.abc import Iterable

import numpy as np
from PIL import Image

from service.imaging import SIDE, Limits, read
from service.network import FloatArray
from service.training.photographs.kinds import HELD_OUT, KINDS, SEEN, Kind

__all__ = ["HELD_OUT", "KINDS", "SEEN", "Kind", "draw", "framed", "upload"]


def draw(kind: str, rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Make a picture of one kind of a digit, (784,) or (28, 28), 0 paper to 1 ink."""
    return KINDS[kind](rng, digit.reshape(SIDE, SIDE))


def upload(kind: str, rng: np.random.Generator, digit: FloatArray) -> bytes:
    """Save such a picture as a PNG; one that is not compressed is made and read faster."""
    file = io.BytesIO()
    draw(kind, rng, digit).save(file, "PNG", compress_level=0)
    return file.getvalue()


def framed(kinds: Iterable[str], rng: np.random.Generator, images: FloatArray) -> FloatArray:
    """Upload each digit as a picture of one of the kinds: (n, 784) → (n, 784), as a network reads them."""
    names = tuple(kinds)
    drawn = (names[which] for which in rng.integers(len(names), size=len(images)))
    pngs = (upload(kind, rng, image) for kind, image in zip(drawn, images, strict=True))
    found = [read(png, Limits()).normalized.pixels for png in pngs]
    return np.array(found, np.float32).reshape(len(images), SIDE * SIDE)
