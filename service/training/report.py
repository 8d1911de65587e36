"""A measurement in lines to print."""

from collections.abc import Iterator

import numpy as np

from service.artifacts.card.training import kinds_of_trash
from service.artifacts.format import OperatingPoint
from service.training.ask import N_FRAMED, N_TRASH
from service.training.evaluate import at_coverage, operating_point, surest
from service.training.measure import Measurement
from service.verdict import accepted

__all__ = ["report"]

COVERAGES = (0.99, 0.98, 0.95)
"""Shares of digits accepted at which networks are compared; at the last, trash by its kinds."""
NEVER = "–"


def report(measured: Measurement) -> str:
    """Tell how good a network is, and what it accepts."""
    blocks = (_head, _confusion, _thresholds, _coverages, _margins, _trash)
    return "\n\n".join("\n".join(block(measured)) for block in blocks)


def _at(measured: Measurement, threshold: float) -> OperatingPoint:
    trash = np.concatenate([answers.activations for answers in measured.trash.values()])
    return operating_point(threshold, measured.activations, measured.digits.labels, trash)


def _head(measured: Measurement) -> Iterator[str]:
    artifact, evaluation = measured.artifact, measured.evaluation
    here = _at(measured, measured.threshold)
    yield f"{artifact.metadata.full_name}  {artifact.network!r}"
    yield f"{evaluation.data}: {evaluation.n_images:,} images"
    yield f"accuracy            {evaluation.accuracy:8.2%}"
    yield f"calibration error   {evaluation.calibration_error:8.2%}"
    yield f"digits rejected     {1 - here.coverage:8.2%}  at {measured.threshold:g}"
    yield f"accuracy of others  {here.accuracy:8.2%}"


def _confusion(measured: Measurement) -> Iterator[str]:
    yield "confusion, a row for each digit and a column for each answer"
    yield from ("".join(f"{count:6}" for count in row) for row in measured.evaluation.confusion)


def _thresholds(measured: Measurement) -> Iterator[str]:
    yield "threshold  coverage  accuracy  false acceptance"
    yield from map(_line, measured.evaluation.operating_curve)


def _line(point: OperatingPoint) -> str:
    return (
        f"{point.threshold:9.2f} {point.coverage:9.2%} {point.accuracy:9.2%} {point.false_acceptance:17.2%}"
    )


def _coverages(measured: Measurement) -> Iterator[str]:
    yield "the highest thresholds that accept so many digits, if there are any"
    yield "digits     threshold  accuracy  false acceptance"
    for share in COVERAGES:
        threshold = at_coverage(measured.activations, share)
        if threshold is None:
            yield f"{share:6.0%} {NEVER:>13} {NEVER:>9} {NEVER:>17}"
        else:
            point = _at(measured, threshold)
            yield f"{share:6.0%} {threshold:13.4f} {point.accuracy:9.2%} {point.false_acceptance:17.2%}"


def _margins(measured: Measurement) -> Iterator[str]:
    yield "the margins that so many digits reach: the largest activation less the second"
    yield "digits        margin  accuracy"
    for share in COVERAGES:
        least, accuracy = surest(measured.activations, measured.digits.labels, share)
        yield f"{share:6.0%} {least:13.4f} {accuracy:9.2%}"


def _trash(measured: Measurement) -> Iterator[str]:
    seen = kinds_of_trash(measured.artifact.metadata.training) or ()
    share = COVERAGES[-1]
    strict = at_coverage(measured.activations, share)
    yield (
        f"trash accepted at {measured.threshold:g} and where {share:.0%} of digits are, "
        f"{N_TRASH:,} images of each kind, {N_FRAMED:,} of those framed as uploads, if imaging lets them pass"
    )
    for kind, answers in measured.trash.items():
        here = measured.evaluation.false_acceptance[kind]
        there = NEVER if strict is None else f"{accepted(answers.activations, strict).mean():.2%}"
        note = "" if kind in seen else "  never seen in training"
        yield f"{kind:28} {here:8.2%} {there:>8}{note}"
