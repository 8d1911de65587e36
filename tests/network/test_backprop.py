"""Backpropagation against nudging every weight and bias, in float64."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from service.network import ACTIVATIONS, COSTS, SIGMOID, Layer, Network, backpropagate

NUDGE = 1e-5
SIZES = (5, 4, 4, 3)


def doubled(network):
    """The same network in float64, its biases lifted so that every output of the test lies in 0..1."""
    layers = [
        Layer(layer.weights.astype(float), layer.biases.astype(float), layer.activation)
        for layer in network.layers
    ]
    weights = 0.1 * layers[-1].weights
    return Network((*layers[:-1], replace(layers[-1], weights=weights, biases=layers[-1].biases + 0.5)))


def with_nudged(network, depth, part, place, nudge):
    layer = network.layers[depth]
    values = getattr(layer, part).copy()
    values[place] += nudge
    layers = list(network.layers)
    layers[depth] = replace(layer, **{part: values})
    return Network(tuple(layers))


def nudged_gradient(network, images, targets, cost, depth, part):
    """Central differences: the slope of the cost along each number by itself."""
    gradient = np.zeros_like(getattr(network.layers[depth], part))
    for place in np.ndindex(gradient.shape):
        above, below = (
            cost(with_nudged(network, depth, part, place, nudge).forward(images), targets)
            for nudge in (NUDGE, -NUDGE)
        )
        gradient[place] = (above - below) / (2 * NUDGE)
    return gradient


@pytest.mark.parametrize(
    ("hidden", "output", "cost"),
    list(product(ACTIVATIONS.values(), ACTIVATIONS.values(), COSTS.values())),
    ids=str,
)
def test_gradient_agrees_with_nudging_every_weight_and_bias(hidden, output, cost):
    rng = np.random.default_rng(7)
    network = doubled(Network.random(SIZES, rng, activations=[hidden, hidden, output]))
    images = rng.random((6, 5))
    targets = np.eye(3)[rng.integers(0, 3, 6)]
    answers = network.forward(images)
    assert ((answers > 0) & (answers < 1)).all(), "the cross-entropy has no slope outside"
    slope = backpropagate(network, images, targets, cost)
    for depth, gradient in enumerate(slope.gradients):
        for part in ("weights", "biases"):
            expected = nudged_gradient(network, images, targets, cost, depth, part)
            assert getattr(gradient, part) == pytest.approx(expected, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("cost", COSTS.values(), ids=str)
def test_the_cost_beside_the_gradient_is_that_of_the_mini_batch(cost):
    network = Network.random((4, 3, 2), np.random.default_rng(8))
    images, targets = np.eye(4, dtype=np.float32), np.tile(np.eye(2, dtype=np.float32), (2, 1))
    assert backpropagate(network, images, targets, cost).cost == cost(network.forward(images), targets)


def test_the_gradient_of_a_mini_batch_is_the_mean_of_its_images():
    rng = np.random.default_rng(9)
    network = doubled(Network.random(SIZES, rng))
    images, targets = rng.random((8, 5)), np.eye(3)[rng.integers(0, 3, 8)]
    cost = COSTS["quadratic"]
    together = backpropagate(network, images, targets, cost).gradients
    alone = [backpropagate(network, images[[i]], targets[[i]], cost).gradients for i in range(8)]
    for depth, gradient in enumerate(together):
        mean = np.mean([one[depth].weights for one in alone], axis=0)
        assert gradient.weights == pytest.approx(mean, abs=1e-12)


def test_a_step_against_the_gradient_lowers_the_cost():
    rng = np.random.default_rng(10)
    network = Network.random((784, 16, 16, 10), rng)
    images, targets = (
        rng.random((32, 784), dtype=np.float32),
        np.eye(10, dtype=np.float32)[rng.integers(0, 10, 32)],
    )
    cost = COSTS["cross-entropy"]
    before, gradients = backpropagate(network, images, targets, cost)
    stepped = Network(
        tuple(
            replace(layer, weights=layer.weights - 0.01 * g.weights, biases=layer.biases - 0.01 * g.biases)
            for layer, g in zip(network.layers, gradients, strict=True)
        )
    )
    assert cost(stepped.forward(images), targets) < before


def test_gradients_have_the_shapes_of_their_layers():
    network = Network.random((4, 3, 2), activations=[SIGMOID, SIGMOID])
    images, targets = np.ones((1, 4), np.float32), np.ones((1, 2), np.float32)
    gradients = backpropagate(network, images, targets, COSTS["quadratic"]).gradients
    assert [(g.weights.shape, g.biases.shape) for g in gradients] == [((3, 4), (3,)), ((2, 3), (2,))]
