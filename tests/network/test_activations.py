"""The squashing functions against the standard library and against nudging z."""

import math

import numpy as np
import pytest

from service.network import ACTIVATIONS, RELU, SIGMOID, TANH

POINTS = np.linspace(-6, 6, 25)  # zero, where ReLU has no slope, is left out below
NUDGE = 1e-6

BY_HAND = {
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": math.tanh,
    "relu": lambda z: max(z, 0.0),
}


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=str)
def test_squashes_like_the_formula(activation):
    expected = [BY_HAND[activation.name](z) for z in POINTS]
    assert activation(POINTS) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=str)
def test_slope_agrees_with_nudging_z(activation):
    z = POINTS[POINTS != 0]
    nudged = (activation(z + NUDGE) - activation(z - NUDGE)) / (2 * NUDGE)
    assert activation.slope(activation(z)) == pytest.approx(nudged, abs=1e-8)


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_keeps_the_dtype(activation, dtype):
    activations = activation(POINTS.astype(dtype))
    assert activations.dtype == dtype
    assert activation.slope(activations).dtype == dtype


@pytest.mark.parametrize("z", [-1e30, -1000.0, -89.0, 89.0, 1000.0, 1e30])
def test_sigmoid_stays_between_zero_and_one_without_a_warning_in_float32(z):
    assert 0 <= SIGMOID(np.float32([z]))[0] <= 1


def test_sigmoid_is_still_exact_where_tanh_forms_round_to_zero():
    assert SIGMOID(np.float32([-20.0]))[0] == pytest.approx(2.0611536e-9, rel=1e-6)


def test_a_dead_relu_has_no_slope():
    assert RELU.slope(RELU(np.array([-3.0, 0.0, 3.0]))).tolist() == [0, 0, 1]


def test_tanh_is_odd():
    assert TANH(-POINTS).tolist() == (-TANH(POINTS)).tolist()
