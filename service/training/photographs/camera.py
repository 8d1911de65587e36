"""What a camera, a scanner or a file format does to a page."""

import io

import numpy as np
from PIL import Image

from service.network import FloatArray

__all__ = ["as_jpeg", "on_a_table", "seen_askew"]

BILINEAR = Image.Resampling.BILINEAR


def as_jpeg(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    """Save as a JPEG of low quality and open again."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(rng.integers(8, 60)))
    return Image.open(file)


def seen_askew(rng: np.random.Generator, ink: FloatArray, *, degrees: float, tilt: float) -> FloatArray:
    """Look at a page from a place that is not right above it.

    Args:
        rng: of everything random.
        ink: (height, width), 0 paper to 1 ink.
        degrees: the most it is turned to either side.
        tilt: the most each corner is moved, as a share of the longer side.
    """
    height, width = ink.shape
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    angle = np.deg2rad(rng.uniform(-degrees, degrees))
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    middle = corners.mean(axis=0)
    seen = (corners - middle) @ turn + middle + rng.uniform(-tilt, tilt, (4, 2)) * max(height, width)
    image = Image.fromarray((ink * 255 + 0.5).astype(np.uint8))  # 8 bits are transformed twice as fast
    looked = image.transform(image.size, Image.Transform.PERSPECTIVE, _homography(corners, seen), BILINEAR)
    return np.asarray(looked, np.float32) / 255


def _homography(places: FloatArray, sources: FloatArray) -> list[float]:
    """Find the eight numbers that lead from four places in the result to four in the original.

    The system: (a x + b y + c) / (g x + h y + 1) = u, (d x + e y + f) / (g x + h y + 1) = v at each corner.
    """
    rows, right = [], []
    for (x, y), (u, v) in zip(places, sources, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
        right += [u, v]
    found: list[float] = np.linalg.solve(np.array(rows), np.array(right)).tolist()
    return found


def on_a_table(rng: np.random.Generator, sheet: FloatArray, table: float) -> FloatArray:
    """Show one to four edges of the sheet and the table behind: (height, width) grey → larger."""
    sides = rng.permutation(4)[: rng.integers(1, 4, endpoint=True)]
    share = rng.uniform(0.05, 0.2, 4) * np.isin(np.arange(4), sides)
    top, bottom, left, right = (share * max(sheet.shape)).astype(int)
    wide = np.pad(sheet, ((top, bottom), (left, right)), mode="edge")
    height, width = wide.shape
    down, across = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
    slope = np.tan(np.deg2rad(rng.uniform(-6, 6)))  # of the upper edge; the others stand at right angles
    rise, drift = slope * (across - width / 2), slope * (down[:, np.newaxis] - height / 2)
    inner = (  # by how many pixels each place lies inside an edge
        (top, down[:, np.newaxis] - top - rise),
        (bottom, height - bottom - down[:, np.newaxis] + rise),
        (left, across - left + drift),
        (right, width - right - across - drift),
    )
    inside = np.ones(wide.shape, np.float32)
    for amount, distance in inner:
        if amount:
            inside = np.minimum(inside, distance.clip(0, 1))
    return inside * wide + (1 - inside) * np.float32(table)
