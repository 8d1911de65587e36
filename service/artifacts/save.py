"""From a trained network to one .npz, the same bytes for the same numbers."""

import hashlib
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from service.artifacts import disk
from service.artifacts.document import render
from service.artifacts.format import Metadata, Version
from service.artifacts.load import MAX_FILE_BYTES, verified
from service.artifacts.npz import DTYPES, array_shapes, by_name, pack
from service.artifacts.sums import read_sums, write_sums
from service.errors import BadArtifactError, BadInputError
from service.network import FloatArray, Network

__all__ = ["check_place", "check_sizes", "check_version", "put", "remove", "rounded", "save"]


def save(network: Network, metadata: Metadata, folder: Path, *, dtype: str = "float32") -> Path:
    """Write <folder>/<name>/<version>.npz and its line in <folder>/SHA256SUMS; return the file's path.

    The file is written beside its place, synced and renamed, so that a reader sees either the old
    one or the new one.

    Args:
        network: what is written; rounded to dtype.
        metadata: checked against the network first.
        folder: of artifacts; made where it is missing.
        dtype: "float32" or "float16".

    Raises:
        BadArtifactError: the metadata does not describe the network, the file would be larger than what is
            read, or the folder cannot be written to.
    """
    try:
        content = _packed(network, metadata, dtype)
    except BadArtifactError as error:
        raise BadArtifactError(f"{folder / metadata.file}: {error}") from error
    return put(folder, metadata.file, content)


def put(folder: Path, file: str, content: bytes) -> Path:
    """Write a file of the folder and its line in SHA256SUMS; return the file's path.

    Raises:
        BadArtifactError: the file is larger than what is read, or the folder cannot be written to.
    """
    _check_length(str(folder / file), len(content))
    with disk.locked(folder):  # the sums that are read must still be those when they are written
        sums = read_sums(folder)
        if sums.pop(file, None) is not None:  # a crash half-way leaves an unlisted file, never a wrong sum
            write_sums(folder, sums)
        disk.write(folder / file, content)
        write_sums(folder, sums | {file: hashlib.sha256(content).hexdigest()})
    return folder / file


def remove(folder: Path, file: str) -> None:
    """Remove a file of the folder, where there is one, and its line in SHA256SUMS.

    Raises:
        BadArtifactError: the folder cannot be written to.
    """
    with disk.locked(folder):
        sums = read_sums(folder)
        if sums.pop(file, None) is not None:
            write_sums(folder, sums)
        disk.remove(folder / file)


def _check_length(what: str, n_bytes: int) -> None:
    if n_bytes > MAX_FILE_BYTES:
        raise BadArtifactError(
            f"{what}: {n_bytes} bytes, and at most {MAX_FILE_BYTES} are read; "
            "keep fewer weights, or keep them in float16"
        )


def check_sizes(sizes: Sequence[int], dtype: str, n: int = 1) -> None:
    """Prove, before there are any weights, that those of n networks with these sizes fit into a file.

    Raises:
        BadArtifactError: they would be more than is read.
    """
    n_numbers = n * sum(map(math.prod, array_shapes(sizes).values()))
    _check_length(f"{n} × {'-'.join(map(str, sizes))} in {dtype}", n_numbers * DTYPES[dtype].itemsize)


def check_place(folder: Path, name: str) -> None:
    """Prove, before there is an artifact of that name, that a folder takes it; made where it is missing.

    Raises:
        BadArtifactError: the folder cannot be written to, or its SHA256SUMS cannot be read.
    """
    for place in (folder, folder / name):
        disk.check_writable(place)
    read_sums(folder)


def check_version(version: str) -> None:
    """Prove, before there is an artifact of that version, that it can have it.

    Raises:
        BadInputError: it cannot.
    """
    try:
        TypeAdapter(Version).validate_python(version)
    except ValidationError as error:
        raise BadInputError(
            f"{version!r} cannot be a version; use up to 32 letters, digits, dots, dashes and underscores, "
            "the first a letter or a digit, and no .history at the end"
        ) from error


def rounded(network: Network, dtype: str) -> Network:
    """Return the network as it will be loaded after it was saved in dtype: float32 and read-only.

    Raises:
        BadArtifactError: dtype is unknown or cannot hold a number of the network.
    """
    if dtype not in DTYPES:
        raise BadArtifactError(f"dtype {dtype!r} is unknown; use {' or '.join(DTYPES)}")
    return network.with_arrays(partial(_rounded, dtype=dtype))


def _rounded(array: FloatArray, dtype: str) -> FloatArray:
    with np.errstate(over="ignore"):
        result = array.astype(DTYPES[dtype]).astype(np.float32)
    if not np.isfinite(result).all():
        largest = np.abs(array).max()
        raise BadArtifactError(
            f"a weight or bias of size {largest:g} does not fit {dtype}; train anew, or use float32"
        )
    result.setflags(write=False)
    return result


def _packed(network: Network, metadata: Metadata, dtype: str) -> bytes:
    _check(network, metadata)
    arrays = by_name((layer.weights, layer.biases) for layer in rounded(network, dtype).layers)
    content = pack(render(metadata), arrays, DTYPES[dtype])
    verified(content)  # golden samples included, on the numbers as rounded
    return content


def _check(network: Network, metadata: Metadata) -> None:
    for member, said, real in (
        ("sizes", metadata.sizes, network.sizes),
        ("activations", metadata.activations, network.activation_names),
    ):
        if said != real:
            raise BadArtifactError(
                f"metadata has {member} {said}, the network {real}; describe the same network"
            )
