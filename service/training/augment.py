"""Other hands from the same digits: each image slightly turned, stretched, slanted, moved and bent.

The bending is the elastic distortion of Simard, Steinkraus and Platt (2003): every pixel is displaced at
random, and the displacements are smoothed with a Gaussian. Pixels are read by the cubic of Catmull and Rom
(1974), as Keys (1981) has it.

What comes out should differ from what a network will be asked about in the writing alone. To read between
pixels blurs, and a network that saw sharp trash and blurred digits doubts the digits that are as sharp as
trash; so a recipe sharpens what is blurred. And MNIST's digits are as large as their frame, and their centre
of mass is in its centre, as it is with uploads; so a recipe moves back what has moved, and may shrink what
has grown.
"""

from dataclasses import dataclass
from functools import cache
from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from service.imaging import SIDE
from service.imaging.frame import CENTRE
from service.imaging.untouched import ends
from service.network import FloatArray

__all__ = ["Augmentation", "augment", "centred", "displacements", "matrices", "sharpened", "warp"]

INK = 0.25  # of full ink, and more, is within the ink's box
FRAME = 3  # pixels of paper that images are read in
BLOCK = 64  # images read at once: what is made of so many stays in a core's cache
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
        sharpness: how much of its difference from each of its four neighbours is added to a pixel at the end;
            drawn evenly from 0 to this bound.
        sized: whether the longer side of the ink's box stays as long as it was.
        centred: whether the ink is moved, by whole pixels, until its centre of mass is in the centre.
    """

    rotation: Annotated[float, Field(strict=True, ge=0, le=180)] = 0
    scale: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0
    shear: Annotated[float, Field(strict=True, ge=0, le=2)] = 0
    shift: Pixels = 0
    elastic: Pixels = 0
    smoothness: Annotated[float, Field(strict=True, ge=COARSE, le=SIDE)] = 5
    sharpness: Annotated[float, Field(strict=True, ge=0, le=1)] = 0
    sized: bool = False
    centred: bool = False


def augment(images: FloatArray, bounds: Augmentation, rng: np.random.Generator) -> FloatArray:
    """Change each image by amounts of its own: (n, 784) float32 → (n, 784), 0..1 kept."""
    n = len(images)
    turns = rng.uniform(-bounds.rotation, bounds.rotation, n)
    stretches = 1 + rng.uniform(-bounds.scale, bounds.scale, (n, 2))
    slants = rng.uniform(-bounds.shear, bounds.shear, n)
    shifts = rng.uniform(-bounds.shift, bounds.shift, (n, 2))
    bends = displacements(n, bounds, rng) if bounds.elastic else None
    back, moves = matrices(turns, stretches, slants), shifts.astype(np.float32)
    if bounds.sized:
        back *= _growth(images, warp(images, back, moves, bends))[:, None, None]
    changed = warp(images, back, moves, bends)
    if bounds.sharpness:
        changed = sharpened(changed, rng.uniform(0, bounds.sharpness, n).astype(np.float32))
    return centred(changed) if bounds.centred else changed


def _growth(before: FloatArray, after: FloatArray) -> FloatArray:
    """Say how many times as large the ink has become: (n,) float32."""
    return (_longer_sides(after) / _longer_sides(before)).astype(np.float32)


def _longer_sides(images: FloatArray) -> NDArray[np.intp]:
    """Measure the box around the ink of each image, in pixels: (n,); all of the image where there is none."""
    inked = images.reshape(-1, SIDE, SIDE) > INK
    first, last = ends(np.stack([np.logical_or.reduce(inked, axis=axis) for axis in (1, 2)]))
    longer: NDArray[np.intp] = np.maximum.reduce(last - first, axis=0)
    return longer


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
    """Read each image at other places, between sixteen pixels where need be, and paper outside.

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
    places += (middle + FRAME - shifts.T)[:, :, None]
    if bends is not None:
        places += bends
    np.clip(places, 1, SIDE + FRAME + np.float32(0.999), out=places)  # beyond, paper is all there is
    framed = np.pad(images.reshape(n, SIDE, SIDE), ((0, 0), (FRAME, FRAME), (FRAME, FRAME)))
    changed: FloatArray = np.empty_like(places[0])
    for block in (slice(first, first + BLOCK) for first in range(0, n, BLOCK)):
        changed[block] = _between(framed[block], places[:, block])
    return changed


