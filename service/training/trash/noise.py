"""Noise and textures: images without anything drawn in them."""

import numpy as np

from service.imaging import SIDE
from service.network import FloatArray
from service.training import uploads
from service.training.mnist import Digits
from service.training.trash.spoiled import some

__all__ = [
    "clouds",
    "constant",
    "dead_leaves",
    "gaussian",
    "gaussian_uploaded",
    "gratings",
    "random_phase",
    "salt_and_pepper",
    "uniform",
    "uploaded",
]

PIXELS = SIDE * SIDE


def uniform(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Draw every pixel by itself, every grey as likely."""
    return rng.random((n, PIXELS), dtype=np.float32)


def gaussian(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Draw every pixel by itself from a normal distribution, another one for each image."""
    level, spread = rng.uniform(0.1, 0.9, (n, 1)), rng.uniform(0.1, 0.5, (n, 1))
    return level + spread * rng.standard_normal((n, PIXELS), dtype=np.float32)


def salt_and_pepper(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Draw every pixel by itself, ink or paper, from nearly no ink to nearly no paper."""
    density = rng.uniform(0.02, 0.98, (n, 1))
    return (rng.random((n, PIXELS), dtype=np.float32) < density).astype(np.float32)


def constant(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Fill the image with one grey."""
    level = rng.uniform(-0.5, 1, (n, 1))  # a third of them are blank once clipped
    return np.repeat(level, PIXELS, axis=1)


def uploaded(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Frame pictures of random grey, or of black and white, like uploads."""
    return uploads.framed(uploads.uniform_or_two_tone(rng, n))


def gaussian_uploaded(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Frame pictures of normally distributed grey like uploads."""
    return uploads.framed(uploads.gaussian(rng, n))


def gratings(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Draw stripes of any direction and 2.5 to 28 pixels from one to the next."""
    angle, phase = rng.uniform(0, 2 * np.pi, (2, n, 1))
    frequency = 2 * np.pi / rng.uniform(2.5, SIDE, (n, 1))
    down, right = np.indices((SIDE, SIDE)).reshape(2, 1, PIXELS)
    place: FloatArray = np.cos(angle) * right + np.sin(angle) * down
    stripes: FloatArray = 0.5 + rng.uniform(0.2, 1, (n, 1)) * np.sin(frequency * place + phase)
    return stripes


def random_phase(rng: np.random.Generator, digits: Digits, n: int) -> FloatArray:
    """Keep how much of each spatial frequency a digit has, and forget where."""
    strength = np.abs(np.fft.rfft2(some(rng, digits, n).images.reshape(n, SIDE, SIDE)))
    texture = _with_spectrum(strength, rng, n)
    scaled: FloatArray = texture / texture.max(axis=1, keepdims=True)
    return scaled


def clouds(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Draw textures whose strength falls with the frequency as in photographs, half of them in hard contrast.

    The amplitude of natural images falls about as one over the frequency (Field 1987).
    """
    down, right = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)
    frequency = np.hypot(down, right)
    frequency[0, 0] = 1 / SIDE
    texture = _with_spectrum(frequency ** -rng.uniform(0.5, 2.5, (n, 1, 1)), rng, n)
    grey = texture - texture.min(axis=1, keepdims=True)
    grey /= grey.max(axis=1, keepdims=True)
    hard = np.where(rng.random((n, 1)) < 1 / 2, rng.uniform(2, 8, (n, 1)), 1)
    middle = np.where(hard > 1, rng.uniform(0.2, 0.8, (n, 1)), 1 / 2)
    contrasted: FloatArray = ((grey - middle) * hard + 1 / 2).clip(0, 1)
    return contrasted


def dead_leaves(rng: np.random.Generator, _digits: Digits, n: int) -> FloatArray:
    """Lay discs of random greys over each other, small ones more often, as leaves fall.

    The model of photographs of Lee, Mumford and Huang (2001): objects hide one another, at every size.
    """
    leaves = 60
    down, right = np.indices((SIDE, SIDE), np.float32).reshape(2, 1, PIXELS)
    picture = np.repeat(rng.random((n, 1), dtype=np.float32), PIXELS, axis=1)
    for _leaf in range(leaves):
        radius = 2 / np.sqrt(rng.uniform(0.02, 1, (n, 1)))  # P(radius) falls with its third power
        row, column = rng.uniform(-4, SIDE + 4, (2, n, 1))
        hidden = (down - row) ** 2 + (right - column) ** 2 < radius**2
        picture = np.where(hidden, rng.random((n, 1), dtype=np.float32), picture)
    return picture


def _with_spectrum(strength: FloatArray, rng: np.random.Generator, n: int) -> FloatArray:
    """Give each frequency its strength, (n, 28, 15), and all but the mean a random phase: (n, 784)."""
    noise = np.fft.rfft2(rng.standard_normal((n, SIDE, SIDE)))
    phase = noise / np.abs(noise)
    phase[:, 0, 0] = 1
    return np.fft.irfft2(strength * phase, s=(SIDE, SIDE)).reshape(n, PIXELS)
