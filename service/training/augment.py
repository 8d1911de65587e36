"""Other hands from the same digits: each image slightly turned, stretched, slanted, moved and bent.

The bending is the elastic distortion of Simard, Steinkraus and Platt (2003): every pixel is displaced at
random, and the displacements are smoothed with a Gaussian.
"""

from dataclasses import dataclass
from functools import cache
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import Field

from service.network import FloatArray

__all__ = ["Augmentation", "augment", "displacements", "matrices", "warp"]

SIDE = 28  # pixels
COARSE = 4  # pixels between the points where displacements are drawn: under σ nothing finer is left

Pixels: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=SIDE)]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Bound how far an image is changed; each amount is drawn evenly from −bound to +bound.

    Attributes:
        rotation: degrees.
        scale: share of the size, of height and width by themselves.
        shear: pixels to the right for each pixel up.
        shift: pixels, down and right by themselves.
        elastic: pixels that a point is displaced down, and right, root mean square of each.
        smoothness: σ of the Gaussian over the displacements, in pixels; what is drawn is too coarse for less
            than 4.
    """

    rotation: Annotated[float, Field(strict=True, ge=0, le=180)] = 0
    scale: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0
    shear: Annotated[float, Field(strict=True, ge=0, le=2)] = 0
    shift: Pixels = 0
    elastic: Pixels = 0
    smoothness: Annotated[float, Field(strict=True, ge=COARSE, le=SIDE)] = 5


def augment(images: FloatArray, bounds: Augmentation, rng: np.random.Generator) -> FloatArray:
    """Change each image by amounts of its own: (n, 784) float32 → (n, 784), 0..1 kept."""
    n = len(images)
    turns = rng.uniform(-bounds.rotation, bounds.rotation, n)
    stretches = 1 + rng.uniform(-bounds.scale, bounds.scale, (n, 2))
    slants = rng.uniform(-bounds.shear, bounds.shear, n)
    shifts = rng.uniform(-bounds.shift, bounds.shift, (n, 2))
    bends = displacements(n, bounds, rng) if bounds.elastic else None
    return warp(images, matrices(turns, stretches, slants), shifts.astype(np.float32), bends)


def matrices(turns: FloatArray, stretches: FloatArray, slants: FloatArray) -> FloatArray:
    """Lead from a place in the changed image back to its place in the original, both (row, column).

    Args:
        turns: (n,) degrees, counter-clockwise.
        stretches: (n, 2), of height and of width; 1 keeps them.
        slants: (n,), pixels to the right for each pixel up.

    Returns:
        (n, 2, 2) float32.
    """
    angles = np.deg2rad(turns)
    cos, sin = np.cos(angles), np.sin(angles)
    back = np.empty((len(turns), 2, 2), np.float32)
    back[:, 0, 0] = cos / stretches[:, 0]
    back[:, 0, 1] = sin / stretches[:, 0]
    back[:, 1, 0] = (slants * cos - sin) / stretches[:, 1]
    back[:, 1, 1] = (cos + slants * sin) / stretches[:, 1]
    return back


def displacements(n: int, bounds: Augmentation, rng: np.random.Generator) -> FloatArray:
    """Draw smooth displacements of every pixel, down and right: (2, n, 784) float32, in pixels."""
    basis = _smoothing(bounds.smoothness)
    noise = rng.standard_normal((2 * n, len(basis)), dtype=np.float32)
    return (noise @ basis * np.float32(bounds.elastic)).reshape(2, n, SIDE * SIDE)


@cache
def _smoothing(sigma: float) -> FloatArray:
    """Spread unit noise on a coarse grid over all pixels, (points, 784), to a mean square of one."""
    points = np.arange(-COARSE, SIDE + COARSE + 1, COARSE)
    distances = points[:, None] - np.arange(SIDE)
    kernel = np.exp(-(distances**2) / (2 * sigma**2))  # (points along a side, 28)
    basis = np.kron(kernel, kernel)
    scaled: FloatArray = (basis / np.sqrt((basis**2).sum(axis=0))).astype(np.float32)
    return scaled


def warp(
    images: FloatArray, back: FloatArray, shifts: FloatArray, bends: FloatArray | None = None
) -> FloatArray:
    """Read each image at other places, between four pixels where need be, and paper outside.

    Args:
        images: (n, 784) float32.
        back: (n, 2, 2), about the middle of the image, from the changed image to the original.
        shifts: (n, 2), pixels down and right.
        bends: (2, n, 784), further displacements in pixels; None for none.
    """
    n = len(images)
    middle = np.float32((SIDE - 1) / 2)
    grid = np.indices((SIDE, SIDE), np.float32).reshape(2, -1) - middle  # (2, 784)
    places = np.einsum("nij,jp->inp", back, grid)  # row and column to read from, (2, n, 784)
    places += (middle + 1 - shifts.T)[:, :, None]  # one more for the frame of paper
    if bends is not None:
        places += bends
    np.clip(places, 0, SIDE + np.float32(0.999), out=places)
    return _between(np.pad(images.reshape(n, SIDE, SIDE), ((0, 0), (1, 1), (1, 1))), places)


def _between(framed: FloatArray, places: FloatArray) -> FloatArray:
    """Weigh the four pixels around each place: (n, 30, 30) and (2, n, 784) → (n, 784)."""
    n, _, width = framed.shape
    corners = places.astype(np.int32)
    down, right = places - corners  # shares of the lower and of the right pixel
    first = corners[0] * width + corners[1] + (np.arange(n, dtype=np.int32) * width * width)[:, None]
    ink = framed.reshape(-1)
    upper: FloatArray = ink[first]
    upper += right * (ink[first + 1] - upper)
    lower = ink[first + width]
    lower += right * (ink[first + width + 1] - lower)
    upper += down * (lower - upper)
    return upper