def _between(framed: FloatArray, places: FloatArray) -> FloatArray:
    """Weigh the sixteen pixels around each place: (n, 34, 34) and (2, n, 784) → (n, 784), cut to 0 to 1."""
    n, _, width = framed.shape
    corners = np.floor(places)
    down, right = map(_weights, places - corners)
    first = ((corners[0] - 1) * width + (corners[1] - 1)).astype(np.intp)
    first += (np.arange(n) * width * width)[:, np.newaxis]  # where in all ink the first of the sixteen is
    ink = framed.reshape(-1)
    read, pixels, along = (np.zeros(first.shape, np.float32) for _ in range(3))
    for row, in_row in enumerate(down):
        along.fill(0)
        for column, weight in enumerate(right):
            # into what is there already; no place lies outside, so that nothing is clipped
            ink[row * width + column :].take(first, out=pixels, mode="clip")
            along += np.multiply(pixels, weight, out=pixels)
        along *= in_row
        read += along
    return read.clip(0, 1, out=read)


def _weights(shares: FloatArray) -> tuple[FloatArray, ...]:
    """Weigh two pixels before a place and two after it, by its share of the way between the inner two."""
    square = shares * shares
    cube = square * shares
    half = np.float32(0.5)
    return (
        square - half * (cube + shares),
        half * (3 * cube - 5 * square) + 1,
        half * (4 * square - 3 * cube + shares),
        half * (cube - square),
    )


def sharpened(images: FloatArray, amounts: FloatArray) -> FloatArray:
    """Draw the pixels of each image away from those above and below, then from those to the left and right.

    Args:
        images: (n, 784) float32, 0 to 1; paper is around them.
        amounts: (n,), the share of the difference from each neighbour that is added.

    Returns:
        (n, 784) float32, cut to 0 to 1.
    """
    framed = np.pad(images.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    share = amounts[:, None, None]
    for before, here, after in (
        (np.s_[:, :-2], np.s_[:, 1:-1], np.s_[:, 2:]),
        (np.s_[:, :, :-2], np.s_[:, :, 1:-1], np.s_[:, :, 2:]),
    ):
        framed[here] += share * (2 * framed[here] - framed[before] - framed[after])
    drawn: FloatArray = framed[:, 1:-1, 1:-1].clip(0, 1)
    return drawn.reshape(images.shape)


def centred(images: FloatArray) -> FloatArray:
    """Move each image by whole pixels, until its centre of mass is within half a pixel of (14, 14).

    Args:
        images: (n, 784) float32; what leaves the picture is gone, and a blank one stays as it is.
    """
    pictures = images.reshape(-1, SIDE, SIDE)
    for _axis in range(2):
        pictures = _centred_down(pictures).swapaxes(1, 2)
    return pictures.reshape(images.shape)


def _centred_down(pictures: FloatArray) -> FloatArray:
    rows = np.arange(SIDE)
    ink = pictures.sum(axis=2)
    total = ink.sum(axis=1)
    middle = np.divide(ink @ rows, total, out=np.full(len(ink), float(CENTRE)), where=total > 0)
    source = rows - np.rint(CENTRE - middle).astype(int)[:, None]
    inside = (source >= 0) & (source < SIDE)
    moved: FloatArray = np.take_along_axis(pictures, source.clip(0, SIDE - 1)[:, :, None], axis=1)
    moved *= inside[:, :, None]
    return moved
