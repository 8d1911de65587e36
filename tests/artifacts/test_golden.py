import numpy as np
import pytest

from service.artifacts import golden_samples
from service.artifacts.golden import disagreement
from service.network import RELU, Layer, Network

TWO_INPUTS = Network(
    (Layer(np.array([[2, 1]], np.float32), np.array([0.5], np.float32), RELU),)
)  # 2a + b + 0.5


def test_a_sample_holds_the_activation_worked_out_by_hand():
    golden = golden_samples(TWO_INPUTS, np.array([[0.25, 1], [0, 0]]))

    assert golden.inputs == ((0.25, 1.0), (0.0, 0.0))
    assert golden.activations == ((2.0,), (0.5,))


def test_inputs_are_rounded_before_they_are_answered():
    golden = golden_samples(TWO_INPUTS, np.array([[0.12345, 0]]))

    assert golden.inputs == ((0.123, 0.0),)
    assert golden.activations == ((0.746,),)  # 0.7469 without rounding


def test_the_network_that_gave_the_samples_agrees_with_them(small_network):
    inputs = np.random.default_rng(1).random((5, 784))

    _, off = disagreement(small_network, golden_samples(small_network, inputs))

    assert off < 1e-6


def test_the_worst_sample_is_found_with_its_distance():
    golden = golden_samples(TWO_INPUTS, np.array([[0, 0], [0.1, 0], [0.2, 0]]))
    changed = golden.model_copy(update={"activations": ((0.5,), (0.71,), (0.7,))})  # 0.5, 0.7, 0.9 are right

    sample, off = disagreement(TWO_INPUTS, changed)

    assert sample == 2
    assert off == pytest.approx(0.2)


def test_activations_beyond_one_are_compared_by_their_share():
    golden = golden_samples(TWO_INPUTS, np.array([[500, 0]]))
    changed = golden.model_copy(update={"activations": ((1000,),)})  # 1000.5 is right

    assert disagreement(TWO_INPUTS, changed) == (0, pytest.approx(0.0005))
