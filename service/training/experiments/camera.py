"""The four-pixel camera: its sixteen black-and-white images, and two networks that name what they show.

Pixels go upper left, upper right, lower left, lower right; −1 is black and 1 is white. The network, and the
way to build it by hand, are those of Rohrer's talk "How Deep Neural Networks Work", with his correction:
where the slides say sigmoid, the function is the hyperbolic tangent.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from math import tanh
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from service.network import QUADRATIC, RELU, TANH, FloatArray, Layer, Network, backpropagate
from service.training.optimise import OPTIMISERS, Memory

__all__ = [
    "ACTIVATIONS",
    "HALF",
    "IMAGES",
    "KINDS",
    "TARGETS",
    "Learned",
    "Stage",
    "awake",
    "by_hand",
    "by_hand_with_bias",
    "favourites",
    "learn",
    "ordinary",
    "right",
]

SIZES = (4, 4, 4, 8, 4)
ACTIVATIONS = (TANH, TANH, RELU, RELU)

KINDS: Mapping[str, tuple[int, int, int, int]] = MappingProxyType(
    {  # one of its two images; the other is its negative
        "solid": (1, 1, 1, 1),
        "vertical": (1, -1, 1, -1),
        "diagonal": (1, -1, -1, 1),
        "horizontal": (1, 1, -1, -1),
    }
)


def _sorted_images() -> FloatArray:
    """Return the eight images of a kind, kind by kind, white in the corner first; then the other eight."""
    patterns = np.array(list(KINDS.values()), float)
    of_a_kind = np.stack([patterns, -patterns], axis=1).reshape(-1, 4)
    everything = np.array(list(product((1.0, -1.0), repeat=4)))
    of_none = everything[everything.prod(axis=1) < 0]  # an odd number of white pixels
    return np.concatenate([of_a_kind, of_none])


IMAGES = _sorted_images()  # (16, 4)
TARGETS = np.concatenate([np.repeat(np.eye(4), 2, axis=0), np.zeros((8, 4))])  # (16, 4): zeros for no kind

PAIRS = ((1, 0, 1, 0), (0, 1, 0, 1), (1, 0, -1, 0), (0, 1, 0, -1))  # left and right column: alike, unlike
WHOLES = ((1, 1, 0, 0), (1, -1, 0, 0), (0, 0, 1, -1), (0, 0, 1, 1))  # one for each kind
FULL = tanh(2 * tanh(2))  # two white pixels make tanh(2), two of those make this
HALF = tanh(tanh(2))  # what an image of no kind makes, in every neuron of that column


def by_hand() -> Network:
    """Build the network of weights 1, −1 and 0, and no bias.

    The first layer compares the two pixels of each side, the second puts both sides together to one
    neuron a kind, the third lets each of these and its negative through if positive, and the outputs add up
    the two. The outputs' weights also undo the squashing, so that a clear answer is 1 and not 0.96.
    """
    return _built(bias=0, gain=1 / FULL)


def by_hand_with_bias() -> Network:
    """Build the same network with one more number: a bias that silences what half a pattern excites."""
    return _built(bias=-HALF, gain=1 / (FULL - HALF))


def _built(bias: float, gain: float) -> Network:
    opposites = np.kron(np.eye(4), [[1], [-1]])  # (8, 4)
    either = np.kron(np.eye(4), [1, 1]) * gain  # (4, 8)
    return Network(
        (
            Layer(np.array(PAIRS, float), np.zeros(4), TANH),
            Layer(np.array(WHOLES, float), np.zeros(4), TANH),
            Layer(opposites, np.full(8, bias), RELU),
            Layer(either, np.zeros(4), RELU),
        )
    )


def ordinary(rng: np.random.Generator) -> Network:
    """Start from random weights as any other network does."""
    random = Network.random(SIZES, rng, activations=ACTIVATIONS)
    return random.with_arrays(lambda array: array.astype(np.float64))


def awake(rng: np.random.Generator) -> Network:
    """Start from random weights with every output neuron above zero for every image.

    A ReLU output that is below zero for all images has no slope and never learns, and targets that are nearly
    all zeros push it there in the first steps.
    """
    *hidden, output = ordinary(rng).layers
    return Network((*hidden, replace(output, weights=np.abs(output.weights), biases=output.biases + 0.25)))


class Stage(NamedTuple):
    """A stop on the way down.

    Attributes:
        step: steps made so far.
        cost: on the sixteen images.
        right: how many of them all four outputs answer.
    """

    step: int
    cost: float
    right: int


class Learned(NamedTuple):
    """The way down and its end.

    Attributes:
        network: float64.
        stages: the last is the end.
    """

    network: Network
    stages: tuple[Stage, ...]


def learn(start: Network, steps: int, learning_rate: float, stages: int = 20) -> Learned:
    """Go downhill from a start by Adam, every step on all sixteen images, and look around at every stage."""
    network, memory = start, Memory()
    between = max(1, steps // stages)
    passed = []
    for step in range(1, steps + 1):
        _, gradients = backpropagate(network, IMAGES, TARGETS, QUADRATIC)
        network, memory = OPTIMISERS["adam"](network, gradients, memory, learning_rate)
        if step % between == 0 or step == steps:
            passed.append(Stage(step, QUADRATIC(network.forward(IMAGES), TARGETS), right(network)))
    return Learned(network, tuple(passed))


def right(network: Network, within: float = 0.1) -> int:
    """Count the images, of sixteen, all of whose four outputs are as close to the target."""
    off = np.abs(network.forward(IMAGES) - TARGETS).max(axis=1)
    return int((off <= within).sum())


def favourites(network: Network) -> list[list[FloatArray]]:
    """Return for each layer and neuron its receptive field: those images that excite it most, (k, 4)."""
    return [
        [_strongest(neuron) for neuron in activations.T] for activations in network.trace(IMAGES).activations
    ]


def _strongest(activations: FloatArray) -> FloatArray:
    close = 0.02 * (activations.max() - activations.min())
    images: FloatArray = IMAGES[activations >= activations.max() - close]
    return images
