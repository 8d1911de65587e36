import numpy as np
import pytest

from service.training.forms import FORMS, forms
from service.training.mnist import Digits


@pytest.fixture(scope="module")
def drawn_forms():
    return forms(np.random.default_rng(0), 400)


def test_every_digit_has_a_form():
    assert sorted(FORMS) == list(range(10))


def test_forms_are_digits_of_mnists_frame(drawn_forms):
    assert isinstance(drawn_forms, Digits)
    assert set(drawn_forms.labels) == set(range(10))
    for picture in drawn_forms.images.reshape(-1, 28, 28):
        there = picture > 0.1
        tall, wide = (np.ptp(np.flatnonzero(there.any(axis=axis))) + 1 for axis in (1, 0))
        assert 18 <= max(tall, wide) <= 21
        mass = picture / picture.sum()
        assert [(mass.sum(axis=axis) * np.arange(28)).sum() for axis in (1, 0)] == pytest.approx(
            [13.5] * 2, abs=1
        )


def test_no_two_are_alike(drawn_forms):
    assert len(np.unique(drawn_forms.images, axis=0)) == 400


def test_forms_are_read_by_their_likeness_to_others_of_the_same_digit(drawn_forms):
    """The nearest of the first 300 has the same digit, for nearly all of the last 100."""
    known, asked = drawn_forms[:300], drawn_forms[300:]
    distance = ((asked.images[:, None] - known.images[None]) ** 2).sum(axis=2)
    assert (known.labels[distance.argmin(axis=1)] == asked.labels).mean() > 0.85


def test_the_same_generator_draws_the_same_forms():
    first, second = (forms(np.random.default_rng(3), 5).images for _ in range(2))
    np.testing.assert_array_equal(first, second)
