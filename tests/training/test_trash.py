import numpy as np
import pytest

from service.imaging import normalize
from service.training import trash, uploads
from service.training.mnist import Digits
from service.training.trash import noise


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def draw(rng, digits):
    """Draw 300 images of a kind, as pictures."""
    return lambda kind: trash.draw(kind, rng, digits, 300).reshape(300, 28, 28)


@pytest.mark.parametrize("kind", trash.KINDS)
def test_every_kind_is_made_of_pixels(kind, rng, digits):
    images = trash.draw(kind, rng, digits, 50)
    assert (images.shape, images.dtype) == ((50, 784), np.float32)
    assert images.min() >= 0
    assert images.max() <= 1


@pytest.mark.parametrize("kind", trash.KINDS)
def test_every_kind_differs_from_image_to_image(kind, rng, digits):
    images = trash.draw(kind, rng, digits, 300)
    seen = images[images.any(axis=1)]  # a third of the constants are blank, and what imaging rejects
    assert len(np.unique(seen, axis=0)) > max(0.6 * len(seen), 3)


@pytest.mark.parametrize("kind", trash.KINDS)
def test_the_same_generator_draws_the_same_images(kind, digits):
    first, second = (trash.draw(kind, np.random.default_rng(4), digits, 8) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("kind", trash.KINDS)
def test_no_kind_touches_the_digits(kind, rng, digits):
    before = digits.images.copy()
    trash.draw(kind, rng, digits, 50)
    np.testing.assert_array_equal(digits.images, before)


@pytest.mark.parametrize("kind", trash.KINDS)
def test_none_can_be_asked_for(kind, rng, digits):
    assert trash.draw(kind, rng, digits, 0).shape == (0, 784)


def test_what_is_held_out_is_not_trained_on():
    assert not set(trash.SEEN) & set(trash.HELD_OUT)
    assert set(trash.KINDS) == set(trash.SEEN) | set(trash.HELD_OUT)


def test_uniform_noise_has_the_moments_of_its_distribution(draw):
    images = draw("uniform")
    assert images.mean() == pytest.approx(1 / 2, abs=0.01)
    assert images.var() == pytest.approx(1 / 12, abs=0.005)


def test_salt_and_pepper_is_black_or_white_at_every_density(draw):
    images = draw("salt-and-pepper")
    assert set(np.unique(images)) == {0, 1}
    density = images.mean(axis=(1, 2))
    assert density.min() < 0.1
    assert density.max() > 0.9


def test_constants_are_flat_and_many_of_them_blank(draw):
    images = draw("constant")
    assert (np.ptp(images, axis=(1, 2)) == 0).all()
    assert 0.2 < (images.max(axis=(1, 2)) == 0).mean() < 0.5


@pytest.mark.parametrize(
    "kind", ["blobs", "strokes", "scribbles", "polygons", "rectangles", "silhouettes", "garments", "letters"]
)
def test_what_is_drawn_leaves_ink_and_paper(kind, draw):
    images = draw(kind)
    assert (images.max(axis=(1, 2)) > 0.1).all()
    assert (images.min(axis=(1, 2)) < 0.9).all()


def test_gratings_are_waves_of_one_frequency(draw):
    strength = np.abs(np.fft.rfft2(draw("gratings") - 0.5)) ** 2
    strongest = np.sort(strength.reshape(300, -1), axis=1)[:, -12:].sum(axis=1)
    assert np.median(strongest / strength.sum(axis=(1, 2))) > 0.8


def test_shuffled_digits_keep_their_pixels(rng, digits):
    images = trash.draw("shuffled", rng, digits, 40)
    known = {tuple(np.sort(image)) for image in digits.images}
    assert all(tuple(np.sort(image)) in known for image in images)
    assert not any((image == digits.images).all(axis=1).any() for image in images)


def test_tiles_keep_their_pixels(rng, digits):
    images = trash.draw("tiles", rng, digits, 40)
    known = {tuple(np.sort(image)) for image in digits.images}
    assert all(tuple(np.sort(image)) in known for image in images)


def test_strips_of_a_digit_lie_in_another_order(rng):
    """Every row and every column knows its place: rows come whole and in fours, or columns do."""
    numbered = np.arange(784, dtype=np.float32).reshape(28, 28) / 784
    one = Digits(numbered.reshape(1, 784), np.zeros(1, np.uint8))
    across = {numbered[r : r + 4].tobytes() for r in range(0, 28, 4)}
    along = {numbered[:, c : c + 4].tobytes() for c in range(0, 28, 4)}
    ways = []
    for picture in trash.draw("strips", rng, one, 40).reshape(-1, 28, 28):
        rows = {picture[r : r + 4].tobytes() for r in range(0, 28, 4)}
        columns = {picture[:, c : c + 4].tobytes() for c in range(0, 28, 4)}
        ways.append((rows == across, columns == along))
    assert set(ways) == {(True, False), (False, True)}


def test_no_rectangle_stands_upright_like_a_one(rng, digits):
    """One alone, whatever its grey, is at most half as tall again as it is wide."""
    for picture in trash.draw("rectangles", rng, digits, 600).reshape(-1, 28, 28):
        rows, columns = np.nonzero(picture)
        is_one = len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1) and np.ptp(picture[picture > 0]) == 0
        if is_one:
            assert np.ptp(rows) + 1 <= 1.5 * (np.ptp(columns) + 1)


