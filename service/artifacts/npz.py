"""The bytes of an .npz: .npy arrays and one document in a zip archive, always packed alike, unpacked warily.

Nothing here trusts a length that the archive states: what is inflated is bounded by what the network's sizes
need, and an array's header is compared with the one that it must have, not interpreted.
"""

import io
import math
import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from types import MappingProxyType
from typing import IO, Any, TypeAlias, TypeVar

import numpy as np

from service.errors import BadArtifactError
from service.members import FOREIGN_ERRORS
from service.network import ACTIVATIONS, WIDE, FloatArray, Layer, Network
from service.zip_end import end_of

__all__ = [
    "DTYPES",
    "array_shapes",
    "by_name",
    "network_of",
    "open_archive",
    "pack",
    "read_arrays",
    "read_document",
    "read_stacks",
]

Shape: TypeAlias = tuple[int, ...]
DType: TypeAlias = np.dtype[np.floating[Any]]
Part = TypeVar("Part")

DTYPES: Mapping[str, DType] = MappingProxyType({"float32": np.dtype("<f4"), "float16": np.dtype("<f2")})

DOCUMENT = "metadata.json"
WEIGHTS, BIASES = "layers/{}/weights", "layers/{}/biases"  # arrays of a layer, by its number from 0
MAX_DOCUMENT_BYTES = 4 * 2**20
MAX_ARRAY_BYTES = 128 * 2**20  # of all arrays together, in memory: 32 million numbers, kept as float16
MAX_DIRECTORY_BYTES = 16 * 2**10  # 63 members, the most that 31 layers have, take less than 8 KiB
NPY_HEADER_BYTES = 128


def array_shapes(sizes: Sequence[int]) -> dict[str, Shape]:
    """Name the arrays of a network with these sizes, each with its shape, layer by layer."""
    return by_name(((n_out, n_in), (n_out,)) for n_in, n_out in pairwise(sizes))


def by_name(layers: Iterable[tuple[Part, Part]]) -> dict[str, Part]:
    """Name what belongs to the weights and the biases of each layer, as the archive's arrays are named."""
    named: dict[str, Part] = {}
    for depth, (weights, biases) in enumerate(layers):
        named[WEIGHTS.format(depth)], named[BIASES.format(depth)] = weights, biases
    return named


def network_of(arrays: Mapping[str, FloatArray], activations: Sequence[str]) -> Network:
    """Put a network together from its arrays by name, and the name of each layer's activation."""
    return Network(
        tuple(
            Layer(arrays[WEIGHTS.format(depth)], arrays[BIASES.format(depth)], ACTIVATIONS[name])
            for depth, name in enumerate(activations)
        )
    )


def pack(document: bytes, arrays: Mapping[str, FloatArray], dtype: DType) -> bytes:
    """Pack arrays, rounded to dtype already, and their document; the same input gives the same bytes."""
    members = {f"{name}.npy": _npy(array, dtype) for name, array in arrays.items()} | {DOCUMENT: document}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(members):
            archive.writestr(_entry(name), members[name])
    return buffer.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_STORED  # weights deflate by a tenth; zlib's bytes differ by version
    entry.create_system = 3  # Unix, wherever it is written
    entry.external_attr = 0o644 << 16
    return entry


def _npy(array: FloatArray, dtype: DType) -> bytes:
    return _npy_header(array.shape, dtype) + array.astype(dtype).tobytes()


def _npy_header(shape: Shape, dtype: DType) -> bytes:
    """Return the one header, format version 1.0, that numpy writes for such an array in C order."""
    text = f"{{'descr': '{dtype.str}', 'fortran_order': False, 'shape': {shape}, }}"
    length = NPY_HEADER_BYTES - 10  # after magic, version and this length
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", length) + text.ljust(length - 1).encode() + b"\n"


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except FOREIGN_ERRORS as error:
        reason = str(error)[:100] or "it ends too early"  # an EOFError has no text
        raise BadArtifactError(f"{what} is corrupt ({reason}); copy the file anew") from error


def open_archive(content: bytes) -> zipfile.ZipFile:
    """Read the directory of a zip archive, inflating nothing.

    Raises:
        BadArtifactError: no zip archive, or one with members that are encrypted, doubled or packed unusually.
    """
    _check_end(content)
    with _translated("the zip directory"):
        archive = zipfile.ZipFile(io.BytesIO(content))
    seen: set[str] = set()
    for entry in archive.infolist():
        name = entry.filename
        if name in seen:
            raise BadArtifactError(f"member {name[:60]!a} stands there twice; write the file anew")
        seen.add(name)
        if entry.flag_bits & 0x1:
            raise BadArtifactError(
                f"member {name[:60]!a} is encrypted; write the file anew without a password"
            )
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise BadArtifactError(
                f"member {name[:60]!a} is compressed by method {entry.compress_type}; store or deflate it"
            )
    return archive


def _check_end(content: bytes) -> None:
    """Bound the directory before zipfile makes an object of each entry that it may list."""
    end = end_of(content)
    if end is None:
        raise BadArtifactError("is no .npz, or the end of one is missing (truncated?); copy the file anew")
    if end.at_64 is not None:
        raise BadArtifactError("is a zip64 archive, which no artifact needs; write the file anew")
    if end.size > MAX_DIRECTORY_BYTES or not end.fits(len(content)):
        raise BadArtifactError(
            f"the zip directory, {end.size} bytes at {end.start}, is too large or misplaced; write the file "
            "anew"
        )


