"""The data of a tensor: from bytes or JSON to numbers, and back."""

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from struct import Struct
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from service.errors import BadInputError

__all__ = ["DTYPES", "byte_strings", "elements", "numbers"]

DTYPES: Mapping[str, np.dtype[Any]] = MappingProxyType(
    {"FP32": np.dtype("<f4"), "INT64": np.dtype("<i8"), "UINT8": np.dtype("u1"), "BOOL": np.dtype("?")}
)
"""How the elements of each datatype follow each other; those of BYTES tell their length before them."""
LENGTH = Struct("<I")


def numbers(data: memoryview | Sequence[object], datatype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return a tensor of numbers in its shape: those of a binary one where they lie, JSON's as float64.

    Raises:
        BadInputError: more or fewer of them than the shape says, or something else among them.
    """
    n = math.prod(shape)
    if not isinstance(data, memoryview):
        kinds: set[type] = {int} if datatype == "UINT8" else {int, float}
        return np.array(_flat(data, n, kinds, "numbers"), np.float64).reshape(shape)
    dtype = DTYPES[datatype]
    if len(data) != n * dtype.itemsize:
        raise BadInputError(
            f"the tensor has {len(data)} bytes; {n} elements of {datatype} have {n * dtype.itemsize}"
        )
    return np.frombuffer(data, dtype).reshape(shape)


def elements(data: memoryview | Sequence[object], n: int) -> Sequence[bytes | str]:
    """Return the n elements of a BYTES tensor: bytes of a binary one, strings of JSON.

    Raises:
        BadInputError: more or fewer of them, or something else among them.
    """
    if isinstance(data, memoryview):
        return _byte_strings_in(data, n)
    return cast("Sequence[bytes | str]", _flat(data, n, {str, bytes}, "strings"))


def _flat(data: Sequence[object], n: int, kinds: set[type], names: str) -> Sequence[object]:
    """Take lists of lists apart, row by row, until the elements are reached."""
    while data and isinstance(data[0], list):
        rows = [row for row in data if isinstance(row, list)]
        if len(rows) != len(data) or len(set(map(len, rows))) > 1:
            raise BadInputError("the tensor's data are not equally long rows; send them as the shape says")
        data = [*chain.from_iterable(rows)]
    if len(data) != n:
        raise BadInputError(f"the tensor's data have {len(data)} elements; its shape says {n}")
    if not set(map(type, data)) <= kinds:  # true and "0.5" are no numbers
        raise BadInputError(f"the tensor's data hold something else than {names} of its datatype")
    return data


def _byte_strings_in(data: memoryview, n: int) -> list[bytes]:
    strings: list[bytes] = []
    place = 0
    while place + LENGTH.size <= len(data) and len(strings) < n:
        (length,) = LENGTH.unpack_from(data, place)
        place += LENGTH.size
        strings.append(bytes(data[place : place + length]))
        place += length
    if len(strings) != n or place != len(data):
        raise BadInputError(f"the tensor is not {n} elements of BYTES, each after its length; send it again")
    return strings


def byte_strings(values: Sequence[str]) -> bytes:
    """Write a binary BYTES tensor."""
    encoded = [value.encode() for value in values]
    return b"".join(LENGTH.pack(len(value)) + value for value in encoded)
