"""Things that someone drew or that have an outline, and that are neither a digit nor a letter."""

import numpy as np

from service.imaging import SIDE
from service.network import FloatArray
from service.training.mnist import Digits
from service.training.trash.noise import clouds

__all__ = ["blobs", "by_pen", "garments", "polygons", "rectangles", "scribbles", "silhouettes", "strokes"]

PIXELS = SIDE * SIDE
AT_ONCE = 100  # images whose distances from a line are held in memory


def blobs(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
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


def strokes(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Draw five to nine straight lines of one pen; up to four would often be a one, a four or a seven."""
    lines = 9
    start, end = rng.uniform(0, SIDE - 1, (2, n, lines, 2)).astype(np.float32)
    there = _up_to(rng, n, lines, at_least=5)
    return by_pen(start, end, there, rng.uniform(1, 2.5, (n, 1)))


def scribbles(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Draw one long smooth line through nine to fourteen random places; fewer would often be a digit."""
    most, pieces = 14, 40
    places = rng.uniform(4, SIDE - 4, (n, most, 2))
    ends = rng.integers(9, most, n, endpoint=True) - 1
    along = np.linspace(0, 1, pieces + 1) * ends[:, None]  # (n, 41), in places
    first = np.minimum(along.astype(int), ends[:, None] - 1)
    share = (along - first)[..., None]
    rows = np.arange(n)[:, None]
    line = places[rows, first] * (1 - share) + places[rows, first + 1] * share
    for _pass in range(3):  # corners become curves
        line[:, 1:-1] = (line[:, :-2] + 2 * line[:, 1:-1] + line[:, 2:]) / 4
    line = line.astype(np.float32)
    return by_pen(line[:, :-1], line[:, 1:], np.ones((n, pieces), np.float32), rng.uniform(1, 2.4, (n, 1)))


def rectangles(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Fill one to three upright rectangles; narrow ones would be ones, of a thick pen."""
    boxes, narrowest, widest, slimmest = 3, 8, 24, 1.5  # pixels, and heights for each width
    width = rng.integers(narrowest, widest, (n, boxes, 1), endpoint=True)
    height = rng.integers(narrowest, np.minimum(widest, slimmest * width).astype(int), endpoint=True)
    line = np.arange(SIDE)
    inside = []
    for length in height, width:
        first = rng.integers(0, SIDE - length + 1)
        inside.append((line >= first) & (line < first + length))  # (n, boxes, 28)
    ink = rng.uniform(0.3, 1, (n, boxes)) * _up_to(rng, n, boxes)
    filled = (inside[0][..., None] & inside[1][..., None, :]) * ink[..., None, None]
    seen: FloatArray = filled.max(axis=1)
    return seen.reshape(n, PIXELS)


def polygons(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Fill one to three polygons of three to six sides, at any angle and about as wide as tall."""
    shapes, sides = 3, 6
    down, right = np.indices((SIDE, SIDE), np.float32).reshape(2, 1, 1, PIXELS)
    row, column = rng.uniform(6, SIDE - 6, (2, n, shapes, 1)).astype(np.float32)
    down, right = down - row, right - column  # from the middle of each, (n, shapes, 784)
    n_sides, first = rng.integers(3, sides + 1, (n, shapes, 1)), rng.uniform(0, 2 * np.pi, (n, shapes, 1))
    ink = np.ones((n, shapes, PIXELS), np.float32)
    for side in range(sides):
        angle = first + 2 * np.pi * (side + rng.uniform(-0.2, 0.2, (n, shapes, 1))) / n_sides
        far = rng.uniform(3, 8, (n, shapes, 1)).astype(np.float32)  # pixels from the middle
        away = np.cos(angle).astype(np.float32) * down + np.sin(angle).astype(np.float32) * right
        ink = np.where(side < n_sides, np.minimum(ink, np.clip(far - away, 0, 1)), ink)
    grey = rng.uniform(0.3, 1, (n, shapes, 1)) * _up_to(rng, n, shapes)[..., None]
    filled: FloatArray = (ink * grey).max(axis=1)
    return filled


def silhouettes(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Fill a smooth closed outline with a texture."""
    down, right = np.indices((SIDE, SIDE)).reshape(2, 1, PIXELS) - (SIDE - 1) / 2
    distance, angle = np.hypot(down, right), np.arctan2(down, right)
    outline = np.repeat(rng.uniform(7, 12, (n, 1)), PIXELS, axis=1)  # pixels from the middle
    for waves in range(1, 6):
        height, phase = rng.normal(0, 2.2 / waves, (n, 1)), rng.uniform(0, 2 * np.pi, (n, 1))
        outline += height * np.cos(waves * angle + phase)
    return _filled(np.clip(outline - distance + 1 / 2, 0, 1), rng, digits)


def garments(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Fill an outline that is wide, tall and the same on both sides, in two parts below or in one.

    From far these are shirts, dresses, trousers and bags, as a shop would photograph them.
    """
    places = np.linspace(0, 5, SIDE)
    knots = rng.uniform(4, 13, (n, 6, 1))  # half the width at six heights
    first = np.minimum(places.astype(int), 4)
    share = (places - first)[:, None]
    half = knots[:, first] * (1 - share) + knots[:, first + 1] * share  # (n, 28, 1)
    away = np.abs(np.arange(SIDE) - (SIDE - 1) / 2)
    ink = np.clip(half - away + 1 / 2, 0, 1)  # (n, 28, 28)
    row = np.arange(SIDE)[:, None]
    top, bottom = rng.integers(0, 5, (n, 1, 1)), rng.integers(SIDE - 5, SIDE, (n, 1, 1))
    split = (row > rng.integers(10, 2 * SIDE, (n, 1, 1))) & (away < rng.uniform(1, 3, (n, 1, 1)))
    worn = ink * ((row >= top) & (row <= bottom) & ~split)
    return _filled(worn.reshape(n, PIXELS), rng, digits)


def _filled(ink: FloatArray, rng: np.random.Generator, digits: Digits) -> FloatArray:
    """Give filled shapes, (n, 784), a texture of their own and a grey of their own."""
    n = len(ink)
    texture = 1 - rng.uniform(0, 0.8, (n, 1)) * clouds(rng, digits, n)
    filled: FloatArray = ink * texture * rng.uniform(0.4, 1, (n, 1))
    return filled


def by_pen(start: FloatArray, end: FloatArray, there: FloatArray, pen: FloatArray) -> FloatArray:
    """Draw straight lines, soft by one pixel at the edge: (n, 784).

    Args:
        start: (n, lines, 2) float32, rows and columns.
        end: likewise.
        there: (n, lines), 1 for a line that is drawn.
        pen: (n, 1), pixels from the middle of a line to where its ink ends.
    """
    chunks = (slice(first, first + AT_ONCE) for first in range(0, len(start), AT_ONCE))
    drawn = [_by_pen_at_once(start[some], end[some], there[some], pen[some]) for some in chunks]
    return np.concatenate(drawn) if drawn else np.empty((0, PIXELS), np.float32)


def _by_pen_at_once(start: FloatArray, end: FloatArray, there: FloatArray, pen: FloatArray) -> FloatArray:
    grid = np.indices((SIDE, SIDE), np.float32).reshape(2, PIXELS)  # rows and columns
    along = end - start  # (n, lines, 2)
    down, right = (grid[axis] - start[..., axis, None] for axis in (0, 1))  # (n, lines, 784)
    length = np.maximum((along**2).sum(axis=-1), np.float32(1e-6))[..., None]
    share = np.clip((down * along[..., 0, None] + right * along[..., 1, None]) / length, 0, 1)
    distance = np.hypot(down - share * along[..., 0, None], right - share * along[..., 1, None])
    ink = np.clip(pen[..., None].astype(np.float32) - distance, 0, 1)
    drawn: FloatArray = (ink * there[..., None]).max(axis=1)
    return drawn


def _up_to(rng: np.random.Generator, n: int, most: int, at_least: int = 1) -> FloatArray:
    """Mark the first few of a row with 1 and the others with 0, (n, most): how many there are is drawn."""
    return (np.arange(most) < rng.integers(at_least, most + 1, (n, 1))).astype(np.float32)
