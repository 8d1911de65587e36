"""The way down: epochs of mini-batches, every candidate a step for each, and the best of them kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.artifacts.format import Moment
from service.errors import BadInputError
from service.imaging import PREPROCESSINGS
from service.network import ACTIVATIONS, COSTS, FloatArray, Network, backpropagate
from service.training.extras import needs
from service.training.material import Material, MiniBatch, gather, mini_batches
from service.training.mnist import Digits
from service.training.optimise import OPTIMISERS, SCHEDULES, Memory, average
from service.training.recipes import Recipe

__all__ = ["Candidate", "Trained", "descend", "step"]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A network on its way down.

    Attributes:
        network: where it stands.
        averaged: the running mean of where it stood; where it stands if none is kept.
        memory: what the optimiser remembers.
    """

    network: Network
    averaged: Network
    memory: Memory


class Trained(NamedTuple):
    """The way's end.

    Attributes:
        network: the best candidate on the validation digits.
        best: which candidate that is.
        curve: its cost, the mean over each epoch, and its validation accuracy after it; empty where there was
            nothing to validate on.
        moments: where it stood, by epoch: at the start, 0, and after ever more epochs to the last.
    """

    network: Network
    best: int
    curve: tuple[Moment, ...]
    moments: Mapping[int, Network]


def descend(
    recipe: Recipe,
    training: Digits,
    validation: Digits | None,
    seed: int,
    report: Callable[[str], None],
    *,
    only: int | None = None,
) -> Trained:
    """Train a recipe's candidates side by side and keep the best.

    Args:
        recipe: everything that decides how.
        training: what is learned from.
        validation: what is chosen on, never learned from; None where nothing is left to choose.
        seed: of everything random.
        report: told one line an epoch.
        only: the candidate to train where the others are out of the race; None trains them all.

    Raises:
        BadInputError: the cost grew beyond all numbers.
    """
    rng = np.random.default_rng(seed)
    starts = [_start(recipe, rng) for _ in range(recipe.candidates)]
    candidates = starts if only is None else [starts[only]]
    material = gather(recipe, training, rng)
    judge = _judge(recipe, validation)
    wanted = _moments(recipe)
    kept = {0: candidates} if 0 in wanted else {}
    judged: list[list[Moment]] = []
    best = 0
    for epoch in range(1, recipe.epochs + 1):
        with np.errstate(over="ignore", invalid="ignore"):  # what diverges is reported below
            candidates, costs = _epoch(candidates, material, recipe, epoch, rng)
            accuracies = [judge(candidate.averaged) for candidate in candidates]
        best = int(np.argmax(accuracies))
        if not np.isfinite(costs[best]):
            raise BadInputError(f"{recipe.name} diverges in epoch {epoch}; lower its learning_rate")
        judged.append(
            [
                Moment(epoch=epoch, cost=float(cost), validation_accuracy=accuracy)
                for cost, accuracy in zip(costs, accuracies, strict=True)
            ]
        )
        if epoch in wanted:
            kept[epoch] = candidates
        report(_line(judged[-1][best], recipe, validated=validation is not None))
    return Trained(
        candidates[best].averaged,
        best if only is None else only,
        tuple(moments[best] for moments in judged) if validation is not None else (),
        {epoch: stood[best].averaged for epoch, stood in kept.items()},
    )


def _judge(recipe: Recipe, validation: Digits | None) -> Callable[[Network], float]:
    """Return what measures a network's accuracy; all are alike where there is nothing to judge by."""
    if validation is None:
        return lambda _network: 0.0
    images = PREPROCESSINGS[recipe.preprocessing].prepare(validation.images)
    return lambda network: _accuracy(network, images, validation.labels)


def _moments(recipe: Recipe) -> frozenset[int]:
    """Choose the epochs whose weights are kept: the start, then ever further apart, as it learns slower."""
    if not recipe.moments:
        return frozenset()
    return frozenset({0, *np.geomspace(1, recipe.epochs, recipe.moments - 1).round().astype(int).tolist()})


def _line(moment: Moment, recipe: Recipe, *, validated: bool) -> str:
    line = f"epoch {moment.epoch:3}/{recipe.epochs}  cost {moment.cost:.4f}"
    return f"{line}  validation accuracy {moment.validation_accuracy:.2%}" if validated else line


def _start(recipe: Recipe, rng: np.random.Generator) -> Candidate:
    network = Network.random(
        recipe.sizes,
        rng,
        activations=[ACTIVATIONS[name] for name in recipe.activations],
        initialisation=recipe.initialisation,
    )
    spread = np.float32(recipe.spread)
    layers = (replace(layer, weights=layer.weights * spread) for layer in network.layers)
    start = Network(tuple(layers))
    return Candidate(start, start, Memory())


def _accuracy(network: Network, images: FloatArray, labels: NDArray[np.uint8]) -> float:
    return float((network.forward(images).argmax(axis=1) == labels).mean())


def _epoch(
    candidates: list[Candidate], material: Material, recipe: Recipe, epoch: int, rng: np.random.Generator
) -> tuple[list[Candidate], FloatArray]:
    """Pass once over the training digits; return the candidates and the mean cost of each."""
    n_steps = len(material.own) // recipe.n_own
    costs = np.zeros(len(candidates))
    batches = mini_batches(material, recipe, rng)
    bar = needs("tqdm").tqdm(batches, f"epoch {epoch}", n_steps, leave=False, disable=None)
    for number, batch in enumerate(bar):
        over = (epoch - 1 + number / n_steps) / recipe.epochs
        stepped = [step(candidate, batch, recipe, over) for candidate in candidates]
        candidates = [candidate for candidate, _ in stepped]
        costs += [cost for _, cost in stepped]
    return candidates, costs / n_steps


def step(candidate: Candidate, batch: MiniBatch, recipe: Recipe, over: float) -> tuple[Candidate, float]:
    """Move a candidate one step down, and return it with the cost of the mini-batch before the step.

    Args:
        candidate: where it stands.
        batch: what it learns from.
        recipe: the cost, the optimiser, the schedule and the averaging.
        over: the share of the training that is over, 0..1.
    """
    images, targets = _with_trash(candidate.network, batch, recipe.n_trash)
    cost, gradients = backpropagate(candidate.network, images, targets, COSTS[recipe.cost])
    learning_rate = recipe.learning_rate * SCHEDULES[recipe.schedule](over)
    network, memory = OPTIMISERS[recipe.optimiser](
        candidate.network, gradients, candidate.memory, learning_rate
    )
    if not recipe.averaging:
        return Candidate(network, network, memory), cost
    keep = min(recipe.averaging, memory.steps / (memory.steps + 10))  # the first networks are soon forgotten
    return Candidate(network, average(candidate.averaged, network, keep), memory), cost


def _with_trash(network: Network, batch: MiniBatch, n_trash: int) -> tuple[FloatArray, FloatArray]:
    """Add the trash that the network is surest of, so that no step is spent on what it knows already."""
    chosen = batch.trash
    if not len(chosen):
        return batch.images, batch.targets
    if len(chosen) > n_trash:
        largest = network.forward(chosen).max(axis=1)
        chosen = chosen[np.argpartition(-largest, n_trash)[:n_trash]]
    zeros = np.zeros((len(chosen), batch.targets.shape[1]), np.float32)
    return np.concatenate([batch.images, chosen]), np.concatenate([batch.targets, zeros])
