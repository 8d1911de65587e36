"""The way down: epochs of mini-batches, every candidate a step for each, and the best of them kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeAlias

import numpy as np

from service.artifacts.format import Moment
from service.errors import BadInputError
from service.imaging import PREPROCESSINGS
from service.network import FloatArray, Network
from service.training.device import Arrays, moved
from service.training.evaluate import accuracy
from service.training.extras import needs
from service.training.material import Material, mini_batches
from service.training.mnist import Digits
from service.training.recipes import Recipe
from service.training.step import Answering, Candidate, Learner, start, start_convolutional, step, taught
from service.training.streams import COMMITTEE

__all__ = ["Report", "Trained", "descend", "kept_epochs"]

Report: TypeAlias = Callable[[str], None]
"""Told one line at a time how it goes."""

Begin: TypeAlias = Callable[[Recipe, np.random.Generator, Arrays], Candidate[Learner]]
"""(recipe, what draws, the module of the device's arrays) → a candidate at its start."""


class Trained(NamedTuple):
    """The way's end.

    Attributes:
        network: the best candidate on the validation digits.
        best: which candidate that is.
        curve: its cost, the mean over each epoch, and its validation accuracy after it; empty where there was
            nothing to validate on.
        moments: where it stood, by epoch: at the start, 0, and after ever more epochs to the last.
        all: every candidate.
    """

    network: Network
    best: int
    curve: tuple[Moment, ...]
    moments: Mapping[int, Network]
    all: tuple[Network, ...]


def descend(
    recipe: Recipe,
    materials: Iterator[Material],
    validation: Digits | None,
    seed: int,
    report: Report,
    *,
    only: int | None = None,
    to: Arrays = np,
) -> Trained:
    """Train a recipe's committee, then its candidates, each side by side, and keep the best candidate.

    Args:
        recipe: everything that decides how.
        materials: what each epoch learns from, in arrays of `to`.
        validation: what is chosen on, never learned from; None where nothing is left to choose.
        seed: of everything random.
        report: told one line an epoch.
        only: the candidate to train, where the others are out of the race; None trains them all.
        to: the module of the device's arrays.

    Raises:
        BadInputError: the cost grew beyond all numbers.
    """
    race = Race(recipe, materials, _judge(recipe, validation, to), (), only, to)
    if recipe.committee:
        race = race._replace(teachers=_committee(race, np.random.default_rng([seed, COMMITTEE]), report))
    way = _run(race, np.random.default_rng(seed), report, start)
    best = int(np.argmax([moment.validation_accuracy for moment in way.judged[-1]]))
    return Trained(
        moved(way.networks[best], np),
        best if only is None else only,
        tuple(moments[best] for moments in way.judged) if validation is not None else (),
        {epoch: moved(stood[best], np) for epoch, stood in way.kept.items()},
        tuple(moved(network, np) for network in way.networks),
    )


class Race(NamedTuple):
    """What candidates have in common.

    Attributes:
        recipe: everything that decides how.
        materials: what each epoch learns from.
        judge: measures a network's accuracy.
        teachers: whose mean answer they learn beside the labels.
        only: the one candidate that runs; None for all.
        to: the module of their arrays.
    """

    recipe: Recipe
    materials: Iterator[Material]
    judge: Callable[[Answering], float]
    teachers: tuple[Answering, ...]
    only: int | None
    to: Arrays


class Way(NamedTuple, Generic[Learner]):
    """How a race went.

    Attributes:
        networks: the candidates at its end.
        judged: what each epoch came to, for every candidate.
        kept: the candidates at chosen epochs.
    """

    networks: list[Learner]
    judged: list[list[Moment]]
    kept: Mapping[int, list[Learner]]


def _committee(race: Race, rng: np.random.Generator, report: Report) -> tuple[Answering, ...]:
    """Train those whose mean answer the candidates will learn from."""
    recipe = race.recipe
    report(f"a committee of {recipe.committee}")
    changes = {"candidates": recipe.committee, "epochs": recipe.n_committee_epochs, "climb": 0, "moments": 0}
    own = race._replace(recipe=recipe.model_copy(update=changes), only=None)
    members: Sequence[Answering] = (
        _run(own, rng, report, start).networks
        if recipe.teachers == "alike"
        else _run(own, rng, report, start_convolutional).networks
    )
    report("those who learn from it")
    return tuple(members)


def _run(race: Race, rng: np.random.Generator, report: Report, begin: Begin[Learner]) -> Way[Learner]:
    recipe = race.recipe
    starts = [begin(recipe, rng, race.to) for _ in range(recipe.candidates)]
    candidates = starts if race.only is None else [starts[race.only]]
    wanted = kept_epochs(recipe)
    kept = {0: [candidate.averaged for candidate in candidates]} if 0 in wanted else {}
    judged: list[list[Moment]] = []
    for epoch in range(1, recipe.epochs + 1):
        with np.errstate(over="ignore", invalid="ignore"):  # what diverges is reported below
            candidates, costs = _epoch(candidates, race, epoch, rng)
            accuracies = [race.judge(candidate.averaged) for candidate in candidates]
        best = int(np.argmax(accuracies))
        if not np.isfinite(costs).all():
            raise BadInputError(f"{recipe.name} diverges in epoch {epoch}; lower its learning_rate")
        judged.append(
            [
                Moment(epoch=epoch, cost=float(cost), validation_accuracy=accuracy)
                for cost, accuracy in zip(costs, accuracies, strict=True)
            ]
        )
        if epoch in wanted:
            kept[epoch] = [candidate.averaged for candidate in candidates]
        report(_line(judged[-1][best], recipe, validated=any(accuracies)))
    return Way([candidate.averaged for candidate in candidates], judged, kept)


def _judge(recipe: Recipe, validation: Digits | None, to: Arrays) -> Callable[[Answering], float]:
    """Return what measures a network's accuracy; all are alike where there is nothing to judge by."""
    if validation is None:
        return lambda _network: 0.0
    images = to.asarray(PREPROCESSINGS[recipe.preprocessing].prepare(validation.images))
    labels = to.asarray(validation.labels)
    return lambda network: accuracy(network.forward(images), labels)


def kept_epochs(recipe: Recipe) -> frozenset[int]:
    """Choose the epochs whose weights are kept: the start, then ever further apart, as it learns slower."""
    if not recipe.moments:
        return frozenset()
    from_the_last = np.geomspace(recipe.epochs, 1, recipe.moments - 1)
    return frozenset({0, *from_the_last.round().astype(int).tolist()})


def _line(moment: Moment, recipe: Recipe, *, validated: bool) -> str:
    line = f"epoch {moment.epoch:3}/{recipe.epochs}  cost {moment.cost:.4f}"
    return f"{line}  validation accuracy {moment.validation_accuracy:.2%}" if validated else line


def _epoch(
    candidates: list[Candidate[Learner]], race: Race, epoch: int, rng: np.random.Generator
) -> tuple[list[Candidate[Learner]], FloatArray]:
    """Show each of MNIST's digits about once, and what comes with them; return the mean cost of each too."""
    recipe, material = race.recipe, next(race.materials)
    n_steps = len(material.labels) // (recipe.n_digits * (recipe.variations or 1))
    costs = np.zeros(len(candidates))
    batches = mini_batches(material, recipe, n_steps, rng, race.to)
    bar = needs("tqdm").tqdm(batches, f"epoch {epoch}", n_steps, leave=False, disable=None)
    for number, batch in enumerate(bar):
        over = (epoch - 1 + number / n_steps) / recipe.epochs
        lesson = taught(batch, race.teachers, recipe.lesson)
        stepped = [step(candidate, lesson, recipe, over) for candidate in candidates]
        candidates = [candidate for candidate, _ in stepped]
        costs += [cost for _, cost in stepped]
    return candidates, costs / n_steps
