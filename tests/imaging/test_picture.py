import io

import numpy as np
import png as pypng
import pytest
from PIL import Image

from service.imaging import PALETTES, Limits, decode, to_png, weight_grid


def samples_of(png):
    """Read with a library that did not write."""
    width, height, rows, info = pypng.Reader(bytes=png).asDirect()
    return np.vstack([np.array(row) for row in rows]).reshape(height, width, info["planes"])


def test_what_a_network_read_becomes_grey_samples_rounded_to_the_nearest():
    pixels = np.array([[0, 0.5 / 255 + 1e-6], [0.499 / 255, 1]], np.float32)

    assert samples_of(to_png(pixels))[..., 0].tolist() == [[0, 1], [0, 255]]


def test_what_a_network_read_can_be_read_again_bit_for_bit():
    pixels = np.arange(784, dtype=np.float32).reshape(28, 28) % 256 / 255

    assert np.array_equal(decode(to_png(pixels), Limits()).grey, pixels)


@pytest.mark.parametrize(
    ("palette", "colours"),
    [
        ("safe", [(213, 94, 0), (255, 255, 255), (128, 184, 216), (0, 114, 178)]),
        ("video", [(224, 60, 49), (0, 0, 0), (23, 92, 38), (46, 184, 76)]),
    ],
)
def test_weights_are_coloured_by_sign_and_strength(palette, colours):
    weights = np.array([-2, 0, 1, 2], np.float32)

    grid = samples_of(weight_grid(weights, PALETTES[palette]))

    assert [tuple(colour) for colour in grid.reshape(4, 3)] == colours


def test_weights_lie_row_by_row_and_large_if_asked():
    weights = np.zeros(784, np.float32)
    weights[28 * 3 + 5] = 1

    grid = np.asarray(Image.open(io.BytesIO(weight_grid(weights, PALETTES["safe"], scale=4))))

    rows, columns = np.nonzero((grid != 255).any(axis=2))
    assert grid.shape == (112, 112, 3)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (12, 15, 20, 23)


def test_a_neuron_that_listens_to_nothing_has_a_grid_too():
    grid = samples_of(weight_grid(np.zeros(16, np.float32), PALETTES["safe"]))

    assert (grid == 255).all()
