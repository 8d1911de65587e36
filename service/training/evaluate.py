"""How good a network is: on digits it never saw, and on images that are no digit."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from service.artifacts.format import Evaluation, OperatingPoint
from service.network import FloatArray
from service.verdict import accepted

__all__ = [
    "accuracy",
    "at_coverage",
    "calibration_bins",
    "calibration_error",
    "confusion",
    "coverage",
    "evaluate",
    "margins",
    "operating_curve",
    "operating_point",
    "surest",
]

CALIBRATION_BINS = 15
CURVE = np.linspace(0, 1, 21)


def accuracy(activations: FloatArray, labels: NDArray[np.uint8]) -> float:
    """Return the share of images whose argmax is their label: (n, n_out) and (n,)."""
    return float((activations.argmax(axis=1) == labels).mean())


def confusion(activations: FloatArray, labels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Count images by their label (row) and argmax (column): (n, n_out) and (n,) → (n_out, n_out)."""
    n_out = activations.shape[1]
    counts = np.bincount(labels.astype(np.intp) * n_out + activations.argmax(axis=1), minlength=n_out**2)
    return counts.reshape(n_out, n_out)


def calibration_error(activations: FloatArray, labels: NDArray[np.uint8]) -> float:
    """Measure how far the largest activation is from the share of images that are right.

    The images are sorted by their largest activation into 15 bins of equal count; the gaps of the bins are
    averaged (Nguyen and O'Connor 2015; Guo et al. 2017 cut the bins at equal width).
    """
    bins = calibration_bins(activations, labels)
    gaps = (abs(float(r.sum()) - float(a.sum(dtype=np.float64))) for r, a in bins)  # each times its count
    return sum(gaps) / len(labels)


def calibration_bins(
    activations: FloatArray, labels: NDArray[np.uint8]
) -> Iterator[tuple[NDArray[np.bool_], FloatArray]]:
    """Sort images by their largest activation into 15 bins: who of a bin is right, and that activation.

    It is compared with a share: below 0, where tanh can bring it, it counts as 0, beyond 1, with ReLU, as 1.
    """
    order = activations.max(axis=1).argsort(kind="stable")
    right = (activations.argmax(axis=1) == labels)[order]
    largest = activations.max(axis=1)[order].clip(0, 1)
    return zip(
        np.array_split(right, CALIBRATION_BINS), np.array_split(largest, CALIBRATION_BINS), strict=True
    )


def operating_curve(
    activations: FloatArray, labels: NDArray[np.uint8], trash: FloatArray
) -> tuple[OperatingPoint, ...]:
    """Say what 21 thresholds from 0 to 1 accept.

    Args:
        activations: of digits, (n, n_out).
        labels: of the digits, (n,).
        trash: activations of trash, (m, n_out).
    """
    return tuple(operating_point(float(threshold), activations, labels, trash) for threshold in CURVE)


def operating_point(
    threshold: float, activations: FloatArray, labels: NDArray[np.uint8], trash: FloatArray
) -> OperatingPoint:
    """Say what one threshold accepts; the arguments are those of operating_curve."""
    taken = accepted(activations, threshold)
    right = activations.argmax(axis=1) == labels
    return OperatingPoint(
        threshold=round(threshold, 4),
        coverage=float(taken.mean()),
        accuracy=float(right[taken].mean()) if taken.any() else 1.0,  # none taken, none wrong
        false_acceptance=float(accepted(trash, threshold).mean()),
    )


def coverage(activations: FloatArray, thresholds: FloatArray) -> NDArray[np.float64]:
    """Return the share of images that each threshold above 0 accepts: (n, n_out) and (m,) → (m,)."""
    second, largest = np.sort(np.partition(activations, -2)[:, -2:], axis=0).T  # each sorted by itself
    accepted_images: NDArray[np.intp] = second.searchsorted(thresholds) - largest.searchsorted(thresholds)
    return accepted_images / len(activations)


def at_coverage(activations: FloatArray, share: float) -> float | None:
    """Find the highest threshold that accepts this share of images; None where every one rejects more."""
    candidates = np.unique(activations.max(axis=1))
    enough = candidates[(candidates > 0) & (coverage(activations, candidates) >= share)]
    return float(enough[-1]) if len(enough) else None


def margins(activations: FloatArray) -> FloatArray:
    """Return each image's largest activation less its second largest: (n, n_out) → (n,)."""
    second, largest = np.partition(activations, -2)[:, -2:].T
    lead: FloatArray = largest - second
    return lead


def surest(activations: FloatArray, labels: NDArray[np.uint8], share: float) -> tuple[float, float]:
    """Say what the margin is that this share of images reaches, and what share of those is right."""
    lead = margins(activations)
    least = np.sort(lead)[-max(round(share * len(lead)), 1)]
    kept = lead >= least
    return float(least), float((activations.argmax(axis=1) == labels)[kept].mean())


def evaluate(
    activations: FloatArray,
    labels: NDArray[np.uint8],
    trash: Mapping[str, FloatArray],
    threshold: float,
    *,
    name: str,
) -> Evaluation:
    """Put everything measured together.

    Args:
        activations: of digits, (n, n_out).
        labels: of the digits, (n,).
        trash: activations by kind, each (m, n_out).
        threshold: of the artifact.
        name: of the digits, as "MNIST t10k".
    """
    counts = confusion(activations, labels)
    return Evaluation(
        data=name,
        n_images=len(labels),
        accuracy=float(np.trace(counts)) / len(labels),
        confusion=tuple(map(tuple, counts.tolist())),
        calibration_error=calibration_error(activations, labels),
        operating_curve=operating_curve(activations, labels, np.concatenate(list(trash.values()))),
        false_acceptance={kind: float(accepted(a, threshold).mean()) for kind, a in trash.items()},
    )
