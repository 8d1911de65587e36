from itertools import pairwise

import numpy as np
import pytest

from service.network import Gradient, Network
from service.training import reach
from service.training.descent import descend
from service.training.material import supply
from service.training.recipes import Recipe

SIZES = (784, 40, 30, 10)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def heard(rng):
    return reach.draw(SIZES, (4, 8), rng)


def test_a_neuron_hears_a_disc_of_pixels(heard):
    for near in heard[0].reshape(-1, 28, 28):
        rows, columns = near.nonzero()
        assert 40 <= len(rows) <= 58  # π 4², as far as it lies on the page
        assert max(np.ptp(rows), np.ptp(columns)) <= 8
        heard_across = [np.ptp(columns[rows == row]) + 1 for row in np.unique(rows)]
        assert heard_across == [int(near[row].sum()) for row in np.unique(rows)]  # without holes


def test_neurons_stand_all_over_the_page(heard):
    by = heard[0].sum(axis=0).reshape(28, 28)
    assert (by[6:22, 6:22] > 0).all()


def test_a_neuron_of_a_later_layer_hears_neurons_that_stand_close_together(heard):
    middles = np.array([np.argwhere(near).mean(axis=0) for near in heard[0].reshape(-1, 28, 28)])
    for near in heard[1].astype(bool):
        apart = np.linalg.norm(middles[near][:, None] - middles[near], axis=2)
        assert (
            apart.max(initial=0) <= 2 * 8 + 2
        )  # a disc that ends at the page's edge has its middle elsewhere


def test_layers_without_a_reach_hear_everything(heard):
    assert len(heard) == 2
    assert reach.draw(SIZES, (), np.random.default_rng(0)) == reach.EVERYTHING


def test_what_is_heard_makes_up_for_what_is_not(rng, heard):
    network = Network.random(SIZES, rng)
    narrow = reach.narrowed(network, heard)
    for before, after, near in zip(network.layers, narrow.layers, heard, strict=False):
        assert not after.weights[near == 0].any()
        hears = near.any(axis=1)
        np.testing.assert_allclose(
            np.linalg.norm(after.weights[hears], axis=1),
            np.linalg.norm(before.weights[hears], axis=1),
            rtol=1e-5,
        )
    assert narrow.layers[2] is network.layers[2]


def test_a_neuron_that_hears_nothing_is_silent_and_not_endless(rng):
    nothing = (np.zeros((40, 784), np.float32),)
    assert not reach.narrowed(Network.random(SIZES, rng), nothing).layers[0].weights.any()


def test_a_gradient_is_as_it_was_within_reach_and_zero_beyond(heard):
    gradients = [
        Gradient(np.ones((n_out, n_in), np.float32), np.ones(n_out, np.float32))
        for n_in, n_out in pairwise(SIZES)
    ]
    first, second, last = reach.within(gradients, heard)
    np.testing.assert_array_equal(first.weights, heard[0])
    np.testing.assert_array_equal(second.weights, heard[1])
    assert last is gradients[2]
    assert first.biases.all()


@pytest.mark.parametrize("optimiser", ["descent", "adam"])
def test_training_never_looks_beyond_reach(digits, optimiser):
    recipe = Recipe.model_validate(
        {
            "name": "tiny",
            "description": "A tiny network for tests.",
            "sizes": SIZES,
            "activations": ("relu", "relu", "sigmoid"),
            "reach": (4, 8),
            "optimiser": optimiser,
            "learning_rate": 0.01,
            "mini_batch": 20,
            "epochs": 2,
            "averaging": 0.9,
            "moments": 2,
        }
    )
    trained = descend(recipe, supply(recipe, digits, 0), digits, 0, lambda _line: None)
    start = trained.moments[0]
    for before, after in zip(start.layers[:2], trained.network.layers[:2], strict=True):
        np.testing.assert_array_equal(before.weights == 0, after.weights == 0)
        assert not np.array_equal(before.weights, after.weights)
