"""An artifact asked about MNIST's test set and about fresh trash: what reports and pictures are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.artifacts import Artifact
from service.artifacts.format import Evaluation
from service.classifier import Classifier
from service.errors import BadInputError
from service.imaging import Preprocessing
from service.network import FloatArray, Network
from service.training import mnist
from service.training.ask import Answers, ask
from service.training.evaluate import evaluate
from service.training.mnist import Digits
from service.training.streams import MEASUREMENT

__all__ = ["Measurement", "measure", "on_test_set", "reads_mnist"]

TEST_SET = "MNIST t10k"
FRESH = (0, MEASUREMENT)  # a seed and its stream


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """What a network answered, and what that comes to.

    Attributes:
        artifact: whose network.
        digits: asked about.
        activations: of the digits, (n, 10).
        trash: what it answered of each kind of trash.
        evaluation: of both, at the artifact's threshold.
    """

    artifact: Artifact
    digits: Digits
    activations: FloatArray
    trash: Mapping[str, Answers]
    evaluation: Evaluation

    @property
    def threshold(self) -> float:
        """Return the artifact's own."""
        return self.artifact.metadata.reject.threshold


def measure(
    artifact: Artifact,
    data: Path | None = None,
    *,
    processes: int = 1,
    sha256: Mapping[str, str] = mnist.SHA256,
) -> Measurement:
    """Ask an artifact about MNIST's test set and about fresh trash.

    Args:
        artifact: of a network that reads MNIST's pixels.
        data: the folder of the four files; None downloads them.
        processes: that make the trash, at most so many at once.
        sha256: what they must hash to, uncompressed.

    Raises:
        BadDataError: the files cannot be had.
        BadInputError: the network reads something else.
    """
    classifier = Classifier.of(artifact)
    preprocessing, network = classifier.preprocessing, classifier.network
    if not reads_mnist(network):
        raise BadInputError(f"{network!r} does not read MNIST; evaluate one of 784 pixels and 10 digits")
    digits = mnist.read(data, sha256=sha256).test
    activations = classifier.activations(digits.images)
    threshold = classifier.reject_below
    trash = ask(network, preprocessing, digits, FRESH, reject_below=threshold, processes=processes)
    said = {kind: answers.activations for kind, answers in trash.items()}
    evaluation = evaluate(activations, digits.labels, said, threshold, name=TEST_SET)
    return Measurement(artifact, digits, activations, trash, evaluation)


def reads_mnist(network: Network) -> bool:
    """Say whether a network reads MNIST's pixels and has an output for each of the ten digits."""
    return (network.sizes[0], network.sizes[-1]) == (784, 10)


def on_test_set(
    network: Network,
    preprocessing: Preprocessing,
    test: Digits,
    threshold: float,
    seed: Sequence[int],
    *,
    processes: int = 1,
) -> Evaluation:
    """Ask a network as it will be loaded about MNIST's test set and about trash of every kind.

    Args:
        network: that is asked.
        preprocessing: what it reads.
        test: the test set.
        threshold: what its largest activation has to reach.
        seed: of the trash.
        processes: that make the trash, at most so many at once.
    """
    asked = ask(network, preprocessing, test, seed, processes=processes)
    said = {kind: answers.activations for kind, answers in asked.items()}
    activations = network.forward(preprocessing.prepare(test.images))
    return evaluate(activations, test.labels, said, threshold, name=TEST_SET)
