from dataclasses import replace

import numpy as np
import pytest

from service.training.augment import (
    Augmentation,
    augment,
    centred,
    displacements,
    matrices,
    sharpened,
    warp,
)

STILL = np.zeros((1, 2), np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def moved(image, *, turn=0.0, stretch=(1.0, 1.0), slant=0.0, shift=(0.0, 0.0)):
    """One (28, 28) picture after one change."""
    back = matrices(np.array([turn]), np.array([stretch]), np.array([slant]))
    return warp(image.reshape(1, 784), back, np.array([shift], np.float32)).reshape(28, 28)


def spread(picture):
    """Standard deviation of the ink, down and right, in pixels."""
    rows, columns = picture.sum(axis=1), picture.sum(axis=0)
    place = np.arange(28)
    return [
        np.sqrt((ink * (place - (ink * place).sum() / ink.sum()) ** 2).sum() / ink.sum())
        for ink in (rows, columns)
    ]


def edges(images):
    """Mean square of the difference between neighbours, beside that of the ink: how sharp images are."""
    pictures = images.reshape(-1, 28, 28)
    return sum((np.diff(pictures, axis=axis) ** 2).mean() for axis in (1, 2)) / (pictures**2).mean()


def test_no_change_leaves_every_pixel(digits, rng):
    np.testing.assert_array_equal(augment(digits.images, Augmentation(), rng), digits.images)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turns_by_quarters_are_numpys(digits, quarters):
    picture = digits.images[0].reshape(28, 28)
    np.testing.assert_allclose(moved(picture, turn=90 * quarters), np.rot90(picture, quarters), atol=1e-5)


@pytest.mark.parametrize("shift", [(3, 0), (0, 2), (-1, 2)])
def test_whole_shifts_are_numpys(digits, shift):
    picture = digits.images[0].reshape(28, 28)  # its frame is wide enough for nothing to come in again
    np.testing.assert_array_equal(moved(picture, shift=shift), np.roll(picture, shift, axis=(0, 1)))


@pytest.mark.parametrize("axis", [0, 1])
def test_what_curves_evenly_is_read_exactly_between_pixels(axis):
    """The cubic of Catmull and Rom reproduces every polynomial of second degree (Keys 1981)."""

    def curve(place):
        return 0.1 + 0.03 * place - 0.001 * place**2  # within 0..1

    picture = np.repeat(curve(np.arange(28.0, dtype=np.float32))[:, None], 28, axis=1)
    shift = (0.3, 0) if axis == 0 else (0, 0.3)
    read = moved(picture if axis == 0 else picture.T, shift=shift)[3:-3, 3:-3]
    expected = curve(np.arange(3, 25) - 0.3)
    np.testing.assert_allclose(
        read if axis == 0 else read.T, np.repeat(expected[:, None], 22, axis=1), atol=1e-5
    )


def test_a_dot_between_two_pixels_is_in_both_and_nowhere_below_paper():
    picture = np.zeros((28, 28), np.float32)
    picture[10, 10] = 1
    half = moved(picture, shift=(0, 0.5))
    np.testing.assert_allclose(half[10, 9:13], [0, 9 / 16, 9 / 16, 0], atol=1e-6)


@pytest.mark.parametrize("shift", [(27.5, 0), (0, -27.5), (-40, 3)])
def test_paper_surrounds_the_picture(shift):
    full = np.ones((28, 28), np.float32)
    far = moved(full, shift=shift)
    assert far[2:-2, 2:-2].max() == 0


def test_what_leaves_the_picture_is_gone(digits):
    assert not moved(digits.images[0], shift=(28, 0)).any()


def test_a_stretch_widens_the_ink_by_its_factor(digits):
    picture = digits.images[0].reshape(28, 28)
    before, after = spread(picture), spread(moved(picture, stretch=(0.8, 1.25)))
    np.testing.assert_allclose(np.divide(after, before), (0.8, 1.25), rtol=0.02)


def test_a_slant_moves_upper_rows_to_the_right():
    bar = np.zeros((28, 28), np.float32)
    bar[4:24] = np.exp(-((np.arange(28) - 13.5) ** 2) / 8)  # soft, so that nothing is cut off below paper
    slanted = moved(bar, slant=0.5)
    middle = slanted[4:24] @ np.arange(28) / slanted[4:24].sum(axis=1)
    np.testing.assert_allclose(np.diff(middle), -0.5, atol=1e-4)  # half a pixel less with each row down


def test_pixels_stay_between_paper_and_ink(digits, rng):
    changed = augment(digits.images, Augmentation(20, 0.2, 0.2, 2, 1), rng)
    assert changed.dtype == np.float32
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_each_image_is_changed_by_itself(digits, rng):
    same = np.repeat(digits.images[:1], 5, axis=0)
    changed = augment(same, Augmentation(rotation=10, elastic=0.5), rng)
    assert len(np.unique(changed, axis=0)) == 5


def test_the_same_generator_gives_the_same_images(digits):
    bounds = Augmentation(10, 0.1, 0.1, 1, 0.5)
    first, second = (augment(digits.images, bounds, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_amounts_stay_within_their_bounds(rng):
    squares = (np.arange(28) - 14) ** 2
    dot = np.exp(-(squares[:, None] + squares) / 8).astype(np.float32)  # soft, as above
    changed = augment(np.tile(dot.reshape(784), (2000, 1)), Augmentation(shift=1.5), rng).reshape(-1, 28, 28)
    down = changed.sum(axis=2) @ np.arange(28) / changed.sum(axis=(1, 2)) - 14
    assert np.abs(down).max() <= 1.5 + 1e-5
    assert down.std() == pytest.approx(1.5 / np.sqrt(3), rel=0.05)  # drawn evenly


def test_displacements_have_the_size_asked_for_everywhere(rng):
    drawn = displacements(3000, Augmentation(elastic=0.7), rng)
    np.testing.assert_allclose(drawn.std(axis=1), 0.7, rtol=0.08)


@pytest.mark.parametrize("sigma", [4.0, 5.0, 8.0])
def test_displacements_are_as_smooth_as_noise_under_a_gaussian(rng, sigma):
    """White noise smoothed by σ has the correlation exp(−d²/4σ²) at distance d."""
    drawn = displacements(4000, Augmentation(elastic=1, smoothness=sigma), rng)[0].reshape(-1, 28, 28)
    for distance in (2, 6, 12):
        found = (drawn[:, 14, 6] * drawn[:, 14, 6 + distance]).mean()
        assert found == pytest.approx(np.exp(-(distance**2) / (4 * sigma**2)), abs=0.06)


def test_to_sharpen_is_a_convolution_along_both_axes(rng):
    image = rng.random((1, 784), dtype=np.float32) * 0.2 + 0.4  # so that nothing is cut off
    kernel = [-0.1, 1.2, -0.1]
    expected = image.reshape(28, 28)
    for _axis in range(2):
        expected = np.array([np.convolve(row, kernel, mode="same") for row in expected.T])
    found = sharpened(image, np.array([0.1], np.float32))
    np.testing.assert_allclose(found.reshape(28, 28), expected.clip(0, 1), atol=1e-6)


def test_even_ink_stays_as_it_is_and_what_surpasses_ink_or_paper_is_cut():
    picture = np.zeros((28, 28), np.float32)
    picture[8:20, 8:20] = 1
    picture[8:20, 7] = picture[8:20, 20] = 0.5  # edges between pixels
    drawn = sharpened(picture.reshape(1, 784), np.array([0.2], np.float32)).reshape(28, 28)
    assert np.all(drawn[9:19, 9:19] == 1)
    assert drawn.min() == 0
    assert drawn.max() == 1


def test_each_image_is_sharpened_by_its_own_amount(digits):
    same = np.repeat(digits.images[:1], 3, axis=0)
    none, some, more = (edges(image) for image in sharpened(same, np.array([0, 0.1, 0.2], np.float32)))
    assert none == edges(digits.images[0])
    assert none < some < more


def test_sharpening_gives_back_a_third_and_more_of_what_reading_between_pixels_takes(digits, rng):
    many = np.tile(digits.images, (20, 1))
    bounds = {"rotation": 12, "scale": 0.12, "shear": 0.1, "shift": 1, "elastic": 1}
    blurred, sharp = (
        edges(augment(many, Augmentation(**bounds, sharpness=sharpness), rng)) / edges(many)
        for sharpness in (0, 0.25)
    )
    assert blurred < 0.85
    assert 1 - sharp < 2 / 3 * (1 - blurred)


def centre_of_mass(picture):
    """Row and column, pixel by pixel."""
    pixels = list(np.ndenumerate(picture))
    total = sum(ink for _, ink in pixels)
    return [sum(place[axis] * ink for place, ink in pixels) / total for axis in (0, 1)]


def test_ink_is_moved_to_the_centre_by_whole_pixels(digits):
    astray = np.array(
        [np.roll(image.reshape(28, 28), (2, -1), axis=(0, 1)).ravel() for image in digits.images]
    )
    for before, after in zip(digits.images, centred(astray), strict=True):
        picture = after.reshape(28, 28)
        assert np.abs(np.subtract(centre_of_mass(picture), 14)).max() <= 0.5 + 1e-5
        shifts = [(down, right) for down in range(-6, 7) for right in range(-6, 7)]
        assert any(np.array_equal(np.roll(before.reshape(28, 28), by, axis=(0, 1)), picture) for by in shifts)


def test_ink_that_is_moved_does_not_come_in_again():
    picture = np.zeros((28, 28), np.float32)
    picture[0, 0] = 0.1
    picture[20:28, 14] = 1
    moved_up = centred(picture.reshape(1, 784)).reshape(28, 28)
    assert moved_up.sum() == 8
    assert moved_up[11:19, 14].sum() == 8  # the dot drew the centre up by less than half a pixel


def test_a_blank_image_is_centred_as_it_is():
    assert not centred(np.zeros((2, 784), np.float32)).any()


def test_where_it_is_asked_for_changed_digits_are_centred(digits, rng):
    bounds = Augmentation(rotation=10, shift=2, elastic=1, sharpness=0.2, centred=True)
    for image in augment(digits.images, bounds, rng):
        astray = np.subtract(centre_of_mass(image.reshape(28, 28)), 14)
        assert np.abs(astray).max() <= 0.6  # ink may be cut off


def longer_side(picture):
    rows, columns = (np.flatnonzero((picture > 0.25).any(axis=axis)) for axis in (1, 0))
    return max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1


def test_where_it_is_asked_for_changed_digits_are_as_large_as_before(digits, rng):
    bounds = Augmentation(rotation=15, scale=0.3, shear=0.2, elastic=1)
    grown = {
        sized: [
            longer_side(after.reshape(28, 28)) - longer_side(before.reshape(28, 28))
            for before, after in zip(
                digits.images, augment(digits.images, replace(bounds, sized=sized), rng), strict=True
            )
        ]
        for sized in (False, True)
    }
    assert np.std(grown[False]) > 2
    assert np.std(grown[True]) < 1
    assert np.abs(np.mean(grown[True])) < 0.5


def test_a_blank_image_is_as_large_as_before():
    blank = np.zeros((2, 784), np.float32)
    assert not augment(blank, Augmentation(scale=0.2, sized=True), np.random.default_rng(0)).any()


def test_no_images_are_changed_to_none(rng):
    nothing = np.empty((0, 784), np.float32)
    bounds = Augmentation(rotation=5, sharpness=0.3, sized=True, centred=True)
    assert augment(nothing, bounds, rng).shape == (0, 784)
