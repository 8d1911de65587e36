"""Draw the pictures of this folder: one digit of each class in a pen's strokes, and a picture of noise.

Run it from anywhere; the same pictures come out every time::

    python examples/draw.py
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 280  # pixels
PEN = 21  # pixels, about 2 of MNIST's
FINER = 4  # drawn this many times larger, then reduced, for smooth edges
STEPS = 96  # points between two control points
PAPER, INK = 255, 30

# Each digit is a list of strokes, each stroke a list of points (right, down) that the pen passes, on a page
# of 100 × 100.
EIGHT = [
    (65, 26),
    (49, 17),
    (36, 29),
    (48, 46),
    (64, 62),
    (60, 81),
    (42, 82),
    (36, 66),
    (50, 48),
    (65, 33),
    (63, 23),
]
STROKES = {
    "zero": [[(54, 18), (36, 24), (27, 48), (33, 74), (51, 83), (68, 72), (73, 46), (65, 23), (52, 18)]],
    "one": [[(40, 30), (53, 17), (52, 48), (49, 84)]],
    "two": [[(31, 33), (41, 19), (59, 18), (68, 32), (58, 52), (40, 68), (29, 82), (50, 79), (73, 82)]],
    "three": [[(32, 24), (48, 16), (65, 25), (60, 41), (46, 48), (64, 54), (69, 70), (52, 84), (30, 77)]],
    "four": [[(42, 17), (34, 38), (30, 53), (50, 54), (74, 51)], [(62, 24), (60, 52), (57, 86)]],
    "five": [[(68, 19), (40, 20), (37, 44), (54, 42), (69, 54), (65, 74), (48, 84), (30, 77)]],
    "six": [[(63, 17), (43, 34), (32, 60), (40, 80), (58, 82), (66, 68), (57, 55), (42, 59), (35, 68)]],
    "seven": [[(29, 22), (50, 22), (71, 20), (60, 48), (47, 85)]],
    "eight": [EIGHT],
    "nine": [[(66, 30), (51, 19), (35, 32), (42, 49), (60, 45), (67, 28), (64, 56), (58, 85)]],
}


def smooth(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Pass a Catmull-Rom curve through the points."""
    p = np.array([points[0], *points, points[-1]], float)
    t = np.linspace(0, 1, STEPS, endpoint=False)[:, None]
    pieces = [
        b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return [tuple(point) for point in np.vstack([*pieces, p[-1:]])]


def digit(strokes: list[list[tuple[float, float]]]) -> Image.Image:
    """Draw strokes in dark ink on white paper."""
    page = Image.new("L", (SIDE * FINER, SIDE * FINER), PAPER)
    pen = ImageDraw.Draw(page)
    radius = PEN * FINER / 2
    for stroke in strokes:
        for x, y in np.array(smooth(stroke)) * (SIDE * FINER / 100):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=INK)
    return page.reduce(FINER)


def noise(seed: int = 3) -> Image.Image:
    """Fill 28 × 28 pixels with random grey."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (28, 28), np.uint8))


def pictures() -> dict[str, Image.Image]:
    """Name every picture of this folder."""
    return {f"{name}.png": digit(strokes) for name, strokes in STROKES.items()} | {"noise.png": noise()}


def main(folder: Path = Path(__file__).parent) -> None:
    """Write the pictures beside this file."""
    for name, picture in pictures().items():
        picture.save(folder / name, optimize=True)


if __name__ == "__main__":
    main()
