"""From a recipe to an artifact: what `digits train` runs.

`run(recipe, data=…, seed=…, out=…, version=…, report=…)` does it all; `make` is the same without files.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import numpy as np
from pydantic import TypeAdapter, ValidationError

from service.artifacts import Metadata, golden_samples, rounded, save
from service.artifacts.format import DIGITS, PreprocessingChoice, Reject, Training, Version
from service.artifacts.history import DTYPE, save_history
from service.artifacts.reference import Reference
from service.artifacts.save import check_place, check_sizes
from service.errors import BadDataError, BadInputError
from service.imaging import PREPROCESSINGS
from service.network import FloatArray, Network
from service.release import VERSION
from service.training import calibrate, mnist, recipes, trash
from service.training.ask import ask
from service.training.calibrate import AS_IT_IS, Scale
from service.training.descent import descend, kept_epochs
from service.training.device import HERE, Workshop, arrays
from service.training.evaluate import evaluate
from service.training.material import supply
from service.training.mnist import Digits, Mnist
from service.training.recipes import Recipe
from service.training.reference import reference
from service.training.refit import refitting
from service.verdict import accepted

__all__ = ["Made", "make", "run"]


class Choice(NamedTuple):
    """What was chosen on the validation images.

    Attributes:
        scale: of the outputs' z.
        reject: the threshold.
        reference: how these images are answered.
    """

    scale: Scale
    reject: Reject
    reference: Reference


class Made(NamedTuple):
    """What comes out of a recipe.

    Attributes:
        network: as it will be loaded.
        metadata: everything known about it.
        moments: the networks on the way there, by epoch.
    """

    network: Network
    metadata: Metadata
    moments: Mapping[int, Network]


def run(
    recipe: str,
    *,
    data: Path | None,
    seed: int | None,
    out: Path,
    version: str,
    report: Callable[[str], None],
    device: str = "cpu",
    processes: int = 1,
    sha256: Mapping[str, str] = mnist.SHA256,
) -> Path:
    """Train a network by a recipe and write its artifact, out/<name>/<version>.npz; return that path.

    Where the recipe keeps moments, their weights are written beside it, <version>.history.npz.

    Args:
        recipe: a name from service.training.recipes, or the path of a .toml file.
        data: the folder of the four MNIST files; None downloads them.
        seed: of everything random; None takes the recipe's. The same one gives the same bytes.
        out: the folder of artifacts.
        version: of the artifact.
        report: told one line at a time how it goes, how long it took included.
        device: a name from service.training.device; the same one gives the same bytes.
        processes: that make what is learned from, at most so many at once.
        sha256: of the four files, uncompressed.

    Raises:
        BadInputError: no such recipe, one that diverges, or a seed or a version that cannot be.
        BadDataError: the data cannot be had, or are too few for the recipe.
        BadArtifactError: the artifact cannot be written.
        ServiceError: the `train` extra is not installed, or there is no such device.
    """
    chosen = recipes.find(recipe)
    _check(chosen, version, seed, out)
    shop = Workshop(processes, arrays(device))
    started = monotonic()
    everything = mnist.read(data, sha256=sha256)
    made = make(
        chosen,
        everything,
        seed=chosen.seed if seed is None else seed,
        version=version,
        report=report,
        shop=shop,
    )
    path = save(made.network, made.metadata, out, dtype=chosen.dtype)
    if made.moments:
        save_history(made.moments, made.metadata, out)
    report(f"{path} written after {monotonic() - started:.0f} s")
    return path


def _check(recipe: Recipe, version: str, seed: int | None, out: Path) -> None:
    """Find out before the training, and not after it."""
    try:
        TypeAdapter(Version).validate_python(version)
    except ValidationError as error:
        raise BadInputError(
            f"{version!r} cannot be a version; use up to 32 letters, digits, dots, dashes and underscores"
        ) from error
    if seed is not None and not 0 <= seed < 2**63:
        raise BadInputError(f"seed {seed} is out of bounds; use one from 0 to {2**63 - 1}")
    check_sizes(recipe.sizes, recipe.dtype)
    check_sizes(recipe.sizes, DTYPE, n=len(kept_epochs(recipe)))
    check_place(out, recipe.name)


def make(
    recipe: Recipe,
    everything: Mnist,
    *,
    seed: int,
    version: str,
    report: Callable[[str], None],
    shop: Workshop = HERE,
) -> Made:
    """Train a network by a recipe, choose its threshold on validation data, and measure it on the test set.

    Args:
        recipe: everything that decides how.
        everything: the data; the test set is looked at once, at the end.
        seed: of everything random.
        version: of the artifact.
        report: told one line at a time how it goes.
        shop: what the work is done with.

    Raises:
        BadDataError: fewer images than the recipe needs.
        BadInputError: the recipe diverges.
    """
    training, validation = _split(everything.training, recipe)
    preprocessing = PREPROCESSINGS[recipe.preprocessing]
    report(f"{recipe.name}: {len(training):,} images to learn from, {len(validation):,} to choose on")
    with refitting(recipe, everything.training, seed, shop) as (refit, meanwhile):
        materials = supply(recipe, training, seed, *meanwhile)
        fitted = descend(recipe, materials, validation, seed, report, to=shop.to)
        choice = _choose(fitted.network, recipe, validation, [seed, 1], meanwhile.processes)
        report(f"threshold {choice.reject.threshold:g}, {choice.reject.chosen}")
        shipped = fitted
        if recipe.refit:
            report(f"once more, on all {len(everything.training):,} images")
            shipped = refit(fitted.best, report)
    network = _finished(shipped.network, choice.scale, recipe)
    test = everything.test
    asked = ask(network, preprocessing, test, [seed, 2], processes=shop.processes)
    evaluation = evaluate(
        network.forward(preprocessing.prepare(test.images)),
        test.labels,
        {kind: answers.activations for kind, answers in asked.items()},
        choice.reject.threshold,
        name="MNIST t10k",
    )
    report(f"test accuracy {evaluation.accuracy:.2%}")
    metadata = Metadata(
        name=recipe.name,
        version=version,
        description=recipe.description,
        sizes=recipe.sizes,
        activations=recipe.activations,
        labels=DIGITS,
        preprocessing=PreprocessingChoice(name=recipe.preprocessing),
        training=_training(recipe, everything, seed),
        evaluation=evaluation,
        reference=choice.reference,
        reject=choice.reject,
        curve=fitted.curve,
        golden=golden_samples(network, preprocessing.prepare(_typical(training))),
        licence="MIT",
        producer=f"digit-service {VERSION}",
    )
    moments = {e: _finished(stood, choice.scale, recipe) for e, stood in shipped.moments.items()}
    return Made(network, metadata, moments)


def _split(digits: Digits, recipe: Recipe) -> tuple[Digits, Digits]:
    """Keep the end of the training set to choose on."""
    needed = recipe.validation + recipe.n_digits
    if len(digits) < needed:
        raise BadDataError(
            f"{len(digits):,} training images, and {recipe.name} needs {needed:,}; lower its "
            "validation or its mini_batch"
        )
    return digits[: -recipe.validation], digits[-recipe.validation :]


def _choose(
    network: Network, recipe: Recipe, validation: Digits, seed: Sequence[int], processes: int
) -> Choice:
    """Choose the scale of the outputs and the threshold, on validation digits and trash made of them."""
    preprocessing = PREPROCESSINGS[recipe.preprocessing]
    images = preprocessing.prepare(validation.images)
    scale = calibrate.scale_of(network, images, validation.labels) if recipe.calibrate else AS_IT_IS
    finished = _finished(network, scale, recipe)
    digits = finished.forward(images)
    kinds = recipe.trash or trash.SEEN
    asked = ask(finished, preprocessing, validation, seed, kinds=kinds, processes=processes)
    rubbish = np.concatenate([answers.activations for answers in asked.values()])
    threshold = calibrate.choose(digits, rubbish, recipe.rejection)
    rejected, false = 1 - accepted(digits, threshold).mean(), accepted(rubbish, threshold).mean()
    reject = Reject(
        threshold=threshold,
        chosen=f"on {len(digits):,} validation digits, of which it rejects {rejected:.2%}, "
        f"and on trash, of which it accepts {false:.2%}",
    )
    return Choice(scale, reject, reference(digits, validation.images, threshold))


def _finished(network: Network, scale: Scale, recipe: Recipe) -> Network:
    """Return the network as it will be loaded."""
    return rounded(network if scale is AS_IT_IS else calibrate.scaled(network, scale), recipe.dtype)


def _training(recipe: Recipe, everything: Mnist, seed: int) -> Training:
    return Training(
        data="MNIST",
        data_sha256=dict(everything.sha256),
        n_images=len(everything.training) - (0 if recipe.refit else recipe.validation),
        seed=seed,
        recipe=recipe.model_dump(mode="json"),
        cost=recipe.cost,
        epochs=recipe.epochs,
        code_version=VERSION,
    )


def _typical(digits: Digits) -> FloatArray:
    """Average the images of each digit: (10, 784); what a network is asked in its self-test."""
    return np.stack([digits.images[digits.labels == digit].mean(axis=0) for digit in range(10)])