def read_document(archive: zipfile.ZipFile) -> bytes:
    """Return the bytes of metadata.json.

    Raises:
        BadArtifactError: there is none, it is too large, or it does not inflate to what the directory says.
    """
    if DOCUMENT not in archive.NameToInfo:
        raise BadArtifactError(f"member {DOCUMENT} is missing; write the file with `digits train`")
    declared = archive.getinfo(DOCUMENT).file_size
    if declared > MAX_DOCUMENT_BYTES:
        raise BadArtifactError(
            f"{DOCUMENT} has {declared} bytes, at most {MAX_DOCUMENT_BYTES} are read; shorten it"
        )
    with _translated(DOCUMENT), archive.open(DOCUMENT) as member:
        return _read_exactly(member, declared)


def read_arrays(archive: zipfile.ZipFile, sizes: Sequence[int]) -> dict[str, FloatArray]:
    """Return the arrays of a network with these sizes: float32, finite and read-only.

    The weights of a wide layer lie column by column: what all neurons give to one input is in one place.

    Raises:
        BadArtifactError: a member too many or too few, or an array of another kind, shape or length.
    """
    shapes = array_shapes(sizes)
    _check_total(shapes, f"sizes {'-'.join(map(str, sizes))}")
    return _read_members(archive, shapes)


def read_stacks(archive: zipfile.ZipFile, sizes: Sequence[int], n: int) -> dict[str, FloatArray]:
    """Return the arrays of n networks with these sizes, one network after the other: (n, *shape).

    Raises:
        BadArtifactError: as by read_arrays.
    """
    shapes = {name: (n, *shape) for name, shape in array_shapes(sizes).items()}
    _check_total(shapes, f"{n} networks of sizes {'-'.join(map(str, sizes))}")
    return _read_members(archive, shapes)


def _check_total(shapes: Mapping[str, Shape], what: str) -> None:
    n_bytes = sum(4 * math.prod(shape) for shape in shapes.values())  # in float32
    if n_bytes > MAX_ARRAY_BYTES:
        raise BadArtifactError(
            f"{what} take {n_bytes} bytes, at most {MAX_ARRAY_BYTES} are read; make the network smaller"
        )


def _read_members(archive: zipfile.ZipFile, shapes: Mapping[str, Shape]) -> dict[str, FloatArray]:
    _check_names(archive, {DOCUMENT, *(f"{name}.npy" for name in shapes)})
    return {name: _read_array(archive, f"{name}.npy", shape) for name, shape in shapes.items()}


def _check_names(archive: zipfile.ZipFile, wanted: set[str]) -> None:
    found = {entry.orig_filename for entry in archive.infolist()}  # filename ends at the first zero byte
    missing, foreign = wanted - found, found - wanted
    if missing:
        raise BadArtifactError(
            f"member {min(missing)} is missing, though sizes ask for it; write the file anew"
        )
    if foreign:
        raise BadArtifactError(
            f"member {min(foreign)[:60]!a} is not expected in an artifact; write the file without it"
        )


def _read_array(archive: zipfile.ZipFile, name: str, shape: Shape) -> FloatArray:
    with _translated(name), archive.open(name) as member:
        dtype = _check_header(name, member.read(NPY_HEADER_BYTES), shape)
        needed = math.prod(shape) * dtype.itemsize
        declared = archive.getinfo(name).file_size
        if declared != NPY_HEADER_BYTES + needed:
            raise BadArtifactError(
                f"{name} is said to have {declared} bytes, its header and shape {shape} need "
                f"{NPY_HEADER_BYTES + needed}; write the file anew"
            )
        array = np.frombuffer(_read_exactly(member, needed), dtype).reshape(shape)
        array = array.astype(np.float32, order="F" if _is_wide(shape) else "C", copy=False)
    if not np.isfinite(array).all():
        raise BadArtifactError(f"{name} holds NaN or infinity; train the network anew")
    array.setflags(write=False)
    return array


def _is_wide(shape: Shape) -> bool:
    return len(shape) == len(("n_out", "n_in")) and math.prod(shape) >= WIDE


def _check_header(name: str, header: bytes, shape: Shape) -> DType:
    """Find the dtype whose header this is; unlike numpy's own reader, evaluate nothing."""
    for dtype in DTYPES.values():
        if header == _npy_header(shape, dtype):
            return dtype
    said = header[10:].decode("latin-1").rstrip() if header.startswith(b"\x93NUMPY\x01\x00") else None
    raise BadArtifactError(
        f"{name} {'is no .npy of format 1.0' if said is None else f'has the header {said[:100]!a}'}; "
        f"needed is '<f4' or '<f2' in C order with shape {shape}"
    )


def _read_exactly(member: IO[bytes], n_bytes: int) -> bytes:
    """Inflate n_bytes and no more, however many there are; zipfile compares the checksum at the end."""
    content = member.read(n_bytes)
    if len(content) != n_bytes:
        raise EOFError(f"{len(content)} bytes instead of {n_bytes}")
    return content
