from itertools import product

import numpy as np
import pytest

from service.network import RELU, SIGMOID, TANH, Layer, Network
from service.network.dream import Ascent, dream, pixel_gradient

SQUASHING = (SIGMOID, TANH, RELU)


def in_float64(network):
    return Network(
        tuple(
            Layer(layer.weights.astype(np.float64), layer.biases.astype(np.float64), layer.activation)
            for layer in network.layers
        )
    )


def single_layer(weights):
    """Network of one layer without biases: z is the sum of the weights times the pixels."""
    return Network((Layer(np.array(weights), np.zeros(len(weights)), SIGMOID),))


def z_of(network, image, neuron):
    return network.trace(image.reshape(1, -1)).z[-1][0, neuron]


@pytest.mark.parametrize(("first", "second"), list(product(SQUASHING, SQUASHING)), ids=repr)
def test_the_pixel_gradient_agrees_with_nudging_each_pixel(first, second):
    rng = np.random.default_rng(0)
    network = in_float64(Network.random((6, 5, 4, 3), rng, activations=(first, second, SIGMOID)))
    images, nudge = rng.random((4, 6)), 1e-6
    for neuron in range(3):
        slopes = np.empty_like(images)
        for pixel in range(6):
            step = nudge * np.eye(6)[pixel]
            above = network.trace(images + step).z[-1][:, neuron]
            below = network.trace(images - step).z[-1][:, neuron]
            slopes[:, pixel] = (above - below) / (2 * nudge)
        assert pixel_gradient(network, images, neuron) == pytest.approx(slopes, abs=1e-8)


def test_the_pixel_gradient_of_a_single_layer_is_the_neurons_weights():
    network = single_layer([[1.0, -2.0], [3.0, 4.0]])
    assert pixel_gradient(network, np.zeros((2, 2)), 1).tolist() == [[3, 4], [3, 4]]


@pytest.mark.parametrize("neuron", range(10))
def test_a_dream_excites_its_neuron(small_network, neuron):
    blank = np.zeros((28, 28), np.float32)
    dreamt = dream(small_network, neuron, blank, Ascent(steps=60))
    assert z_of(small_network, dreamt, neuron) > z_of(small_network, blank, neuron) + 0.1


def test_a_single_layer_dreams_ink_where_its_weights_are_positive():
    network = single_layer([[0.3, -0.3, 0.3, -0.1]])
    dreamt = dream(network, 0, np.full((2, 2), 0.5), Ascent(steps=100, length=0.05))
    assert dreamt == pytest.approx(np.array([[1, 0], [1, 0]]))


def test_a_dream_keeps_to_the_pixels_that_there_are():
    network = single_layer([[5.0, -5.0, 5.0, -5.0]])
    dreamt = dream(network, 0, np.zeros((2, 2)), Ascent(steps=100, length=0.1, low=-1, high=1))
    assert dreamt == pytest.approx(np.array([[1, -1], [1, -1]]))


def test_a_start_out_of_bounds_is_brought_inside():
    dreamt = dream(single_layer([[1.0, 1.0]]), 0, np.array([[-3.0, 7.0]]), Ascent(steps=0))
    assert dreamt.tolist() == [[0, 1]]


def test_the_start_is_left_as_it_was(small_network):
    start = np.full((28, 28), 0.5, np.float32)
    dream(small_network, 0, start, Ascent(steps=3))
    assert (start == 0.5).all()


def test_a_dream_has_the_dtype_of_its_start(small_network):
    start = np.zeros((28, 28), np.float32)
    assert dream(small_network, 0, start, Ascent(steps=2, smoothing=1)).dtype == np.float32


def test_without_a_way_up_the_image_stays():
    silent = Network(
        (
            Layer(-np.ones((3, 4)), np.zeros(3), RELU),
            Layer(np.ones((1, 3)), np.zeros(1), SIGMOID),
        )
    )
    start = np.full((2, 2), 0.5)
    assert (dream(silent, 0, start) == start).all()


def test_smoothing_makes_neighbouring_pixels_alike(small_network):
    blank = np.zeros((28, 28), np.float32)
    sharp, smooth = (
        dream(small_network, 3, blank, Ascent(steps=30, smoothing=smoothing)) for smoothing in (0, 1.5)
    )

    def roughness(image):
        return np.abs(np.diff(image, axis=1)).mean() / image.mean()

    assert roughness(smooth) < roughness(sharp) / 2


def test_a_slope_is_smoothed_by_a_gaussian():
    """By its formula, around the one pixel that a neuron listens to; nearer to the edge it is cut off."""
    dot = np.zeros((17, 17))
    dot[8, 8] = 1
    dreamt = dream(single_layer([dot.ravel().tolist()]), 0, 0 * dot, Ascent(steps=1, smoothing=1.5))
    squares = (np.arange(17) - 8) ** 2
    expected = np.exp(-(squares[:, None] + squares) / (2 * 1.5**2))
    assert dreamt[5:12, 5:12] / dreamt[8, 8] == pytest.approx(expected[5:12, 5:12], rel=0.01)


def test_smoothing_keeps_an_even_slope_even():
    network = single_layer([np.ones(16).tolist()])
    dreamt = dream(network, 0, np.zeros((4, 4)), Ascent(steps=10, smoothing=2))
    assert dreamt == pytest.approx(np.full((4, 4), dreamt[0, 0]))


def test_a_dream_is_the_best_image_on_the_way():
    """Steps that are too long go over the summit and down on the other side."""
    network = Network(
        (
            Layer(np.array([[1.0], [1.0]]), np.array([0.0, -0.5]), RELU),
            Layer(np.array([[1.0, -4.0]]), np.zeros(1), SIGMOID),  # z = x up to 0.5, then x − 4(x − 0.5)
        )
    )
    dreamt = dream(network, 0, np.array([[0.01]]), Ascent(steps=10, length=0.2))
    assert dreamt[0, 0] == pytest.approx(0.5, abs=0.15)


def test_momentum_carries_over_a_hollow():
    """z rises up to 0.3, falls a little up to 0.35, and rises again: there is a small hill on the way."""
    network = Network(
        (
            Layer(np.ones((3, 1)), np.array([0.0, -0.3, -0.35]), RELU),
            Layer(np.array([[1.0, -1.5, 2.0]]), np.zeros(1), SIGMOID),
        )
    )
    start = np.array([[0.01]])
    without, with_it = (
        dream(network, 0, start, Ascent(steps=100, length=0.02, momentum=momentum)) for momentum in (0, 0.9)
    )
    assert without[0, 0] < 0.4
    assert with_it[0, 0] == pytest.approx(1)


def test_without_orders_a_dream_takes_three_hundred_steps(small_network):
    blank = np.zeros((28, 28), np.float32)
    assert z_of(small_network, dream(small_network, 0, blank), 0) == pytest.approx(
        z_of(small_network, dream(small_network, 0, blank, Ascent(steps=300, length=0.002)), 0)
    )
