"""The way down: epochs of mini-batches, every candidate a step for each, and the best of them kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.artifacts.format import Moment
from service.errors import BadInputError
from service.imaging import PREPROCESSINGS
from service.network import ACTIVATIONS, COSTS, Cost, FloatArray, Gradient, Network, Slope, backpropagate
from service.training import convolutional, reach
from service.training.convolutional import Convolutional
from service.training.device import Arrays, moved
from service.training.extras import needs
from service.training.material import Material, MiniBatch, mini_batches
from service.training.mnist import Digits
from service.training.optimise import OPTIMISERS, SCHEDULES, Memory, average
from service.training.reach import EVERYTHING, Heard, within
from service.training.recipes import Recipe

__all__ = ["Candidate", "Report", "Trained", "descend", "kept_epochs", "start", "step", "taught"]

SMALLEST = 1e-12  # length of a gradient, below which there is no uphill
AVERAGED_EVERY = 4  # steps: a network moves little in between, and to read all of its weights takes time

Learner = TypeVar("Learner", Network, Convolutional)

BACKWARDS: Mapping[type, Callable[[Any, FloatArray, FloatArray, Cost], Slope]] = MappingProxyType(
    {Network: backpropagate, Convolutional: convolutional.backpropagate}
)
"""What takes the slope of each kind of network."""


class Answering(Protocol):
    """A network of any kind."""

    def forward(self, images: FloatArray, /) -> FloatArray:
        """Answer each image with its output activations: (n, n_in) → (n, n_out)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Candidate(Generic[Learner]):
    """A network on its way down.

    Attributes:
        network: where it stands.
        averaged: the running mean of where it stood; where it stands if none is kept.
        memory: what the optimiser remembers.
        heard: what is within its neurons' reach.
    """

    network: Learner
    averaged: Learner
    memory: Memory
    heard: Heard = EVERYTHING


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
        race = race._replace(teachers=_committee(race, np.random.default_rng([seed, 1]), report))
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
        else _run(own, rng, report, _convolutional).networks
    )
    report("those who learn from it")
    return tuple(members)


def _convolutional(_recipe: Recipe, rng: np.random.Generator, to: Arrays) -> Candidate[Convolutional]:
    drawn = convolutional.draw(rng, to)
    return Candidate(drawn, drawn, Memory())


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
    return lambda network: _accuracy(network, images, labels)


def kept_epochs(recipe: Recipe) -> frozenset[int]:
    """Choose the epochs whose weights are kept: the start, then ever further apart, as it learns slower."""
    if not recipe.moments:
        return frozenset()
    return frozenset({0, *np.geomspace(1, recipe.epochs, recipe.moments - 1).round().astype(int).tolist()})


def _line(moment: Moment, recipe: Recipe, *, validated: bool) -> str:
    line = f"epoch {moment.epoch:3}/{recipe.epochs}  cost {moment.cost:.4f}"
    return f"{line}  validation accuracy {moment.validation_accuracy:.2%}" if validated else line


def start(recipe: Recipe, rng: np.random.Generator, to: Arrays = np) -> Candidate[Network]:
    """Draw a candidate as the recipe says, its arrays in the module `to`."""
    network = Network.random(
        recipe.sizes,
        rng,
        activations=[ACTIVATIONS[name] for name in recipe.activations],
        initialisation=recipe.initialisation,
    )
    spread = np.float32(recipe.spread)
    layers = (replace(layer, weights=layer.weights * spread) for layer in network.layers)
    heard = reach.draw(recipe.sizes, recipe.reach, rng, to)
    drawn = reach.narrowed(moved(Network(tuple(layers)), to), heard)
    return Candidate(drawn, drawn, Memory(), heard)


def _accuracy(network: Answering, images: FloatArray, labels: NDArray[np.uint8]) -> float:
    return float((network.forward(images).argmax(axis=1) == labels).mean())


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


def taught(batch: MiniBatch, teachers: Sequence[Answering], lesson: float) -> MiniBatch:
    """Move targets part of the way to the teachers' mean answer (Hinton, Vinyals and Dean 2015)."""
    if not teachers:
        return batch
    answer = sum(teacher.forward(batch.images) for teacher in teachers) / len(teachers)
    return batch._replace(targets=batch.targets * (1 - lesson) + answer * lesson)


def step(
    candidate: Candidate[Learner], batch: MiniBatch, recipe: Recipe, over: float
) -> tuple[Candidate[Learner], float]:
    """Move a candidate one step down, and return it with the cost of the mini-batch before the step.

    Args:
        candidate: where it stands.
        batch: what it learns from.
        recipe: the cost, the optimiser, the schedule and the averaging.
        over: the share of the training that is over, 0..1.
    """
    images, targets = _with_trash(candidate.network, batch, recipe.n_trash)
    cost, gradients = _slope(candidate.network, candidate.heard, images, targets, recipe)
    if recipe.climb:
        above = _climbed(candidate.network, gradients, recipe.climb)
        _, gradients = _slope(above, candidate.heard, images, targets, recipe)
    learning_rate = recipe.learning_rate * SCHEDULES[recipe.schedule](over)
    network, memory = OPTIMISERS[recipe.optimiser](
        candidate.network, gradients, candidate.memory, learning_rate
    )
    if not recipe.averaging:
        return replace(candidate, network=network, averaged=network, memory=memory), cost
    averaged = candidate.averaged
    if memory.steps % AVERAGED_EVERY == 0:
        keep = min(recipe.averaging, memory.steps / (memory.steps + 10))  # the first ones are soon forgotten
        averaged = average(averaged, network, keep**AVERAGED_EVERY)
    return replace(candidate, network=network, averaged=averaged, memory=memory), cost


def _slope(network: Learner, heard: Heard, images: FloatArray, targets: FloatArray, recipe: Recipe) -> Slope:
    cost, gradients = BACKWARDS[type(network)](network, images, targets, COSTS[recipe.cost])
    return Slope(cost, within(gradients, heard))


def _climbed(network: Learner, gradients: tuple[Gradient, ...], far: float) -> Learner:
    """Go straight uphill, so far in the space of all weights and biases."""
    length = float(sum((slope * slope).sum() for gradient in gradients for slope in gradient)) ** 0.5
    above, _ = OPTIMISERS["descent"](network, gradients, Memory(), -far / max(length, SMALLEST))
    return above


def _with_trash(network: Answering, batch: MiniBatch, n_trash: int) -> tuple[FloatArray, FloatArray]:
    """Add the trash that the network is surest of, so that no step is spent on what it knows already."""
    chosen = batch.trash
    if not len(chosen):
        return batch.images, batch.targets
    if len(chosen) > n_trash:
        largest = network.forward(chosen).max(axis=1)
        chosen = chosen[np.argpartition(-largest, n_trash)[:n_trash]]
    zeros = np.zeros_like(batch.targets, shape=(len(chosen), batch.targets.shape[1]))
    return np.concatenate([batch.images, chosen]), np.concatenate([batch.targets, zeros])
