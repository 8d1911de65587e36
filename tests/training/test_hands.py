import numpy as np
import pytest

from service.training import hands
from service.training.augment import Augmentation
from service.training.hands import coarsened, rewritten, with_other_pens


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def bars(n, width):
    """Upright bars of full ink, (n, 784)."""
    pictures = np.zeros((n, 28, 28), np.float32)
    pictures[:, 4:24, 13 : 13 + width] = 1
    return pictures.reshape(n, 784)


def test_a_pen_changes_the_width_of_a_bar_by_at_most_a_pixel_on_each_side(rng):
    drawn = with_other_pens(bars(200, 3), rng).reshape(200, 28, 28)
    width = drawn[:, 14].sum(axis=1)  # in pixels of full ink, half way down
    assert width.min() == pytest.approx(3 - 2 * 0.8, abs=0.1)
    assert width.max() == pytest.approx(3 + 2 * 1.0, abs=0.1)


def test_a_pen_moves_no_bar(rng):
    before, after = (
        pictures.reshape(-1, 28, 28) for pictures in (bars(50, 3), with_other_pens(bars(50, 3), rng))
    )
    columns = np.arange(28)
    middle = [(p * columns).sum(axis=(1, 2)) / p.sum(axis=(1, 2)) for p in (before, after)]
    np.testing.assert_allclose(middle[1], middle[0], atol=1e-4)


@pytest.mark.parametrize("change", [with_other_pens, coarsened])
def test_pixels_stay_between_paper_and_ink(change, digits, rng):
    before = digits.images.copy()
    changed = change(digits.images, rng)
    assert (changed.shape, changed.dtype) == (before.shape, np.float32)
    assert changed.min() >= 0
    assert changed.max() <= 1 + 1e-6
    np.testing.assert_array_equal(digits.images, before)


def test_a_coarse_scan_keeps_where_the_ink_is_and_loses_its_edges(digits, rng):
    scanned = coarsened(digits.images, rng).reshape(-1, 28, 28)
    sharp = digits.images.reshape(-1, 28, 28)
    place = np.arange(28)
    for axis in (1, 2):
        rows = [p.sum(axis=axis) / p.sum(axis=(1, 2))[:, None] for p in (sharp, scanned)]
        np.testing.assert_allclose(rows[1] @ place, rows[0] @ place, atol=0.35)
    steepest = [np.abs(np.diff(p, axis=2)).max(axis=(1, 2)).mean() for p in (sharp, scanned)]
    assert steepest[1] < 0.6 * steepest[0]


def test_a_coarse_scan_is_a_little_fainter_and_never_blank(digits, rng):
    darkest = coarsened(digits.images, rng).max(axis=1)
    assert 0.8 - 1e-6 <= darkest.min() < 0.85
    assert 0.95 < darkest.max() <= 1 + 1e-6


def test_a_blank_page_stays_blank(rng):
    blank = np.zeros((8, 784), np.float32)
    assert not rewritten(blank, Augmentation(), rng).any()


def test_half_of_the_coarse_scans_consist_of_blocks(digits, rng, monkeypatch):
    monkeypatch.setattr(hands, "COARSE", (14, 14))
    blocks = coarsened(digits.images, rng).reshape(-1, 14, 2, 14, 2)
    even = np.ptp(blocks, axis=(2, 4)).max(axis=(1, 2)) < 1e-6
    assert even.mean() == pytest.approx(0.5, abs=0.1)
    averages = digits.images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    faintness = blocks[even, :, 0, :, 0].max(axis=(1, 2)) / averages[even].max(axis=(1, 2))
    np.testing.assert_allclose(blocks[even, :, 0, :, 0], averages[even] * faintness[:, None, None], atol=1e-5)


def test_half_of_what_is_rewritten_is_scanned_coarsely_and_half_of_that_smoothly(rng):
    """A bar's edges stay steep where only the pen changed."""
    pictures = rewritten(bars(400, 4), Augmentation(), rng).reshape(400, 28, 28)
    steps = np.abs(np.diff(pictures[:, 14], axis=1)).max(axis=1)
    assert (steps < 0.5).mean() == pytest.approx(0.25, abs=0.08)
