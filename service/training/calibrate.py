"""The threshold under which an answer is "not a digit", chosen on images that were not learned from."""

import numpy as np

from service.classifier import accepted
from service.network import FloatArray
from service.training.recipes import Rejection

__all__ = ["THRESHOLDS", "choose"]

THRESHOLDS = np.arange(1, 100) / 100


def choose(digits: FloatArray, trash: FloatArray, rejection: Rejection) -> float:
    """Choose the lowest threshold that keeps trash out without rejecting too many digits.

    Where none does both, the limit on digits holds and as much trash as possible is kept out; where none
    keeps that limit either, as few digits as possible are rejected.

    Args:
        digits: activations of validation digits, (n, n_out).
        trash: activations of trash, (m, n_out), as many images of each kind.
        rejection: the limits.
    """
    rejected = np.array([1 - accepted(digits, threshold).mean() for threshold in THRESHOLDS])
    passing = np.array([accepted(trash, threshold).mean() for threshold in THRESHOLDS])
    affordable = rejected <= max(rejection.most_digits, rejected.min())
    wanted = max(rejection.most_trash, passing[affordable].min())
    return float(THRESHOLDS[affordable & (passing <= wanted)][0])
