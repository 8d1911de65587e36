"""Another threshold for a network that is trained: what `digits threshold` runs."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from service.artifacts import Artifact, Metadata, load, save
from service.artifacts.format import Training
from service.artifacts.history import remove_history
from service.artifacts.save import check_place, check_version
from service.classifier import preprocessing_of
from service.errors import BadArtifactError, BadInputError
from service.network import Network
from service.release import RELEASE
from service.training import mnist, trash
from service.training.choice import choose
from service.training.measure import on_test_set, reads_mnist
from service.training.mnist import Mnist
from service.training.recipes import Rejection
from service.training.streams import CHOICE, TEST

__all__ = ["rechosen", "run"]


class PastRecipe(BaseModel):
    """What is needed of the recipe in an artifact, which may be one of another day, with other members.

    Attributes:
        validation: images at the end of the training set that were kept to choose on.
        trash: how often each kind was learned from.
        refit: whether those images were learned from in the end.
    """

    model_config = ConfigDict(frozen=True)

    validation: PositiveInt = 10_000
    trash: dict[str, float] = Field(default_factory=dict)
    refit: bool = False


def run(
    artifact: Artifact,
    *,
    rejection: Rejection,
    data: Path | None,
    out: Path,
    version: str | None,
    report: Callable[[str], None],
    processes: int = 1,
    sha256: Mapping[str, str] = mnist.SHA256,
) -> Path:
    """Choose an artifact's threshold anew and write it with that, out/<name>/<version>.npz; return the path.

    Args:
        artifact: whose weights and biases stay as they are.
        rejection: what the threshold may cost and is to bring.
        data: the folder of the four MNIST files; None downloads them.
        out: the folder of artifacts.
        version: of the new artifact; None keeps the old one's.
        report: told in one line what was chosen.
        processes: that make the trash, at most so many at once.
        sha256: of the four files, uncompressed.

    Raises:
        BadInputError: the network reads no digits of MNIST's, or the version cannot be.
        BadDataError: the data cannot be had.
        BadArtifactError: the artifact cannot be written.
        ServiceError: the `train` extra is not installed.
    """
    named = artifact.metadata.version if version is None else version
    check_version(named)
    check_place(out, artifact.metadata.name)
    metadata = rechosen(artifact, mnist.read(data, sha256=sha256), rejection, processes=processes)
    report(f"threshold {metadata.reject.threshold:g}, {metadata.reject.chosen}")
    renamed = metadata.model_copy(update={"version": named})
    if not _is_there(artifact.network, out / renamed.file):
        remove_history(metadata.name, named, out)  # of the network that this one takes the place of
    path = save(artifact.network, renamed, out, dtype=_dtype(artifact.network))
    report(f"{path} written")
    return path


def _is_there(network: Network, path: Path) -> bool:
    """Say whether an artifact holds the same weights and biases."""
    try:
        there = load(path).network
    except BadArtifactError:
        return False
    pairs = zip(network.layers, there.layers, strict=False)
    return network.sizes == there.sizes and all(
        np.array_equal(mine.weights, its.weights) and np.array_equal(mine.biases, its.biases)
        for mine, its in pairs
    )


def rechosen(artifact: Artifact, everything: Mnist, rejection: Rejection, *, processes: int = 1) -> Metadata:
    """Return what an artifact says of itself, with a threshold chosen anew and measured on the test set.

    The digits that are chosen on are those of its training; where it was trained once more on all of them,
    it has learned from these too, and says so. Trash is of the kinds that it learned from.

    Raises:
        BadInputError: the network reads no digits of MNIST's.
    """
    metadata, network = artifact.metadata, artifact.network
    if not reads_mnist(network) or metadata.training is None:
        raise BadInputError(
            f"{metadata.full_name} was not trained on MNIST's digits; name one of 784 pixels and 10 digits"
        )
    training, preprocessing = metadata.training, preprocessing_of(artifact)
    past = _past_recipe(artifact, training)
    chosen = choose(
        network,
        preprocessing,
        everything.training[-past.validation :],
        rejection,
        [training.seed, CHOICE],
        kinds=[kind for kind in past.trash if kind in trash.SEEN] or trash.SEEN,
        processes=processes,
        digits_are="digits that it learned from too" if past.refit else "validation digits",
    )
    recipe = training.recipe | {"rejection": rejection.model_dump(mode="json")}
    changes = {
        "training": training.model_copy(update={"recipe": recipe}),
        "evaluation": on_test_set(
            network,
            preprocessing,
            everything.test,
            chosen.reject.threshold,
            [training.seed, TEST],
            processes=processes,
        ),
        "reference": chosen.reference,
        "reject": chosen.reject,
        "producer": RELEASE,
    }
    return metadata.model_copy(update=changes)


def _past_recipe(artifact: Artifact, training: Training) -> PastRecipe:
    try:
        return PastRecipe.model_validate(training.recipe)
    except ValidationError as error:
        fault = error.errors()[0]
        member = ".".join(map(str, fault["loc"]))
        raise BadInputError(
            f"the recipe in {artifact.metadata.full_name} is none of ours ({member}: {fault['msg']}); "
            "train it anew"
        ) from error


def _dtype(network: Network) -> str:
    """Name the smallest dtype that holds every number of a network as it is."""
    numbers = [array for layer in network.layers for array in (layer.weights, layer.biases)]
    with np.errstate(over="ignore"):  # what does not fit is infinite, and another number
        halved = all(np.array_equal(array, array.astype(np.float16)) for array in numbers)
    return "float16" if halved else "float32"
