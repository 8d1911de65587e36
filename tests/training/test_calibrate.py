import numpy as np
import pytest

from service.network import Layer, Network
from service.network.activations import SIGMOID
from service.training.calibrate import AS_IT_IS, Scale, choose_threshold, scale_of, scaled
from service.training.evaluate import calibration_error
from service.training.recipes import Rejection


def one_of_ten(largest, second=0.0):
    """Activations (n, 10) with these two largest numbers."""
    activations = np.zeros((len(largest), 10), np.float32)
    activations[:, 3] = largest
    activations[:, 5] = second
    return activations


def brute_force(digits, trash, most_digits, most_trash):
    """Try every threshold in hundredths, image by image."""

    def taken(activations, threshold):
        return sum(sum(a >= threshold for a in row) == 1 for row in activations) / len(activations)

    rows = [(t / 100, 1 - taken(digits, t / 100), taken(trash, t / 100)) for t in range(1, 100)]
    least = min(rejected for _, rejected, _ in rows)
    affordable = [row for row in rows if row[1] <= max(most_digits, least)]
    wanted = max(most_trash, min(passing for *_, passing in affordable))
    return next(t for t, _, passing in affordable if passing <= wanted)


def test_the_lowest_threshold_that_keeps_trash_out_is_chosen():
    digits = one_of_ten(np.linspace(0.905, 0.995, 100))
    trash = one_of_ten(np.linspace(0.005, 0.595, 100))
    assert choose_threshold(digits, trash, Rejection(most_digits=0, most_trash=0)) == 0.6
    assert choose_threshold(digits, trash, Rejection(most_digits=0, most_trash=0.5)) == 0.3


def test_digits_come_first_where_trash_looks_like_them():
    digits = one_of_ten(np.linspace(0.005, 0.995, 100))
    trash = one_of_ten(np.full(100, 0.999))
    trash[:5] = 0.02
    assert choose_threshold(digits, trash, Rejection(most_digits=0.1, most_trash=0)) == 0.01


def test_as_few_digits_as_possible_are_rejected_where_the_limit_cannot_be_kept():
    digits = one_of_ten(np.full(100, 0.9), second=np.linspace(0.2, 0.6, 100))
    digits[:5] = 0.001  # too weak for every threshold
    trash = one_of_ten(np.full(100, 0.1))
    assert choose_threshold(digits, trash, Rejection(most_digits=0, most_trash=0)) == 0.61


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("limits", [(0, 0), (0.02, 0.01), (0.2, 0), (0, 0.3), (0.5, 0.1)])
def test_agrees_with_brute_force(seed, limits):
    most_digits, most_trash = limits
    rng = np.random.default_rng(seed)
    digits = one_of_ten(rng.beta(8, 1, 60), rng.beta(1, 8, 60))
    trash = one_of_ten(rng.beta(1, 4, 60), rng.beta(1, 8, 60))
    found = choose_threshold(digits, trash, Rejection(most_digits=most_digits, most_trash=most_trash))
    assert found == brute_force(digits, trash, most_digits, most_trash)


def honest(slope, shift, n=20_000):
    """A network that says too little or too much, and images on which the share that is right is known.

    On the scale σ(slope × z + shift) its largest activation is the share that is right.
    """
    rng = np.random.default_rng(0)
    z = rng.uniform(-1, 5, n)
    right = rng.random(n) < 1 / (1 + np.exp(-(slope * z + shift)))
    images = np.full((n, 2), -9.0, np.float32)
    images[:, 0] = z
    network = Network((Layer(np.eye(2, dtype=np.float32), np.zeros(2, np.float32), SIGMOID),))
    return network, images, np.where(right, 0, 1).astype(np.uint8)


@pytest.mark.parametrize(("slope", "shift"), [(0.7, 0.3), (1.5, 0), (2.0, 1.0)])
def test_the_scale_is_found_on_which_activations_are_the_share_that_is_right(slope, shift):
    network, images, labels = honest(slope, shift)
    found = scale_of(network, images, labels)
    assert found == pytest.approx((slope, shift), abs=0.1)
    before, after = (calibration_error(n.forward(images), labels) for n in (network, scaled(network, found)))
    assert after < before
    assert after < 0.01


def test_a_gap_between_right_and_wrong_asks_for_no_infinite_slope():
    """By hand: σ takes z of 4 to 7/8, one short of all six, and z of 1 to 1/4 (Platt 1999, section 2.2)."""
    network = Network((Layer(np.eye(10, dtype=np.float32), np.zeros(10, np.float32), SIGMOID),))
    images = one_of_ten([4, 4, 4, 4, 4, 4, 1, 1])
    labels = np.array([3, 3, 3, 3, 3, 3, 8, 8], np.uint8)
    slope = (np.log(7) + np.log(3)) / 3
    assert scale_of(network, images, labels) == pytest.approx((slope, -np.log(3) - slope), rel=1e-4)


@pytest.mark.parametrize("off_by", [0, 1])
def test_a_network_that_is_always_right_and_one_that_never_is_keep_their_scale(digits, off_by):
    network = Network.random((784, 12, 10), np.random.default_rng(1))
    labels = (network.forward(digits.images).argmax(axis=1) + off_by) % 10
    assert scale_of(network, digits.images, labels.astype(np.uint8)) == AS_IT_IS


def test_a_network_that_is_surer_where_it_is_wrong_keeps_its_scale(digits):
    network = Network.random((784, 12, 10), np.random.default_rng(1))
    activations = network.forward(digits.images)
    unsure = activations.max(axis=1) < np.median(activations.max(axis=1))
    labels = np.where(unsure, activations.argmax(axis=1), (activations.argmax(axis=1) + 1) % 10)
    assert scale_of(network, digits.images, labels.astype(np.uint8)) == AS_IT_IS


def test_a_scale_stretches_and_moves_every_z_of_the_outputs(digits):
    network = Network.random((784, 12, 10), np.random.default_rng(1))
    other = scaled(network, Scale(3.0, -0.5))
    before, after = (n.trace(digits.images).z[-1] for n in (network, other))
    np.testing.assert_allclose(after, 3 * before - 0.5, rtol=1e-5, atol=1e-5)
