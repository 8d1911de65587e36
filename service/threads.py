"""Linear algebra's own threads: one, as processes and workers are what runs side by side here.

More threads than cores only wait for each other, and a sum in another order has other last digits.
"""

import os
from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["ONE_THREAD", "one_thread"]

ONE_THREAD: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(
        ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
    )
)
"""What each library of linear algebra is told, by the variable that it reads as it is imported."""


def one_thread() -> None:
    """Have one thread in this process and those to come, unless somebody has said otherwise.

    It takes effect on what is not yet imported.
    """
    for name, number in ONE_THREAD.items():
        os.environ.setdefault(name, number)
