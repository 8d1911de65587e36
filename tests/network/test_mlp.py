"""The network against arithmetic done by hand, and against the sizes that the videos count."""

import math
from dataclasses import replace

import numpy as np
import pytest

from service.network import INITIALISATIONS, RELU, SIGMOID, TANH, Layer, Network


@pytest.fixture
def by_hand():
    """2-2-1: numbers small enough to follow with a pencil."""
    hidden = Layer(np.array([[1.0, -1.0], [0.5, 2.0]]), np.array([0.0, -1.0]), RELU)
    output = Layer(np.array([[1.0, -0.5]]), np.array([0.25]), SIGMOID)
    return Network((hidden, output))


def test_the_network_of_the_videos_has_13002_weights_and_biases():
    assert (
        Network.random((784, 16, 16, 10)).n_parameters
        == 784 * 16 + 16 * 16 + 16 * 10 + 16 + 16 + 10
        == 13_002
    )


def test_forward_follows_the_formula(by_hand):
    image = np.array([[3.0, 1.0]])
    hidden = (3 - 1, 1.5 + 2 - 1)
    expected = 1 / (1 + math.exp(-(hidden[0] - 0.5 * hidden[1] + 0.25)))
    assert by_hand.forward(image)[0, 0] == pytest.approx(expected, rel=1e-12)


def test_trace_holds_z_and_activations_of_every_layer(by_hand):
    trace = by_hand.trace(np.array([[1.0, 3.0]]))
    assert trace.z[0].tolist() == [[-2.0, 5.5]]
    assert trace.activations[0].tolist() == [[0.0, 5.5]]
    assert trace.z[1].tolist() == [[-2.5]]
    assert trace.activations[1][0, 0] == pytest.approx(1 / (1 + math.exp(2.5)))


def test_the_last_activations_of_the_trace_are_the_answer_bit_for_bit():
    rng = np.random.default_rng(1)
    network = Network.random((784, 16, 16, 10), rng)
    images = rng.random((5, 784), dtype=np.float32)
    assert (network.trace(images).activations[-1] == network.forward(images)).all()


def test_a_batch_answers_as_its_images_one_by_one():
    rng = np.random.default_rng(2)
    network = Network.random((784, 16, 16, 10), rng)
    images = rng.random((64, 784), dtype=np.float32)
    one_by_one = np.concatenate([network.forward(image[np.newaxis]) for image in images])
    assert np.abs(network.forward(images) - one_by_one).max() < 1e-6


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("share", [0, 0.1, 0.9, 1])
def test_a_wide_network_answers_one_image_as_among_others_however_many_of_its_pixels_are_on(share, order):
    rng = np.random.default_rng(3)
    drawn = Network.random((784, 1000, 400, 10), rng, activations=[RELU, TANH, SIGMOID])
    layers = [replace(layer, weights=np.array(layer.weights, order=order)) for layer in drawn.layers]
    network = Network(tuple(layers))
    images = rng.random((8, 784), dtype=np.float32) * (rng.random((8, 784)) < share)
    one_by_one = np.concatenate([network.forward(image[np.newaxis]) for image in images.astype(np.float32)])
    assert one_by_one.dtype == np.float32
    assert np.abs(network.forward(images.astype(np.float32)) - one_by_one).max() < 5e-6


def test_the_same_generator_draws_the_same_network():
    first, second = (Network.random((784, 16, 10), np.random.default_rng(3)) for _ in range(2))
    for a, b in zip(first.layers, second.layers, strict=True):
        assert (a.weights == b.weights).all()
        assert (a.biases == b.biases).all()


def test_without_a_generator_every_network_is_another():
    first, second = (Network.random((4, 3, 2)) for _ in range(2))
    assert (first.layers[0].weights != second.layers[0].weights).any()


def test_a_start_with_a_prior_calls_each_digit_as_often_as_it_comes():
    network = Network.random((784, 30, 10), np.random.default_rng(5), initialisation="prior")
    images = np.random.default_rng(6).random((1000, 784), np.float32) * 0.1
    assert network.forward(images).mean() == pytest.approx(0.1, abs=0.04)
    assert network.layers[-1].biases == pytest.approx([np.log(0.1 / 0.9)] * 10)


@pytest.mark.parametrize("output", [RELU, SIGMOID])
def test_a_start_with_a_prior_is_else_the_scaled_one(output):
    chosen = {"activations": [SIGMOID, output]}
    prior = Network.random((4, 3, 2), np.random.default_rng(5), initialisation="prior", **chosen)
    scaled = Network.random((4, 3, 2), np.random.default_rng(5), **chosen)
    for one, other in zip(prior.layers, scaled.layers, strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
        np.testing.assert_array_equal(
            one.biases, other.biases
        )  # of two that are as likely, the odds are even


@pytest.mark.parametrize(("activation", "variance"), [(SIGMOID, 1), (TANH, 1), (RELU, 2)], ids=str)
def test_scaled_weights_have_the_variance_of_their_source(activation, variance):
    """Glorot and Bengio for slopes of one, He for ReLU."""
    network = Network.random((784, 800), np.random.default_rng(4), activations=[activation])
    assert network.layers[0].weights.var() == pytest.approx(variance / 784, rel=0.01)
    assert not network.layers[0].biases.any()


def test_normal_weights_and_biases_have_variance_one():
    network = Network.random((784, 800), np.random.default_rng(5), initialisation="normal")
    assert network.layers[0].weights.var() == pytest.approx(1, rel=0.01)
    assert network.layers[0].biases.var() == pytest.approx(1, rel=0.2)


@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_a_network_is_drawn_in_float32(initialisation):
    layers = Network.random((784, 16, 10), initialisation=initialisation).layers
    assert {array.dtype for layer in layers for array in (layer.weights, layer.biases)} == {
        np.dtype(np.float32)
    }


def test_a_network_needs_one_activation_function_a_layer():
    with pytest.raises(ValueError, match="shorter"):
        Network.random((784, 16, 10), activations=[RELU])


def test_a_network_says_what_it_is():
    network = Network.random((4, 3, 2), activations=[TANH, RELU])
    assert repr(network) == "Network 4-3-2, tanh relu: 23 weights and biases"


def test_changing_its_arrays_changes_every_weight_and_bias_and_no_activation(by_hand):
    doubled = by_hand.with_arrays(lambda array: 2 * array)
    assert [layer.weights.tolist() for layer in doubled.layers] == [[[2, -2], [1, 4]], [[2, -1]]]
    assert [layer.biases.tolist() for layer in doubled.layers] == [[0, -2], [0.5]]
    assert [layer.activation for layer in doubled.layers] == [RELU, SIGMOID]
