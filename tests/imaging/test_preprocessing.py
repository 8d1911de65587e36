import numpy as np
import pytest

from service.imaging.preprocessing import PREPROCESSINGS


def test_each_preprocessing_is_found_by_its_own_name():
    assert all(name == preprocessing.name for name, preprocessing in PREPROCESSINGS.items())
    assert {"mnist", "mnist-deskewed"} <= set(PREPROCESSINGS)


@pytest.mark.parametrize("name", PREPROCESSINGS)
def test_each_preprocessing_keeps_the_shape_of_its_images(name):
    preprocessing = PREPROCESSINGS[name]
    images = np.random.default_rng(0).random((4, preprocessing.n_in), np.float32)

    assert preprocessing.n_in == np.prod(preprocessing.shape)
    assert preprocessing.prepare(images).shape == images.shape


def test_the_plain_preprocessing_changes_nothing():
    images = np.random.default_rng(0).random((4, 784), np.float32)

    assert PREPROCESSINGS["mnist"].prepare(images) is images
