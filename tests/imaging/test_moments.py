import numpy as np
import pytest

from service.imaging.moments import even


def spreads(image):
    """Centre, standard deviations and covariance of ink, in float64 and by definition: rows, then columns."""
    rows, columns = np.indices((28, 28)).reshape(2, -1)
    ink = image.astype(np.float64) / image.sum(dtype=np.float64)
    row, column = rows @ ink, columns @ ink
    tall, wide = np.sqrt((rows - row) ** 2 @ ink), np.sqrt((columns - column) ** 2 @ ink)
    return (row, column), (tall, wide), (rows - row) * (columns - column) @ ink


def ring(height, width, slant=0.0, row=13.5, column=13.5):
    """A zero of such half axes, in pixels, that leans by so many columns a row: (1, 784)."""
    down, right = np.indices((28, 28)) - np.array([row, column])[:, None, None]
    radius = np.hypot(down / height, (right - slant * down) / width)
    return np.clip(1.5 - np.abs(radius - 1) * min(height, width), 0, 1).astype(np.float32).reshape(1, -1)


@pytest.mark.parametrize("slant", [-0.5, -0.2, 0.3])
def test_a_leaning_digit_stands_upright_and_in_the_middle(slant):
    leaning = ring(8, 5, slant, row=12, column=15)

    centre, _, covariance = spreads(even(leaning)[0])

    assert abs(spreads(leaning[0])[2]) > 3
    assert covariance == pytest.approx(0, abs=0.3)
    assert centre == pytest.approx((13.5, 13.5), abs=0.1)


@pytest.mark.parametrize(("height", "width"), [(6, 5), (9, 4), (7, 8)])
def test_sizes_come_seven_tenths_of_the_way_to_the_usual_ones(height, width):
    """On the scale of logarithms: after = before^0.3 × usual^0.7."""
    _, before, _ = spreads(ring(height, width)[0])

    _, after, _ = spreads(even(ring(height, width))[0])

    expected = [b**0.3 * usual**0.7 for b, usual in zip(before, (5.6, 4.6), strict=True)]
    assert after == pytest.approx(expected, rel=0.04)


def test_a_one_stays_slim():
    slim = np.zeros((28, 28), np.float32)
    slim[5:23, 13:15] = 1

    _, (_, before), _ = spreads(slim.reshape(-1))
    _, (_, after), _ = spreads(even(slim.reshape(1, -1))[0])

    assert after < 2 * before


def test_what_differs_in_slant_and_size_comes_out_alike():
    usual, other = even(ring(8, 6))[0], even(ring(7, 5, slant=0.4))[0]

    assert np.corrcoef(usual, other)[0, 1] > 0.94
    assert np.corrcoef(ring(8, 6)[0], ring(7, 5, slant=0.4)[0])[0, 1] < 0.8
