"""What neurons listen to, in colour: read back with a library that did not write it."""

import numpy as np
import png as pypng
import pytest

from service.imaging import PALETTES, sheet_shape, signed_png, square, weight_sheet

GREY = [128, 128, 128]
SAFE = PALETTES["blue-orange"]


def samples_of(png):
    width, height, rows, info = pypng.Reader(bytes=png).asDirect()
    return np.vstack([np.array(row) for row in rows]).reshape(height, width, info["planes"])


@pytest.mark.parametrize(
    ("palette", "colours"),
    [
        ("blue-orange", [[213, 94, 0], [255, 255, 255], [126, 184, 216], [0, 114, 178]]),
        ("video", [[224, 60, 49], [0, 0, 0], [23, 93, 38], [46, 184, 76]]),
    ],
)
def test_weights_are_coloured_by_sign_and_strength(palette, colours):
    weights = np.array([[-2, 0, 1, 2]], np.float32)

    grid = samples_of(weight_sheet(weights, (2, 2), PALETTES[palette]))

    assert grid.reshape(4, 3).tolist() == colours


def test_weights_lie_row_by_row_and_large_if_asked():
    weights = np.zeros((1, 784), np.float32)
    weights[0, 28 * 3 + 5] = 1

    grid = samples_of(weight_sheet(weights, (28, 28), SAFE, scale=4))

    rows, columns = np.nonzero((grid != 255).any(axis=2))
    assert grid.shape == (112, 112, 3)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (12, 15, 20, 23)


def test_a_neuron_that_listens_to_nothing_has_a_grid_too():
    grid = samples_of(weight_sheet(np.zeros((1, 16), np.float32), (4, 4), SAFE))

    assert (grid == 255).all()


def test_each_neuron_of_a_sheet_has_the_colours_that_it_has_alone():
    weights = np.random.default_rng(0).standard_normal((3, 6), dtype=np.float32) * [[1], [10], [100]]

    sheet = samples_of(weight_sheet(weights, (2, 3), SAFE))

    corners = [(0, 0), (0, 4), (3, 0)]  # two grids in the first line, the third below the first
    for (top, left), row in zip(corners, weights, strict=True):
        alone = samples_of(weight_sheet(row[np.newaxis], (2, 3), SAFE))
        assert (sheet[top : top + 2, left : left + 3] == alone).all()


def test_the_gaps_of_a_sheet_and_places_without_a_weight_are_grey():
    sheet = samples_of(weight_sheet(np.zeros((3, 3), np.float32), (2, 2), SAFE))

    grey = (sheet == GREY).all(axis=2).astype(int)
    assert grey.tolist() == [
        [0, 0, 1, 0, 0],
        [0, 1, 1, 0, 1],
        [1, 1, 1, 1, 1],
        [0, 0, 1, 1, 1],
        [0, 1, 1, 1, 1],
    ]


@pytest.mark.parametrize("n", [1, 2, 3, 10, 16, 17, 784, 800])
def test_a_square_holds_everything_and_has_no_empty_line(n):
    rows, columns = square(n)

    assert (rows - 1) * columns < n <= rows * columns
    assert 0 <= columns - rows <= 1


@pytest.mark.parametrize(("n", "shape"), [(1, (28, 28)), (16, (28, 28)), (10, (4, 4)), (3, (2, 3))])
def test_the_shape_of_a_sheet_is_known_before_it_is_drawn(n, shape):
    weights = np.ones((n, shape[0] * shape[1]), np.float32)

    drawn = samples_of(weight_sheet(weights, shape, SAFE))

    assert drawn.shape == (*sheet_shape(n, shape), 3)


def test_signed_numbers_are_drawn_to_a_scale_that_is_given():
    drawn = samples_of(signed_png(np.array([[-1, 0, 0.5, 1]], np.float32), PALETTES["video"]))

    assert drawn[0].tolist() == [[224, 60, 49], [0, 0, 0], [23, 93, 38], [46, 184, 76]]
