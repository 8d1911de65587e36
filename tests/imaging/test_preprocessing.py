import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.imaging.preprocessing import PREPROCESSINGS

MOVING = ("mnist-deskewed", "mnist-evened")  # which bring ink elsewhere


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


@pytest.mark.parametrize("name", MOVING)
def test_a_blank_image_stays_blank(name):
    assert not PREPROCESSINGS[name].prepare(np.zeros((2, 784), np.float32)).any()


@pytest.mark.parametrize("name", MOVING)
def test_no_images_are_no_images(name):
    assert PREPROCESSINGS[name].prepare(np.zeros((0, 784), np.float32)).shape == (0, 784)


@pytest.mark.parametrize("name", MOVING)
@settings(deadline=None)
@given(seed=st.integers(0, 10**6), sparseness=st.sampled_from([0, 1, 10, 100]))
def test_pixels_stay_between_paper_and_ink_and_a_batch_equals_its_images(name, seed, sparseness):
    prepare, rng = PREPROCESSINGS[name].prepare, np.random.default_rng(seed)
    images = (rng.random((70, 784)) ** sparseness * rng.random((70, 784)).round()).astype(np.float32)

    together = prepare(images)

    assert together.dtype == np.float32
    assert ((together >= 0) & (together <= 1)).all()
    some = [0, 13, 69]
    assert np.abs(together[some] - np.concatenate([prepare(images[i : i + 1]) for i in some])).max() < 1e-4


@pytest.mark.parametrize("name", MOVING)
def test_the_dtype_is_kept(name):
    images = np.random.default_rng(0).random((4, 784))

    assert PREPROCESSINGS[name].prepare(images).dtype == np.float64
