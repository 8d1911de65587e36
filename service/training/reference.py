"""What a service will see while nothing has drifted, counted on validation digits."""

import numpy as np
from numpy.typing import NDArray

from service.artifacts.reference import INK_BOUNDS, SHARE_BOUNDS, Bins, Reference
from service.network import FloatArray
from service.verdict import accepted

__all__ = ["reference"]


def reference(activations: FloatArray, images: FloatArray, threshold: float) -> Reference:
    """Count digits as a service counts the pictures that it reads.

    Args:
        activations: of the digits, (n, n_out).
        images: the digits themselves, (n, n_in), before the network's own preprocessing.
        threshold: of the artifact.
    """
    n_out = activations.shape[1]
    answers = np.where(accepted(activations, threshold), activations.argmax(axis=1), n_out)
    return Reference(
        n_images=len(activations),
        answers=tuple(np.bincount(answers, minlength=n_out + 1).tolist()),
        largest_activation=_bins(activations.max(axis=1), SHARE_BOUNDS),
        ink=_bins(images.mean(axis=1), INK_BOUNDS),
    )


def _bins(numbers: NDArray[np.floating], bounds: tuple[float, ...]) -> Bins:
    """Count numbers, (n,), by the first bound that they do not exceed."""
    found = np.searchsorted(bounds, numbers.astype(np.float64), side="left")
    return Bins(bounds=bounds, counts=tuple(np.bincount(found, minlength=len(bounds) + 1).tolist()))
