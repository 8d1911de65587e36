import numpy as np
import pytest

from service.training.calibrate import choose
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
    assert choose(digits, trash, Rejection(most_digits=0, most_trash=0)) == 0.6
    assert choose(digits, trash, Rejection(most_digits=0, most_trash=0.5)) == 0.3


def test_digits_come_first_where_trash_looks_like_them():
    digits = one_of_ten(np.linspace(0.005, 0.995, 100))
    trash = one_of_ten(np.full(100, 0.999))
    trash[:5] = 0.02
    assert choose(digits, trash, Rejection(most_digits=0.1, most_trash=0)) == 0.01


def test_as_few_digits_as_possible_are_rejected_where_the_limit_cannot_be_kept():
    digits = one_of_ten(np.full(100, 0.9), second=np.linspace(0.2, 0.6, 100))
    trash = one_of_ten(np.full(100, 0.1))
    assert choose(digits, trash, Rejection(most_digits=0, most_trash=0)) == 0.61


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("limits", [(0, 0), (0.02, 0.01), (0.2, 0), (0, 0.3), (0.5, 0.1)])
def test_agrees_with_brute_force(seed, limits):
    most_digits, most_trash = limits
    rng = np.random.default_rng(seed)
    digits = one_of_ten(rng.beta(8, 1, 60), rng.beta(1, 8, 60))
    trash = one_of_ten(rng.beta(1, 4, 60), rng.beta(1, 8, 60))
    found = choose(digits, trash, Rejection(most_digits=most_digits, most_trash=most_trash))
    assert found == brute_force(digits, trash, most_digits, most_trash)
