import numpy as np
import pytest

from service.training.evaluate import (
    at_coverage,
    calibration_error,
    confusion,
    coverage,
    evaluate,
    margins,
    operating_curve,
    surest,
)


def sure_of(answers, largest=1.0):
    """Activations (n, 10) whose argmax is as told."""
    return np.eye(10, dtype=np.float32)[answers] * np.reshape(largest, (-1, 1)).astype(np.float32)


def test_confusion_counts_by_label_and_answer():
    counts = confusion(sure_of([3, 3, 5, 0]), np.array([3, 5, 5, 9], np.uint8))
    assert counts.shape == (10, 10)
    assert (counts[3, 3], counts[5, 3], counts[5, 5], counts[9, 0]) == (1, 1, 1, 1)
    assert counts.sum() == 4


def test_calibration_is_perfect_where_the_share_that_is_right_equals_the_activation():
    labels = np.resize(np.array([1, 1, 1, 2], np.uint8), 1500)  # three quarters are ones
    assert calibration_error(sure_of(np.ones(1500, int), 0.75), labels) == pytest.approx(0, abs=0.01)


def test_calibration_error_is_the_gap_between_activation_and_share():
    labels = np.zeros(1500, np.uint8)
    assert calibration_error(sure_of(np.zeros(1500, int), 0.7), labels) == pytest.approx(0.3, abs=1e-6)


def test_calibration_error_does_not_cancel_between_bins():
    """Half of the images are sure and wrong, half are unsure and right."""
    labels = np.zeros(3000, np.uint8)
    answers = np.repeat([1, 0], 1500)
    activations = sure_of(answers, np.repeat([1.0, 0.5], 1500))
    expected = (7 * 1.0 + 7 * 0.5 + 0.25) / 15  # in the middle bin of 15, half of each
    assert calibration_error(activations, labels) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("largest", "expected"), [(7.5, 0.0), (-0.5, 1.0)])
def test_an_activation_that_is_no_share_counts_as_the_nearest_one(largest, expected):
    """All answers are right; a sum of ReLUs can say so with 7.5, ten tanhs with nothing above -0.5."""
    activations = np.full((150, 10), min(largest, 0) - 0.1, np.float32)
    activations[:, 0] = largest
    assert calibration_error(activations, np.zeros(150, np.uint8)) == pytest.approx(expected)


def test_the_operating_curve_counts_what_each_threshold_takes():
    digits = sure_of([0, 1, 2, 3], [0.9, 0.7, 0.5, 0.3])
    trash = sure_of([0, 1], [0.6, 0.1])
    curve = operating_curve(digits, np.array([0, 1, 9, 9], np.uint8), trash)
    at = {point.threshold: (point.coverage, point.accuracy, point.false_acceptance) for point in curve}
    assert len(curve) == 21
    assert at[0] == (1, 0.5, 1)
    assert at[0.4] == (0.75, pytest.approx(2 / 3), 0.5)
    assert at[0.65] == (0.5, 1, 0)
    assert at[1] == (0, 1, 0)


def test_an_evaluation_tells_false_acceptance_by_kind():
    digits = sure_of(np.arange(10), 0.9)
    kinds = {"loud": sure_of([1, 2, 3, 4], [0.9, 0.8, 0.2, 0.1]), "quiet": sure_of([5], [0.1])}
    measured = evaluate(digits, np.arange(10, dtype=np.uint8), kinds, 0.5, name="ten digits")
    assert (measured.data, measured.n_images, measured.accuracy) == ("ten digits", 10, 1)
    assert measured.false_acceptance == {"loud": 0.5, "quiet": 0}
    assert measured.operating_curve[10].false_acceptance == 2 / 5


def test_coverage_counts_the_images_that_wake_exactly_one_neuron():
    activations = np.array([[0.9, 0.1], [0.8, 0.7], [0.6, 0.6], [0.2, 0.3]], np.float32)
    thresholds = np.array([0.15, 0.3, 0.6, 0.65, 0.7, 0.75, 0.85, 0.95], np.float32)
    assert coverage(activations, thresholds).tolist() == [0.25, 0.5, 0.25, 0.25, 0.25, 0.5, 0.25, 0]


def test_the_threshold_at_a_coverage_is_the_highest_that_accepts_so_many():
    activations = sure_of([0, 1, 2, 3], [0.9, 0.7, 0.5, 0.3])
    assert at_coverage(activations, 0.75) == pytest.approx(0.5)
    assert at_coverage(activations, 0.76) == pytest.approx(0.3)
    assert at_coverage(activations, 1) == pytest.approx(0.3)


def test_the_surest_are_those_that_lead_by_most():
    """By hand: leads of 0.6, 0.5, 0.1 and 0.3, of which the third and the fourth are answered wrongly."""
    activations = np.array([[0.7, 0.1], [0.4, 0.9], [0.9, 0.8], [0.4, 0.1]], np.float32)
    labels = np.array([0, 1, 1, 1], np.uint8)
    np.testing.assert_allclose(margins(activations), [0.6, 0.5, 0.1, 0.3], rtol=1e-6)
    assert surest(activations, labels, 0.5) == (pytest.approx(0.5), 1)
    assert surest(activations, labels, 0.75) == (pytest.approx(0.3), pytest.approx(2 / 3))
    assert surest(activations, labels, 1) == (pytest.approx(0.1), 0.5)


def test_there_is_no_threshold_at_a_coverage_that_none_reaches():
    activations = np.array([[0.9, 0.9], [0.7, 0.1]], np.float32)
    assert at_coverage(activations, 0.6) is None
    assert at_coverage(np.zeros((3, 10), np.float32), 0.5) is None
