"""What is chosen on images that were not learned from: the scale of the outputs, and the threshold.

The outputs' z are stretched and moved, all by the same two numbers, until the largest activation agrees with
the share of images that is right (Platt 1999). No argmax changes by that.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.network import FloatArray, Network
from service.training.recipes import Rejection
from service.verdict import accepted

__all__ = ["AS_IT_IS", "Scale", "choose_threshold", "scale_of", "scaled"]

THRESHOLDS = np.arange(1, 100) / 100
STEPS = 50  # of Newton's method; it stands still after twenty
GENTLEST = 0.05  # slope; on less all outputs would be nearly one number


class Scale(NamedTuple):
    """z of the outputs becomes slope × z + shift."""

    slope: float
    shift: float


AS_IT_IS = Scale(1.0, 0.0)


def scale_of(network: Network, images: FloatArray, labels: NDArray[np.uint8]) -> Scale:
    """Find the scale on which σ of the largest z is the share of images that is right.

    Args:
        network: with sigmoid outputs.
        images: of validation digits, prepared, (n, n_in).
        labels: what they show, (n,).

    Returns:
        The scale as it is where the images do not tell how sure is too sure: all of them are right, or none,
        or those that are wrong have no smaller z.
    """
    z = network.trace(images).z[-1]
    right = z.argmax(axis=1) == labels
    n_right, n_wrong = int(right.sum()), int((~right).sum())
    if not (n_right and n_wrong):
        return AS_IT_IS
    # Platt's targets: short of 0 and 1, so that no gap between right and wrong asks for an infinite slope
    targets = np.where(right, (n_right + 1) / (n_right + 2), 1 / (n_wrong + 2))
    largest = z.max(axis=1).astype(np.float64)
    middle, spread = largest.mean(), largest.std() + 1e-9  # Newton's method walks best on plain ground
    slope, shift = _logistic((largest - middle) / spread, targets)
    slope /= float(spread)
    return Scale(slope, shift - slope * float(middle)) if slope > GENTLEST else AS_IT_IS


def _logistic(inputs: FloatArray, targets: FloatArray) -> tuple[float, float]:
    """Find slope and shift of the σ that is nearest to targets, by cross-entropy: both (n,), targets 0..1."""
    columns = np.stack([inputs, np.ones(len(inputs))], axis=1)  # (n, 2)
    found = np.array([0.0, np.log(targets.mean() / (1 - targets.mean()))])
    for _step in range(STEPS):
        activations = 1 / (1 + np.exp(-(columns @ found)))
        gradient = columns.T @ (activations - targets)
        curvature = (columns.T * (activations * (1 - activations))) @ columns
        step = np.linalg.solve(curvature + 1e-3 * np.eye(2), gradient)
        found = found - step / max(1.0, float(np.abs(step).max()))  # at most one, where the ground is flat
    return float(found[0]), float(found[1])


def scaled(network: Network, scale: Scale) -> Network:
    """Return the network with the z of its last layer on another scale."""
    *before, last = network.layers
    slope, shift = np.float32(scale.slope), np.float32(scale.shift)
    moved = replace(last, weights=last.weights * slope, biases=last.biases * slope + shift)
    return Network((*before, moved))


def choose_threshold(digits: FloatArray, trash: FloatArray, rejection: Rejection) -> float:
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
