"""The peers that stand in the benchmark of training do what they are said to do."""

from itertools import pairwise

import numpy as np
import pytest

from benchmarks import training
from benchmarks.trainers import SIZES, TRAINERS, Nielsen, Ours, installed, recipe
from benchmarks.training import Turn, markdown, products, typical
from service.network import QUADRATIC, SIGMOID, Layer, Network, backpropagate
from service.training.mnist import Digits


@pytest.fixture
def digits():
    rng = np.random.default_rng(5)
    return Digits(rng.random((60, 784), np.float32), np.resize(np.arange(10), 60).astype(np.uint8))


def test_nielsens_steps_go_down_the_gradient_of_the_quadratic_cost(digits):
    """His loop over examples against backpropagation of the whole mini-batch."""
    nielsen = Nielsen(mini_batch=60, learning_rate=3.0, seed=1)
    layers = [Layer(w, b[:, 0], SIGMOID) for w, b in zip(nielsen.weights, nielsen.biases, strict=True)]
    targets = np.eye(10)[digits.labels]
    _, gradients = backpropagate(Network(tuple(layers)), digits.images.astype(np.float64), targets, QUADRATIC)
    nielsen.learn(nielsen.ready(digits))
    for weights, biases, layer, slope in zip(nielsen.weights, nielsen.biases, layers, gradients, strict=True):
        assert weights == pytest.approx(layer.weights - 3.0 * slope.weights, abs=1e-6)
        assert biases[:, 0] == pytest.approx(layer.biases - 3.0 * slope.biases, abs=1e-6)


def test_nielsens_turn_has_nothing_left_to_convert(digits):
    """The clock runs while he learns, and not while his examples are made."""
    for pixels, target in Nielsen(mini_batch=60, learning_rate=3.0, seed=1).ready(digits):
        assert (pixels.shape, pixels.dtype) == ((784, 1), np.float64)
        assert (target.shape, target.dtype) == ((10, 1), np.float64)


@pytest.mark.parametrize("name", TRAINERS)
def test_every_trainer_learns_what_it_is_shown(name, digits):
    if not installed(name):
        pytest.skip(f"{name} is not installed")
    trainer = TRAINERS[name](10, 3.0 if name == "Nielsen" else 0.01, 0)
    kept = trainer.ready(digits)
    for _ in range(60):
        trainer.learn(kept)
    assert (trainer.answer(digits.images) == digits.labels).mean() > 0.5


def test_our_network_is_as_large_as_the_others():
    assert Ours(10, 0.01, 0).candidate.network.sizes == SIZES


def test_the_matrix_products_are_those_of_backpropagation(monkeypatch, digits):
    """Two a layer and one more for each layer but the first, for every mini-batch."""
    done = []

    def matmul(left, right, out):
        done.append((left.shape, right.shape, out.shape))

    monkeypatch.setattr(np, "matmul", matmul)
    products((784, 16, 10), 20, digits.images)
    forward = [((20, n_in), (n_in, n_out), (20, n_out)) for n_in, n_out in pairwise((784, 16, 10))]
    backward = [
        ((10, 20), (20, 16), (10, 16)),
        ((20, 10), (10, 16), (20, 16)),
        ((16, 20), (20, 784), (16, 784)),
    ]
    assert done == (forward + backward) * 3


def test_turns_that_waited_are_left_out_where_there_are_calmer_ones():
    assert typical([Turn(1, 1.1), Turn(2, 2.1), Turn(9, 20)]) == 1.5
    assert typical([Turn(9, 20), Turn(7, 30), Turn(8, 30)]) == 8


def test_a_race_that_is_lost_says_so():
    ways = [training.Way({0.94: 1.0}, 0.95), training.Way({}, 0.9), training.Way({0.94: 3.0}, 0.94)]
    summary = training._summary(ways)
    assert summary == {"94%": 3.0, "96%": None, "best": 0.94, "rounds": 3}
    text = markdown(
        {
            "epochs": {"10": {"digit-service": 1.0, "Nielsen": 6.0}},
            "races": {"digit-service": summary},
            "wide": {"changed anew": 3.0, training.PRODUCTS: 2.0},
        }
    )
    assert "| Nielsen | 6.00 | 6.00 |" in text
    assert "| digit-service | 3.00 | not reached | 94.00% | 3 |" in text
    assert "| changed anew | 3.00 | 1.50 |" in text


def test_images_that_are_made_anew_in_each_epoch_cost_the_wide_network_all_of_their_making(monkeypatch):
    """One second for making the images, one for the steps: `wide` keeps no variations."""
    rng = np.random.default_rng(5)
    digits = Digits(rng.random((300, 784), np.float32), np.resize(np.arange(10), 300).astype(np.uint8))
    monkeypatch.setattr(training, "timed", lambda work, *given: (work(*given), Turn(1, 1)))
    found = training.wide(digits, 1, lambda _line: None)
    assert found == {"steps alone": 1, "steps and images": 2, training.PRODUCTS: 1}


def test_the_recipe_is_one_that_the_trainer_takes():
    assert recipe(64, 0.005).n_own == 64
