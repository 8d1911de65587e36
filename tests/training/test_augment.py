import numpy as np
import pytest

from service.training.augment import Augmentation, augment, displacements, matrices, warp

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


def test_half_a_pixel_is_the_mean_of_two():
    picture = np.zeros((28, 28), np.float32)
    picture[10, 10] = 1
    half = moved(picture, shift=(0, 0.5))
    np.testing.assert_allclose(half[10, 9:13], [0, 0.5, 0.5, 0], atol=1e-6)


def test_what_leaves_the_picture_is_gone(digits):
    assert not moved(digits.images[0], shift=(28, 0)).any()


def test_a_stretch_widens_the_ink_by_its_factor(digits):
    picture = digits.images[0].reshape(28, 28)
    before, after = spread(picture), spread(moved(picture, stretch=(0.8, 1.25)))
    np.testing.assert_allclose(np.divide(after, before), (0.8, 1.25), rtol=0.02)


def test_a_slant_moves_upper_rows_to_the_right():
    bar = np.zeros((28, 28), np.float32)
    bar[4:24, 13:15] = 1
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
    dot = np.zeros((2000, 28, 28), np.float32)
    dot[:, 14, 14] = 1
    changed = augment(dot.reshape(2000, 784), Augmentation(shift=1.5), rng).reshape(-1, 28, 28)
    down = changed.sum(axis=2) @ np.arange(28) - 14
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
