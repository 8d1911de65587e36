"""Images that are no digit: what a network trained on digits alone calls one, and how it is taught otherwise.

Each kind is a function of (rng, digits, n) to n images, (n, 784). SEEN kinds are there to train on, HELD_OUT
kinds only to report on: a network that knows trash, rather than these few generators, rejects both.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from service.network import FloatArray
from service.training.mnist import Digits
from service.training.trash import drawn, framed, letters, noise, spoiled

__all__ = ["FRAMED", "HELD_OUT", "KINDS", "SEEN", "Kind", "draw"]

Kind: TypeAlias = Callable[[np.random.Generator, Digits, int], FloatArray]


def draw(kind: str, rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Make n images of one kind, out of digits where it needs any: (n, 784) float32, 0..1."""
    images: FloatArray = np.clip(KINDS[kind](rng, digits, n), 0, 1, dtype=np.float32)
    return images


SEEN: Mapping[str, Kind] = MappingProxyType(
    {
        "uniform": noise.uniform,
        "salt-and-pepper": noise.salt_and_pepper,
        "constant": noise.constant,
        "clouds": noise.clouds,
        "uploaded": noise.uploaded,
        "framed": framed.framed,
        "blobs": drawn.blobs,
        "silhouettes": drawn.silhouettes,
        "polygons": drawn.polygons,
        "strokes": drawn.strokes,
        "scribbles": drawn.scribbles,
        "shuffled": spoiled.shuffled,
        "strips": spoiled.strips,
        "halves": spoiled.halves,
        "inverted": spoiled.inverted,
        "overlaid": spoiled.overlaid,
        "side-by-side": spoiled.side_by_side,
        "turned": spoiled.turned,
        "letters": letters.letters,
    }
)

HELD_OUT: Mapping[str, Kind] = MappingProxyType(
    {
        "gaussian": noise.gaussian,
        "gaussian-uploaded": noise.gaussian_uploaded,
        "gratings": noise.gratings,
        "random-phase": noise.random_phase,
        "dead-leaves": noise.dead_leaves,
        "rectangles": drawn.rectangles,
        "garments": drawn.garments,
        "tiles": spoiled.tiles,
        "letters-of-other-fonts": letters.letters_of_other_fonts,
        "letters-of-another-alphabet": letters.letters_of_another_alphabet,
    }
)

FRAMED = frozenset({"uploaded", "framed", "gaussian-uploaded"})
"""Kinds that pass through imaging as uploads do."""

KINDS: Mapping[str, Kind] = MappingProxyType({**SEEN, **HELD_OUT})
