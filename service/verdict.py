"""What activations say: a digit, or why there is none."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from service.network import FloatArray

__all__ = ["Reason", "Verdict", "Verdicts", "accepted", "decide", "decide_all"]


class Reason(StrEnum):
    """Why a picture is answered "not a digit"."""

    BLANK = "blank"
    SEVERAL = "several"
    WEAK = "weak"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What the output activations of an image say.

    Attributes:
        activations: (n_out,) float32; sigmoid outputs lie in 0..1, do not sum to one and are not calibrated.
        argmax: the index of the largest.
        margin: the largest less the second largest.
        reason: why the picture is no digit; None where it is one.
        reject_below: the threshold that was applied; 0 turns every rejection off.
    """

    activations: FloatArray
    argmax: int
    margin: np.floating
    reason: Reason | None
    reject_below: float

    @property
    def rejected(self) -> bool:
        """Say whether the answer is "not a digit"."""
        return self.reason is not None

    @property
    def digit(self) -> int | None:
        """Name the digit, or None where the picture was rejected."""
        return None if self.rejected else self.argmax


def accepted(activations: FloatArray, reject_below: float) -> NDArray[np.bool_]:
    """Say of each image whether exactly one neuron reaches the threshold: (n, n_out) → (n,).

    >>> accepted(np.array([[0.9, 0.1], [0.3, 0.2], [0.8, 0.7]]), reject_below=0.5)
    array([ True, False, False])
    """
    if reject_below <= 0:
        return np.ones(len(activations), dtype=bool)
    reached: NDArray[np.bool_] = (activations >= reject_below).sum(axis=1) == 1
    return reached


def decide(
    activations: FloatArray, reject_below: float, *, blank: bool = False, several: bool = False
) -> Verdict:
    """Judge one image by its output activations, (n_out,), and by what was seen while it was normalized."""
    argmax = int(activations.argmax())
    ranked = activations.copy()
    ranked.partition(-2)
    second, largest = ranked[-2:]
    reasons = (
        (Reason.BLANK, blank),
        (Reason.SEVERAL, several),
        (Reason.WEAK, largest < reject_below),
        (Reason.AMBIGUOUS, second >= reject_below),
    )
    reason = next((reason for reason, holds in reasons if holds), None) if reject_below > 0 else None
    return Verdict(activations, argmax, largest - second, reason, reject_below)


REASONS = tuple(Reason)
NO_REASON = -1


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """What the activations of many images say: in each array one row or one number an image.

    Attributes:
        activations: (n, n_out) float32.
        argmax: (n,), the index of the largest activation.
        margin: (n,), the largest less the second largest.
        reasons: (n,), the place of the reason in Reason; -1 where the image was not rejected.
        reject_below: the threshold that was applied; 0 turns every rejection off.
    """

    activations: FloatArray
    argmax: NDArray[np.intp]
    margin: FloatArray
    reasons: NDArray[np.intp]
    reject_below: float

    @property
    def rejected(self) -> NDArray[np.bool_]:
        """Say of each image whether the answer is "not a digit": (n,)."""
        rejected: NDArray[np.bool_] = self.reasons != NO_REASON
        return rejected

    def __len__(self) -> int:
        return len(self.argmax)

    def __iter__(self) -> Iterator[Verdict]:
        """Go through them one image at a time."""
        columns = zip(self.activations, self.argmax.tolist(), self.margin, self.reasons.tolist(), strict=True)
        for activations, argmax, margin, place in columns:
            reason = None if place == NO_REASON else REASONS[place]
            yield Verdict(activations, argmax, margin, reason, self.reject_below)


def decide_all(
    activations: FloatArray, reject_below: float, *, blank: NDArray[np.bool_], several: NDArray[np.bool_]
) -> Verdicts:
    """Judge many images, as decide does one: activations (n, n_out), blank and several (n,)."""
    second, largest = np.partition(activations, -2, axis=1)[:, -2:].T
    reached = (blank, several, largest < reject_below, second >= reject_below)  # in the order of Reason
    reasons = np.select(reached, range(len(REASONS)), NO_REASON)
    if reject_below <= 0:
        reasons = np.full(len(activations), NO_REASON)
    return Verdicts(activations, activations.argmax(axis=1), largest - second, reasons, reject_below)
