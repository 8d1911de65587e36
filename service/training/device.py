"""Where the steps are computed: on this machine's processors with NumPy, or on a graphics card with CuPy.

CuPy's arrays answer to NumPy's functions, so a step is the same code on both; only what makes arrays or
brings them home goes through here.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from service.errors import ServiceError
from service.network import Network

__all__ = ["DEVICES", "HERE", "Arrays", "Workshop", "arrays", "lies_here", "moved"]

Arrays = ModuleType
"""numpy or cupy: the module that makes arrays on the device."""


class Workshop(NamedTuple):
    """What the work of a training is done with.

    Attributes:
        processes: that make what is learned from, at most so many at once.
        to: the module of the device's arrays.
    """

    processes: int = 1
    to: Arrays = np


HERE = Workshop()


def _cupy() -> Arrays:
    try:
        cupy = import_module("cupy")
    except ImportError as error:
        raise ServiceError(
            "the device cuda needs CuPy, which is not installed; see https://docs.cupy.dev/en/stable/install.html"
        ) from error
    if not cupy.cuda.is_available():
        raise ServiceError("CuPy finds no graphics card; train on the device cpu")
    return cupy


DEVICES: Mapping[str, Callable[[], Arrays]] = MappingProxyType({"cpu": lambda: np, "cuda": _cupy})


def arrays(device: str) -> Arrays:
    """Return the module that makes arrays on a device.

    Raises:
        ServiceError: there is no such device here.
    """
    return DEVICES[device]()


def moved(network: Network, to: Arrays) -> Network:
    """Return the network with its weights and biases in arrays of another module."""
    return network.with_arrays(partial(_moved, to=to))


def _moved(array: Any, to: Arrays) -> Any:  # noqa: ANN401  # of either module
    return array.get() if to is np and not lies_here(array) else to.asarray(array)


def lies_here(array: object) -> bool:
    """Say whether an array is in this machine's own memory."""
    return isinstance(array, np.ndarray)
