import numpy as np
import pytest

from service.imaging.untouched import as_it_is, as_they_are


def blot(row, column, strength=1.0, length=19):
    picture = np.zeros((28, 28), np.float32)
    reach = length // 2
    picture[max(row - reach, 0) : row + reach + 1, column - 2 : column + 3] = strength
    return picture


@pytest.mark.parametrize(
    ("framed", "picture"),
    [
        (True, blot(14, 14)),
        (True, blot(13, 13)),
        (False, blot(14, 16)),
        (False, blot(12, 14)),
        (False, blot(14, 14, 0.4)),
        (True, blot(14, 14, length=17)),
        (False, blot(14, 14, length=15)),
        (True, blot(14, 14, length=17).T),
        (False, blot(14, 14, length=15).T),
        (True, blot(14, 14, length=21)),
        (False, blot(14, 14, length=23)),
        (True, blot(14, 14, length=21).T),
        (False, blot(14, 14, length=23).T),
        (False, 1 - blot(14, 14)),
        (False, np.zeros((28, 28), np.float32)),
    ],
)
def test_a_framed_digit_is_light_on_dark_as_large_as_mnists_and_in_the_middle(framed, picture):
    assert (as_it_is(picture, dark=False, centred=True) is not None) == framed


def test_the_place_is_not_asked_for_where_it_is_not_to_be_changed():
    assert as_it_is(blot(5, 20), dark=False, centred=False) is not None
    assert as_it_is(1 - blot(5, 20), dark=False, centred=False) is None


def test_dark_ink_on_light_paper_is_found_out():
    ink = as_it_is(1 - blot(14, 14), dark=None, centred=True)
    assert ink.dark
    assert ink.box == (12, 5, 17, 24)
    assert np.array_equal(ink.strength, blot(14, 14))


@pytest.mark.parametrize("dark", [None, False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_of_many_each_is_seen_as_it_is_alone(dark, centred):
    rng = np.random.default_rng(4)
    bars = [blot(*rng.integers(10, 18, 2), rng.random(), rng.integers(13, 26)) for _ in range(200)]
    pictures = np.stack(bars)
    pictures[::3] = 1 - pictures[::3]
    pictures[5], pictures[7] = 0, rng.random((28, 28))

    together = as_they_are(pictures, dark=dark, centred=centred)

    for picture, strength, is_dark, box in zip(pictures, *together, strict=True):
        one = as_it_is(picture, dark=dark, centred=centred)
        assert (one is None) == (box is None)
        if one is not None:
            assert (one.dark, one.box) == (is_dark, box)
            assert np.array_equal(one.strength, strength)
    assert {box is None for box in together.boxes} == {False, True}


@pytest.mark.mnist
def test_every_test_digit_of_mnist_is_framed(mnist_test_images):
    images = mnist_test_images.astype(np.float32) / 255

    assert None not in as_they_are(images, dark=None, centred=True).boxes
    assert all(as_it_is(image, dark=None, centred=True) for image in images)


def test_of_none_none_is_seen():
    assert as_they_are(np.empty((0, 28, 28), np.float32), dark=None, centred=True).boxes == []
