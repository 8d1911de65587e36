import numpy as np
import pytest

from service.imaging.deskew import deskew


def covariance_and_centre(image):
    """Find, in float64 and by definition, how far ink leans and in which column it is centred."""
    rows, columns = np.indices((28, 28)).reshape(2, -1)
    mass = image.sum(dtype=np.float64)
    row, column = (rows @ image) / mass, (columns @ image) / mass
    return float(((rows - row) * (columns - column)) @ image / mass), float(column)


def bar(slant):
    """A bar three pixels wide that leans by so many columns a row: (784,)."""
    rows, columns = np.indices((28, 28))
    distance = np.abs(columns - 13.5 - slant * (rows - 13.5))
    inside = np.clip(2 - distance, 0, 1) * ((rows >= 5) & (rows <= 22))
    return inside.astype(np.float32).reshape(-1)


@pytest.mark.parametrize("where", [(0, 0), (3, 2), (-4, 1), (2, -3)])
@pytest.mark.parametrize("slant", [-0.8, -0.3, 0.2, 0.6])
def test_a_leaning_bar_comes_out_upright_and_in_the_middle_wherever_it_stands(slant, where):
    standing = np.roll(bar(slant).reshape(28, 28), where, axis=(0, 1)).reshape(-1)
    leaning, _ = covariance_and_centre(standing)

    upright, column = covariance_and_centre(deskew(standing[np.newaxis])[0])

    assert abs(leaning) > 4
    assert upright == pytest.approx(0, abs=0.05)
    assert column == pytest.approx(13.5, abs=0.01)


def test_a_leaning_bar_becomes_the_upright_bar():
    assert deskew(bar(0.5)[np.newaxis])[0] == pytest.approx(bar(0), abs=0.07)


def test_an_upright_bar_in_the_middle_stays_as_it_is():
    assert deskew(bar(0)[np.newaxis])[0] == pytest.approx(bar(0), abs=1e-6)


def test_an_upright_bar_beside_the_middle_is_moved_there():
    beside = np.roll(bar(0).reshape(28, 28), 4, axis=1).reshape(1, -1)

    assert deskew(beside)[0] == pytest.approx(bar(0), abs=1e-6)


@pytest.mark.parametrize("row", [0, 13, 27])
def test_ink_in_a_single_row_has_no_slant(row):
    line = np.zeros((28, 28), np.float32)
    line[row, 12:16] = 1

    assert np.array_equal(deskew(line.reshape(1, -1))[0], line.reshape(-1))


def test_what_a_shear_brings_in_from_outside_is_paper():
    full = np.ones((1, 784), np.float32)
    full[0].reshape(28, 28)[:14, 14:] = 0  # heavy at the lower right: its rows move by some columns

    sheared = deskew(full)[0].reshape(28, 28)

    moved = covariance_and_centre(full[0])[1] != 13.5
    assert moved
    assert sheared[0, -1] == 0
    assert sheared[-1, -1] < 1 or sheared[-1, 0] < 1
