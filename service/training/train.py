"""From a recipe to an artifact: what `digits train` runs.

`run(recipe, data=…, seed=…, out=…, version=…, report=…)` does it all; `make` is the same without files.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import numpy as np

from service.artifacts import Metadata, golden_samples, rounded, save
from service.artifacts.format import DIGITS, PreprocessingChoice, Training
from service.artifacts.history import DTYPE, remove_history, save_history
from service.artifacts.save import check_place, check_sizes, check_version
from service.errors import BadArtifactError, BadDataError, BadInputError
from service.imaging import PREPROCESSINGS
from service.network import Network
from service.release import RELEASE, VERSION
from service.training import calibrate, mnist, recipes, trash
from service.training.calibrate import AS_IT_IS, Scale
from service.training.choice import choose
from service.training.descent import descend, kept_epochs
from service.training.device import HERE, Workshop, arrays
from service.training.material import supply
from service.training.measure import on_test_set
from service.training.mnist import Digits, Mnist
from service.training.recipes import Recipe
from service.training.refit import refitting
from service.training.streams import CHOICE, TEST

__all__ = ["Made", "make", "run"]


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

    Where the recipe keeps moments, their weights are written beside it, <version>.history.npz, unless one of
    them is too large for that; no artifact needs them.

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
        BadDataError: the data cannot be had, are too few for the recipe, or lack a digit that it needs.
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
    remove_history(chosen.name, version, out)  # of the network that this one takes the place of
    path = save(made.network, made.metadata, out, dtype=chosen.dtype)
    if _can_be_kept(made.moments, report):
        save_history(made.moments, made.metadata, out)
    report(f"{path} written after {monotonic() - started:.0f} s")
    return path


def _check(recipe: Recipe, version: str, seed: int | None, out: Path) -> None:
    """Find out before the training, and not after it."""
    check_version(version)
    if seed is not None and not 0 <= seed < 2**63:
        raise BadInputError(f"seed {seed} is out of bounds; use one from 0 to {2**63 - 1}")
    check_sizes(recipe.sizes, recipe.dtype)
    check_sizes(recipe.sizes, DTYPE, n=len(kept_epochs(recipe)))
    check_place(out, recipe.name)


def _can_be_kept(moments: Mapping[int, Network], report: Callable[[str], None]) -> bool:
    """Say whether a history can hold the moments, if there are any, and tell why where it cannot."""
    try:
        for network in moments.values():
            rounded(network, DTYPE)
    except BadArtifactError:
        report(f"no moments kept: a weight or bias was too large for {DTYPE}; lower learning_rate or spread")
        return False
    return bool(moments)


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
        BadDataError: fewer images than the recipe needs, or one of the ten digits is not among them.
        BadInputError: the recipe diverges.
    """
    training, validation = _split(everything.training, recipe)
    preprocessing = PREPROCESSINGS[recipe.preprocessing]
    report(f"{recipe.name}: {len(training):,} images to learn from, {len(validation):,} to choose on")
    with refitting(recipe, everything.training, seed, shop) as (refit, meanwhile):
        materials = supply(recipe, training, seed, *meanwhile)
        fitted = descend(recipe, materials, validation, seed, report, to=shop.to)
        _check_that_it_answers(fitted.network, recipe, validation)
        scale = _scale(fitted.network, recipe, validation)
        chosen = choose(
            _finished(fitted.network, scale, recipe),
            preprocessing,
            validation,
            recipe.rejection,
            [seed, CHOICE],
            kinds=sorted(recipe.trash) or trash.SEEN,  # in the order of the artifact, for `digits threshold`
            processes=meanwhile.processes,
        )
        report(f"threshold {chosen.reject.threshold:g}, {chosen.reject.chosen}")
        shipped = fitted
        if recipe.refit:
            report(f"once more, on all {len(everything.training):,} images")
            shipped = refit(fitted.best, report)
            _check_that_it_answers(shipped.network, recipe, validation)
    network = _finished(shipped.network, scale, recipe)
    evaluation = on_test_set(
        network,
        preprocessing,
        everything.test,
        chosen.reject.threshold,
        [seed, TEST],
        processes=shop.processes,
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
        reference=chosen.reference,
        reject=chosen.reject,
        curve=fitted.curve,
        golden=golden_samples(network, preprocessing.prepare(training.mean_images())),
        licence="MIT",
        producer=RELEASE,
    )
    moments = {e: _finished(stood, scale, recipe) for e, stood in shipped.moments.items()}
    return Made(network, metadata, moments)


def _split(digits: Digits, recipe: Recipe) -> tuple[Digits, Digits]:
    """Keep the end of the training set to choose on."""
    needed = recipe.validation + recipe.n_digits
    if len(digits) < needed:
        raise BadDataError(
            f"{len(digits):,} training images, and {recipe.name} needs {needed:,}; lower its "
            "validation or its mini_batch"
        )
    learned, chosen_on = digits[: -recipe.validation], digits[-recipe.validation :]
    _check_that_each_digit_is_there(learned, f"to learn from, and {recipe.name} needs all ten; lower")
    _check_that_each_digit_is_there(chosen_on, f"to choose on, and {recipe.name} needs all ten; raise")
    return learned, chosen_on


def _check_that_each_digit_is_there(digits: Digits, what: str) -> None:
    """Find out before the training: the self-test asks about each digit, and trash is made of several."""
    missing = [str(digit) for digit in range(10) if digit not in digits.labels]
    if missing:
        raise BadDataError(f"no {', '.join(missing)} among the {len(digits):,} images {what} its validation")


def _check_that_it_answers(network: Network, recipe: Recipe, validation: Digits) -> None:
    """Find what the last step did, after which no cost was measured."""
    images = PREPROCESSINGS[recipe.preprocessing].prepare(validation.images)
    with np.errstate(over="ignore", invalid="ignore"):
        answered = all(np.isfinite(z).all() for z in network.trace(images).z)
    if not answered:
        raise BadInputError(f"{recipe.name} diverges in its last step; lower its learning_rate")


def _scale(network: Network, recipe: Recipe, validation: Digits) -> Scale:
    if not recipe.calibrate:
        return AS_IT_IS
    images = PREPROCESSINGS[recipe.preprocessing].prepare(validation.images)
    return calibrate.scale_of(network, images, validation.labels)


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