def test_tiles_are_cut_whole(rng):
    numbered = np.arange(784, dtype=np.float32).reshape(28, 28) / 784
    one = Digits(numbered.reshape(1, 784), np.zeros(1, np.uint8))
    picture = trash.draw("tiles", rng, one, 1).reshape(28, 28)
    tiles = {numbered[r : r + 7, c : c + 7].tobytes() for r in range(0, 28, 7) for c in range(0, 28, 7)}
    found = {picture[r : r + 7, c : c + 7].tobytes() for r in range(0, 28, 7) for c in range(0, 28, 7)}
    assert found == tiles


def test_random_phase_keeps_the_strength_of_every_frequency(rng, digits):
    one = digits[:1]
    texture = trash.KINDS["random-phase"](rng, one, 5).reshape(5, 28, 28)
    strength = np.abs(np.fft.rfft2(texture))
    expected = np.abs(np.fft.rfft2(one.images.reshape(28, 28)))
    for found in strength:
        np.testing.assert_allclose(found / found.max(), expected / expected.max(), atol=1e-5)


def test_random_phase_has_as_much_ink_as_a_digit(rng, digits):
    """As noise.py makes it, before it is cut off at paper: the mean of a texture is no phase."""
    images = noise.random_phase(rng, digits, 200)
    assert (images.mean(axis=1) > 0).all()


def test_inverted_digits_are_digits_once_inverted(rng, digits):
    images = 1 - trash.draw("inverted", rng, digits, 20)
    assert all(np.isclose(image, digits.images, atol=1e-6).all(axis=1).any() for image in images)


def test_halves_are_one_side_of_a_digit_that_is_no_one(rng, digits):
    allowed = digits.images[digits.labels != 1].reshape(-1, 28, 28)
    sides = np.s_[:14, :], np.s_[14:, :], np.s_[:, :14], np.s_[:, 14:]
    for picture in trash.draw("halves", rng, digits, 20).reshape(-1, 28, 28):
        kept = [s for s in sides if (picture[s] == allowed[(slice(None), *s)]).all(axis=(1, 2)).any()]
        assert any(np.count_nonzero(picture[s]) == np.count_nonzero(picture) for s in kept)


def test_overlaid_digits_are_two_of_different_labels(rng):
    images = np.eye(10, 784, dtype=np.float32)  # one pixel for each label
    ten = Digits(images, np.arange(10, dtype=np.uint8))
    drawn = trash.draw("overlaid", rng, ten, 100)
    assert (drawn.sum(axis=1) == 2).all()


