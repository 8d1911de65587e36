from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from service.network import SIGMOID, Gradient, Layer, Network
from service.training.optimise import OPTIMISERS, SCHEDULES, Memory, average


def of(*numbers):
    """A network of one neuron with one input for each pair of weight and bias."""
    return Network(
        tuple(Layer(np.array([[w]], np.float32), np.array([b], np.float32), SIGMOID) for w, b in numbers)
    )


def numbers(network):
    return [(float(layer.weights[0, 0]), float(layer.biases[0])) for layer in network.layers]


def gradient(*pairs):
    return tuple(Gradient(np.array([[w]], np.float32), np.array([b], np.float32)) for w, b in pairs)


def adam_by_hand(start, slopes, learning_rate):
    """Algorithm 1 of Kingma and Ba (2015), line by line, for one number in float64."""
    theta, m, v = start, 0.0, 0.0
    for t, g in enumerate(slopes, start=1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        theta -= learning_rate * (m / (1 - 0.9**t)) / (sqrt(v / (1 - 0.999**t)) + 1e-8)
    return theta


def test_descent_steps_against_the_gradient():
    network, memory = OPTIMISERS["descent"](of((1, 2), (3, 4)), gradient((0.5, -1), (0, 2)), Memory(), 0.1)
    assert numbers(network) == [pytest.approx((0.95, 2.1)), pytest.approx((3, 3.8))]
    assert memory.steps == 1


def test_adam_follows_its_paper():
    slopes = [0.5, -0.1, 3.0, 0.0, 1e-4, -2.0]
    network, memory = of((1, -2), (3, 0)), Memory()
    for slope in slopes:
        network, memory = OPTIMISERS["adam"](network, gradient((slope, -slope), (2 * slope, 7)), memory, 0.03)
    expected = [
        (adam_by_hand(1, slopes, 0.03), adam_by_hand(-2, [-s for s in slopes], 0.03)),
        (adam_by_hand(3, [2 * s for s in slopes], 0.03), adam_by_hand(0, [7] * len(slopes), 0.03)),
    ]
    np.testing.assert_allclose(numbers(network), expected, rtol=1e-5)


def test_adam_steps_little_where_gradients_are_hardly_any():
    """What keeps the division from zero, 1e-8, is to a gradient's usual size and not to its running sum."""
    slopes = [1e-8, 3e-9, -1e-8]
    network, memory = of((0, 0)), Memory()
    for slope in slopes:
        network, memory = OPTIMISERS["adam"](network, gradient((slope, 0)), memory, 0.03)
    np.testing.assert_allclose(numbers(network), [(adam_by_hand(0, slopes, 0.03), 0)], rtol=1e-4)


def test_the_first_step_of_adam_is_as_long_as_the_learning_rate():
    network, _ = OPTIMISERS["adam"](of((0, 0)), gradient((1e-3, -100)), Memory(), 0.01)
    np.testing.assert_allclose(numbers(network), [(-0.01, 0.01)], rtol=1e-4)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_step_leaves_what_it_was_given(optimiser):
    network, slopes = of((1, 2)), gradient((3, 4))
    first, memory = OPTIMISERS[optimiser](network, slopes, Memory(), 0.1)
    again, _ = OPTIMISERS[optimiser](network, slopes, Memory(), 0.1)
    OPTIMISERS[optimiser](first, slopes, memory, 0.1)
    assert numbers(network) == [(1, 2)]
    assert numbers(again) == numbers(first)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_float32_stays_float32(optimiser):
    network, _ = OPTIMISERS[optimiser](of((1, 2)), gradient((3, 4)), Memory(), 0.1)
    assert {layer.weights.dtype for layer in network.layers} == {np.dtype(np.float32)}
    assert network.layers[0].biases.dtype == np.float32


def test_an_average_lies_between_its_networks():
    mean = average(of((1, 10)), of((3, 0)), keep=0.75)
    assert numbers(mean) == [pytest.approx((1.5, 7.5))]


@pytest.mark.parametrize("orders", ["CC", "FC", "CF", "FF"])
def test_an_average_does_not_depend_on_how_weights_lie_in_memory(orders):
    drawn = [Network.random((300, 200, 10), np.random.default_rng(n)) for n in range(2)]
    one, other = (
        Network(tuple(replace(la, weights=np.array(la.weights, order=order)) for la in network.layers))
        for network, order in zip(drawn, orders, strict=True)
    )
    for mean, a, b in zip(average(one, other, keep=0.75).layers, one.layers, other.layers, strict=True):
        np.testing.assert_allclose(mean.weights, 0.75 * a.weights + 0.25 * b.weights, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("schedule", "over", "left"),
    [
        ("constant", 0, 1),
        ("constant", 1, 1),
        ("cosine", 0, 1),
        ("cosine", 1 / 3, 0.75),  # cos 60° is a half
        ("cosine", 0.5, 0.5),
        ("cosine", 1, 0),
        ("flat-then-linear", 0, 1),
        ("flat-then-linear", 0.4, 1),
        ("flat-then-linear", 0.7, 0.5),
        ("flat-then-linear", 1, 0),
    ],
)
def test_a_schedule_leaves_this_share_of_the_learning_rate(schedule, over, left):
    assert SCHEDULES[schedule](over) == pytest.approx(left, abs=1e-12)
