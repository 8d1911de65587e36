import numpy as np
import png as pypng

from service.imaging import Limits, decode, to_png


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


def test_a_picture_is_as_large_as_is_asked_for():
    pixels = np.array([[0, 1], [0.2, 0]], np.float32)

    drawn = samples_of(to_png(pixels, scale=3))[..., 0]

    assert drawn[::3, ::3].tolist() == [[0, 255], [51, 0]]
    assert drawn.shape == (6, 6)
    assert (drawn == drawn[::3, ::3].repeat(3, axis=0).repeat(3, axis=1)).all()
