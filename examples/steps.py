"""Draw a three as a phone would see it, and each step from there to what a network reads.

Run it from anywhere; docs/images.md shows what comes out::

    python examples/steps.py
"""

from io import BytesIO
from pathlib import Path

import numpy as np
from draw import STROKES, digit
from PIL import Image

from service.imaging import PREPROCESSINGS, Limits
from service.imaging.filmstrip import frames, write_filmstrip

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
WIDTH, HEIGHT = 640, 480  # pixels
PAPER, INK = (236, 228, 205), (38, 52, 120)  # red, green and blue of cream paper and blue ink
SIZE, LEFT, TOP = 260, 230, 90  # of the digit's page, in pixels


def upload() -> bytes:
    """Return a PNG of a three in blue ink, small on a large page, the light falling off to the right."""
    ink = np.zeros((HEIGHT, WIDTH, 1))
    drawn = 1 - np.asarray(digit(STROKES["three"]).resize((SIZE, SIZE)), float) / 255
    ink[TOP : TOP + SIZE, LEFT : LEFT + SIZE, 0] = drawn / drawn.max()
    page = np.array(PAPER) * (1 - ink) + np.array(INK) * ink
    light = np.linspace(1.0, 0.55, WIDTH)[:, np.newaxis]
    grain = np.random.default_rng(0).normal(0, 3, page.shape)
    out = BytesIO()
    Image.fromarray((page * light + grain).clip(0, 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def pictures() -> dict[str, bytes]:
    """Name every picture: the whole strip, and each step alone."""
    strip = frames(upload(), Limits(), PREPROCESSINGS["mnist-deskewed"])
    alone = {f"images-{n}.png": write_filmstrip([frame], n) for n, frame in enumerate(strip, 1)}
    return {"images-steps.png": write_filmstrip(strip)} | alone


def main(folder: Path = PICTURES) -> None:
    """Write the pictures of docs/images.md."""
    for name, content in pictures().items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
