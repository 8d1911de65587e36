"""The costs against sums written out by hand and against nudging the activations."""

import math

import numpy as np
import pytest

from service.network import COSTS, CROSS_ENTROPY, QUADRATIC, RELU, SIGMOID, TANH

ACTIVATIONS_OF_TWO = np.array([[0.2, 0.7], [0.9, 0.4]])
TARGETS_OF_TWO = np.array([[0.0, 1.0], [1.0, 0.0]])
NUDGE = 1e-6


def test_the_quadratic_cost_is_half_the_squared_distance_averaged_over_images():
    expected = ((0.2**2 + 0.3**2) + (0.1**2 + 0.4**2)) / 2 / 2
    assert QUADRATIC(ACTIVATIONS_OF_TWO, TARGETS_OF_TWO) == pytest.approx(expected)


def test_the_cross_entropy_sums_the_surprise_of_every_output():
    surprises = [-math.log(share) for share in (0.8, 0.7, 0.9, 0.6)]
    assert CROSS_ENTROPY(ACTIVATIONS_OF_TWO, TARGETS_OF_TWO) == pytest.approx(sum(surprises) / 2)


@pytest.mark.parametrize("cost", COSTS.values(), ids=str)
@pytest.mark.parametrize("activation", [SIGMOID, TANH, RELU], ids=str)
def test_the_output_delta_agrees_with_nudging_z(cost, activation):
    z = np.array([[0.3, 0.5, 0.8]])  # where all three squash into 0..1
    targets = np.array([[0.0, 1.0, 0.0]])
    nudged = [
        (cost(activation(z + step), targets) - cost(activation(z - step), targets)) / (2 * NUDGE)
        for step in NUDGE * np.eye(3)
    ]
    assert cost.output_delta(activation(z), targets, activation)[0] == pytest.approx(nudged, abs=1e-8)


@pytest.mark.parametrize("cost", COSTS.values(), ids=str)
def test_a_perfect_answer_costs_nothing(cost):
    assert cost(TARGETS_OF_TWO, TARGETS_OF_TWO) == pytest.approx(0, abs=1e-12)


def test_cross_entropy_of_a_saturated_wrong_answer_is_large_and_finite():
    cost = CROSS_ENTROPY(np.float32([[0.0, 1.0]]), np.float32([[1.0, 0.0]]))
    assert 10 < cost < 100


def test_cross_entropy_still_moves_a_saturated_sigmoid():
    """The reason for preferring it: σ′ has vanished there, and the quadratic cost with it."""
    wrong = (np.float32([[1.0]]), np.float32([[0.0]]), SIGMOID)
    assert CROSS_ENTROPY.output_delta(*wrong) == 1
    assert QUADRATIC.output_delta(*wrong) == 0
