"""Trash as an upload brings it: cut out and framed like a digit."""

import numpy as np

from service.imaging import SIDE, Choice, Picture
from service.network import FloatArray
from service.training import uploads
from service.training.mnist import Digits
from service.training.trash import drawn, noise, spoiled

__all__ = ["framed"]


KINDS = (
    noise.clouds,
    noise.salt_and_pepper,
    drawn.blobs,
    drawn.silhouettes,
    drawn.strokes,
    drawn.scribbles,
    spoiled.side_by_side,
)


def framed(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Frame images of other kinds, as many of each; an inverted digit would come out as a digit."""
    every = np.concatenate([kind(rng, digits, -(-n // len(KINDS))) for kind in KINDS])
    chosen = every[rng.permutation(len(every))[:n]].clip(0, 1).astype(np.float32)
    pictures = (Picture(image.reshape(SIDE, SIDE), (SIDE, SIDE), "L") for image in chosen)
    return uploads.framed(pictures, center=Choice.YES)
