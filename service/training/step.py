"""One step down: a candidate, what it learns from, and where it stands after."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from service.network import ACTIVATIONS, COSTS, Cost, FloatArray, Gradient, Network, Slope, backpropagate
from service.training import convolutional, reach
from service.training.convolutional import Convolutional
from service.training.device import Arrays, moved
from service.training.material import MiniBatch
from service.training.optimise import OPTIMISERS, SCHEDULES, Memory, average
from service.training.reach import EVERYTHING, Heard, within
from service.training.recipes import Recipe

__all__ = ["Answering", "Candidate", "Learner", "start", "start_convolutional", "step", "taught"]

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


def start_convolutional(_recipe: Recipe, rng: np.random.Generator, to: Arrays) -> Candidate[Convolutional]:
    """Draw a convolutional candidate, which is the same by every recipe."""
    drawn = convolutional.draw(rng, to)
    return Candidate(drawn, drawn, Memory())


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
    averaged = candidate.averaged if memory.steps >= AVERAGED_EVERY else network  # else too few for a mean
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
