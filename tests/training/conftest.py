"""Digits drawn by code, so that the trainer is tested where MNIST is not at hand."""

import gzip
import hashlib
import shutil

import numpy as np
import pytest

from service.training.mnist import Digits, Mnist

# the segments of a pocket calculator: (rows, columns) of each bar
BARS = {
    "a": (slice(4, 7), slice(9, 19)),
    "b": (slice(4, 14), slice(17, 20)),
    "c": (slice(14, 24), slice(17, 20)),
    "d": (slice(21, 24), slice(9, 19)),
    "e": (slice(14, 24), slice(8, 11)),
    "f": (slice(4, 14), slice(8, 11)),
    "g": (slice(12, 15), slice(9, 19)),
}
SHOWN = ("abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg")


def draw_digit(label, rng):
    """One (28, 28) uint8 picture: bars of varying ink, moved by up to two pixels."""
    picture = np.zeros((28, 28), np.uint8)
    for bar in SHOWN[label]:
        picture[BARS[bar]] = rng.integers(180, 256)
    return np.roll(picture, rng.integers(-2, 3, 2), axis=(0, 1))


def draw_digits(n, seed):
    """Pictures (n, 28, 28) uint8 and labels (n,) uint8, all ten labels equally often."""
    rng = np.random.default_rng(seed)
    labels = np.resize(rng.permutation(10), n).astype(np.uint8)
    return np.stack([draw_digit(label, rng) for label in labels]), labels


def to_digits(pictures, labels):
    return Digits(pictures.reshape(len(pictures), 784).astype(np.float32) / 255, labels)


def idx_bytes(numbers):
    """Write an array of bytes as an IDX file, by the description of the format."""
    header = bytes([0, 0, 8, numbers.ndim]) + b"".join(size.to_bytes(4, "big") for size in numbers.shape)
    return header + numbers.tobytes()


@pytest.fixture(scope="session")
def digits():
    """400 labelled digits."""
    return to_digits(*draw_digits(400, seed=1))


@pytest.fixture(scope="session")
def drawn():
    """A data set in memory: 700 training digits and 200 test digits."""
    training, test = to_digits(*draw_digits(700, seed=2)), to_digits(*draw_digits(200, seed=3))
    return Mnist(training, test, {"drawn": "0" * 64})


@pytest.fixture(scope="session")
def drawn_once(tmp_path_factory):
    """The same data set in a folder of four IDX files, two of them compressed, and their digests."""
    folder = tmp_path_factory.mktemp("mnist")
    sha256 = {}
    for part, n, seed in (("train", 700, 2), ("t10k", 200, 3)):
        pictures, labels = draw_digits(n, seed)
        images_name, labels_name = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
        (folder / f"{images_name}.gz").write_bytes(gzip.compress(idx_bytes(pictures)))
        (folder / labels_name).write_bytes(idx_bytes(labels))
        sha256[images_name] = hashlib.sha256(idx_bytes(pictures)).hexdigest()
        sha256[labels_name] = hashlib.sha256(idx_bytes(labels)).hexdigest()
    return folder, sha256


@pytest.fixture
def drawn_folder(drawn_once, tmp_path):
    """A copy of it that a test may damage."""
    folder, sha256 = drawn_once
    return shutil.copytree(folder, tmp_path / "mnist"), sha256
