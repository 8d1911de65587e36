"""MNIST in memory, from its four IDX files: in a folder, compressed or not, or downloaded."""

import gzip
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from service.errors import BadDataError
from service.network import FloatArray
from service.training import mirror

__all__ = ["SHA256", "Digits", "Mnist", "idx", "read"]

SHA256: Mapping[str, str] = MappingProxyType(
    {  # of the published files, uncompressed
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    }
)
UNSIGNED_BYTES = b"\0\0\x08"  # how an IDX file of such numbers begins


@dataclass(frozen=True, slots=True, eq=False)
class Digits:
    """Images beside what they show.

    Attributes:
        images: (n, 784) float32, 0 paper to 1 ink.
        labels: (n,), the digits 0 to 9.
    """

    images: FloatArray
    labels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: slice | NDArray[np.intp]) -> Self:
        return type(self)(self.images[which], self.labels[which])

    def mean_images(self) -> FloatArray:
        """Average the images of each digit: (10, 784)."""
        return np.stack([self.images[self.labels == digit].mean(axis=0) for digit in range(10)])


@dataclass(frozen=True, slots=True, eq=False)
class Mnist:
    """The data set.

    Attributes:
        training: to learn from, and to choose on.
        test: to look at once, at the end.
        sha256: of each file by its name, uncompressed.
    """

    training: Digits
    test: Digits
    sha256: Mapping[str, str]


def read(folder: Path | None = None, *, sha256: Mapping[str, str] = SHA256) -> Mnist:
    """Read the four files and verify them.

    Args:
        folder: where they lie, as <name> or <name>.gz; None downloads them once into the user's cache.
        sha256: what each must hash to, uncompressed, in hex.

    Raises:
        BadDataError: a file is missing, corrupt or another one, or no mirror could be reached.
    """
    found = mirror.download() if folder is None else folder
    return Mnist(_digits(found, "train", sha256), _digits(found, "t10k", sha256), dict(sha256))


def _digits(folder: Path, part: str, sha256: Mapping[str, str]) -> Digits:
    images, labels = (
        _verified(folder, f"{part}-{kind}-ubyte", sha256) for kind in ("images-idx3", "labels-idx1")
    )
    if images.shape != (len(labels), 28, 28):
        raise BadDataError(
            f"{folder}: {part} has {len(labels)} labels and images of shape {images.shape}; "
            "use four files that belong together"
        )
    return Digits(images.reshape(len(images), -1).astype(np.float32) / np.float32(255), labels)


def _verified(folder: Path, name: str, sha256: Mapping[str, str]) -> NDArray[np.uint8]:
    content = _content(folder, name)
    numbers = idx(content, str(folder / name))
    found = hashlib.sha256(content).hexdigest()
    if found != sha256[name]:
        raise BadDataError(
            f"{folder / name}: not the published file: sha256 {found[:16]}… instead of {sha256[name][:16]}…; "
            "download it again"
        )
    return numbers


def _content(folder: Path, name: str) -> bytes:
    raw, compressed = folder / name, folder / f"{name}.gz"
    found = compressed
    try:
        if raw.exists():
            found = raw
        content = found.read_bytes()
        return content if found is raw else gzip.decompress(content)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadDataError(
            f"{folder} holds neither {name} nor {name}.gz; name the folder of the four MNIST files, or name "
            "none to download them"
        ) from error
    except IsADirectoryError as error:
        raise BadDataError(f"{found}: is a folder; name the one in which the four files lie") from error
    except (OSError, EOFError, zlib.error) as error:
        raise BadDataError(f"{found}: cannot be read ({error}); download it again") from error


def idx(content: bytes, name: str) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes into an array of the shape that it declares.

    The format: http://yann.lecun.com/exdb/mnist, "The IDX file format"; sizes are big-endian.

    Args:
        content: of the file, uncompressed.
        name: of the file, for the message.

    Raises:
        BadDataError: another format, or fewer or more bytes than declared.
    """
    if content[:3] != UNSIGNED_BYTES:
        raise BadDataError(
            f"{name}: not an IDX file of bytes, it begins with {content[:4].hex()}; download it again"
        )
    start = 4 + 4 * sum(content[3:4])  # the fourth byte counts the dimensions, four bytes each
    shape = tuple(np.frombuffer(content[4:start].ljust(start - 4, b"\0"), ">u4").tolist())
    if len(content) != start + prod(shape):
        raise BadDataError(
            f"{name}: {len(content)} bytes instead of {start + prod(shape)}; download it again"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