def test_two_digits_stand_side_by_side(rng):
    flat = np.repeat(np.arange(10, dtype=np.float32)[:, None] / 9, 784, axis=1)
    ten = Digits(flat, np.arange(10, dtype=np.uint8))
    pictures = trash.draw("side-by-side", rng, ten, 100).reshape(100, 28, 28)
    assert (np.ptp(pictures[:, :, :14], axis=(1, 2)) == 0).all()
    assert (np.ptp(pictures[:, :, 14:], axis=(1, 2)) == 0).all()
    assert (pictures[:, 0, 0] != pictures[:, 0, 27]).mean() > 0.8


def test_turned_digits_lie_on_their_side_and_zero_is_none_of_them(rng, digits):
    allowed = digits.images[digits.labels != 0].reshape(-1, 28, 28)
    quarters = []
    for picture in trash.draw("turned", rng, digits, 40).reshape(-1, 28, 28):
        back = [q for q in (1, 3) if (np.rot90(picture, -q) == allowed).all(axis=(1, 2)).any()]
        quarters += back[:1]
    assert len(quarters) == 40
    assert set(quarters) == {1, 3}


@pytest.mark.parametrize("noise", [uploads.uniform_or_two_tone, uploads.gaussian])
def test_uploaded_noise_is_read_as_the_service_reads_it_or_rejected_unread(noise, rng):
    pictures = noise(rng, 300)
    told = [normalize(picture) for picture in pictures]
    passing = [seen.pixels for seen in told if not seen.several]
    assert 0 < len(passing) < 75
    read = uploads.framed(pictures)
    np.testing.assert_array_equal(read[read.any(axis=1)], [pixels for pixels in passing if pixels.any()])


def test_photographs_are_rough_at_small_scales_and_smooth_at_large_ones(draw):
    """The strength of natural images falls with the frequency; that of noise does not."""
    for kind, falls in (("clouds", True), ("dead-leaves", True), ("uniform", False)):
        images = draw(kind)
        strength = (np.abs(np.fft.rfft2(images - images.mean(axis=(1, 2), keepdims=True))) ** 2).mean(axis=0)
        slow, fast = strength[1:3, 1:3].mean(), strength[10:14, 10:14].mean()
        assert bool(slow > 5 * fast) is falls


def test_garments_are_the_same_on_both_sides_and_silhouettes_are_not(draw):
    outline = {kind: draw(kind) > 0 for kind in ("garments", "silhouettes")}
    mirrored = {kind: (there == there[:, :, ::-1]).mean(axis=(1, 2)) for kind, there in outline.items()}
    assert np.median(mirrored["garments"]) > 0.97
    assert np.median(mirrored["silhouettes"]) < 0.95


def test_scribbles_are_one_line_that_crosses_its_own_way(draw):
    """A long line leaves more ink than a digit of the same pen, and reaches far."""
    there = draw("scribbles") > 0.5
    tall = [np.ptp(np.flatnonzero(picture.any(axis=1))) for picture in there if picture.any()]
    assert np.median(tall) > 12


@pytest.mark.parametrize("kind", ["letters", "letters-of-other-fonts", "letters-of-another-alphabet"])
def test_letters_stand_where_digits_stand(kind, draw):
    pictures = draw(kind)
    rows = (pictures.sum(axis=2) / pictures.sum(axis=(1, 2))[:, None]) @ np.arange(28)
    assert np.abs(rows - 13.5).max() < 5
    assert np.abs(rows - 13.5).mean() < 1.5


def test_what_is_framed_stands_in_the_frame_of_a_digit(draw):
    pictures = [picture for picture in draw("framed") if picture.any()]
    framed = [p for p in pictures if not p[:2].any() and not p[-2:].any()]
    assert len(framed) > 0.9 * len(pictures) > 100
