"""How good a network is: on digits it never saw, and on images that are no digit."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.artifacts import Artifact
from service.artifacts.format import Evaluation, OperatingPoint
from service.classifier import Classifier, accepted
from service.errors import BadInputError
from service.imaging import Preprocessing
from service.network import FloatArray, Network
from service.training import mnist, trash
from service.training.mnist import Digits

__all__ = [
    "calibration_error",
    "confusion",
    "evaluate",
    "operating_curve",
    "operating_point",
    "report",
    "trash_activations",
]

CALIBRATION_BINS = 15
CURVE = np.linspace(0, 1, 21)
N_TRASH = 10_000  # images of each kind
AT_ONCE = 500  # of them in memory


def confusion(activations: FloatArray, labels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Count images by their label (row) and argmax (column): (n, n_out) and (n,) → (n_out, n_out)."""
    n_out = activations.shape[1]
    counts = np.bincount(labels.astype(np.intp) * n_out + activations.argmax(axis=1), minlength=n_out**2)
    return counts.reshape(n_out, n_out)


def calibration_error(activations: FloatArray, labels: NDArray[np.uint8]) -> float:
    """Measure how far the largest activation is from the share of images that are right.

    The images are sorted by their largest activation into 15 bins of equal count; the gaps of the bins are
    averaged (Guo et al. 2017, who cut the bins at equal width).
    """
    order = activations.max(axis=1).argsort(kind="stable")
    right = (activations.argmax(axis=1) == labels)[order]
    largest = activations.max(axis=1)[order]
    bins = zip(
        np.array_split(right, CALIBRATION_BINS), np.array_split(largest, CALIBRATION_BINS), strict=True
    )
    gaps = (abs(float(r.sum()) - float(a.sum(dtype=np.float64))) for r, a in bins)  # each times its count
    return sum(gaps) / len(labels)


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


def trash_activations(
    network: Network,
    preprocessing: Preprocessing,
    digits: Digits,
    rng: np.random.Generator,
    kinds: Iterable[str] = trash.KINDS,
) -> dict[str, FloatArray]:
    """Ask the network about 10,000 images of each kind of trash: (10000, n_out) by kind."""
    sizes = [min(AT_ONCE, N_TRASH - first) for first in range(0, N_TRASH, AT_ONCE)]

    def ask(kind: str, n: int) -> FloatArray:
        return network.forward(preprocessing.prepare(trash.draw(kind, rng, digits, n)))

    return {kind: np.concatenate([ask(kind, n) for n in sizes]) for kind in kinds}


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


def report(artifact: Artifact, data: Path | None = None, *, sha256: Mapping[str, str] = mnist.SHA256) -> str:
    """Measure an artifact on MNIST's test set and on fresh trash, and tell it in lines to print.

    Args:
        artifact: of a network that reads MNIST's pixels.
        data: the folder of the four files; None downloads them.
        sha256: what they must hash to, uncompressed.

    Raises:
        BadDataError: the files cannot be had.
        BadInputError: the network reads something else.
    """
    classifier = Classifier.of(artifact)
    preprocessing, network = classifier.preprocessing, classifier.network
    if (network.sizes[0], network.sizes[-1]) != (784, 10):
        raise BadInputError(f"{network!r} does not read MNIST; evaluate one of 784 pixels and 10 digits")
    digits = mnist.read(data, sha256=sha256).test
    activations = classifier.activations(digits.images)
    passing = trash_activations(network, preprocessing, digits, np.random.default_rng(0))
    threshold = classifier.reject_below
    measured = evaluate(activations, digits.labels, passing, threshold, name="MNIST t10k")
    here = operating_point(threshold, activations, digits.labels, np.concatenate(list(passing.values())))
    return "\n".join(_lines(artifact, measured, here))


def _lines(artifact: Artifact, measured: Evaluation, here: OperatingPoint) -> Iterator[str]:
    metadata = artifact.metadata
    seen = {} if metadata.training is None else metadata.training.recipe
    yield f"{metadata.name}@{metadata.version}  {artifact.network!r}"
    yield f"{measured.data}: {measured.n_images:,} images"
    yield f"accuracy            {measured.accuracy:8.2%}"
    yield f"calibration error   {measured.calibration_error:8.2%}"
    yield f"digits rejected     {1 - here.coverage:8.2%}  at {here.threshold:g}"
    yield f"accuracy of others  {here.accuracy:8.2%}"
    yield ""
    yield "confusion, a row for each digit and a column for each answer"
    yield from ("".join(f"{count:6}" for count in row) for row in measured.confusion)
    yield ""
    yield "threshold  coverage  accuracy  false acceptance"
    yield from (
        f"{p.threshold:9.2f} {p.coverage:9.2%} {p.accuracy:9.2%} {p.false_acceptance:17.2%}"
        for p in measured.operating_curve
    )
    yield ""
    yield f"trash accepted at {here.threshold:g}, {N_TRASH:,} images of each kind"
    yield from (
        f"{kind:16} {share:8.2%}{'' if kind in str(seen.get('trash')) else '  never seen in training'}"
        for kind, share in measured.false_acceptance.items()
    )
