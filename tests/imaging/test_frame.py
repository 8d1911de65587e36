import numpy as np
import pytest

from service.imaging.frame import frame, frame_whole


def centre_of_mass(picture):
    rows, columns = np.indices(picture.shape)
    return float((rows * picture).sum() / picture.sum()), float((columns * picture).sum() / picture.sum())


def cut_out(drawn):
    rows, columns = (np.flatnonzero((drawn > 0).any(axis=axis)) for axis in (1, 0))
    return drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@pytest.mark.parametrize("side", [12, 28, 80, 192])
def test_a_digit_stands_twenty_pixels_high_with_its_mass_in_the_middle(three, side):
    framed = frame(cut_out(three(side, pen=0.15)), thicken=True)

    rows = np.flatnonzero(framed.picture.sum(axis=1) > 0.1)
    assert framed.picture.shape == (28, 28)
    assert framed.picture.dtype == np.float32
    assert rows[-1] - rows[0] + 1 in {20, 21}
    assert centre_of_mass(framed.picture) == pytest.approx((14, 14), abs=0.13)  # an eighth of a pixel


@pytest.mark.parametrize(("height", "width"), [(40, 40), (60, 30), (30, 90)])
def test_its_aspect_is_kept(height, width):
    framed = frame(np.ones((height, width), np.float32), thicken=True)

    longer = max(height, width)
    assert framed.picture.sum() == pytest.approx(20 * height / longer * 20 * width / longer, rel=0.02)
    assert framed.scale == 20 / longer


@pytest.mark.parametrize("pen", [5, 7, 11, 15])
def test_a_thin_pen_is_made_as_wide_as_those_of_mnist(pen):
    cross = np.zeros((180, 180), np.float32)
    cross[90 - pen // 2 : 91 + pen // 2] = 1
    cross[:, 90 - pen // 2 : 91 + pen // 2] = 1

    framed = frame(cross, thicken=True)

    assert framed.picture[8].sum() == pytest.approx(2.2, abs=0.3)
    assert framed.picture[13:16].max(axis=0).sum() == pytest.approx(20, abs=0.6)


def test_a_wide_pen_and_one_that_is_to_be_kept_are_not_thickened():
    bars = np.zeros((100, 100), np.float32)
    bars[:, :2] = bars[:, -2:] = bars[:2] = 1

    kept = frame(bars, thicken=False)
    wide = np.zeros((100, 100), np.float32)
    wide[:, :15] = wide[:, -15:] = wide[:15] = 1

    assert kept.picture.sum() == pytest.approx(bars.sum() / 25, rel=0.05)
    assert np.array_equal(frame(wide, thicken=True).picture, frame(wide, thicken=False).picture)


def test_the_shift_leads_from_the_middle_of_the_box_to_the_middle_of_the_mass():
    heavy_below = np.zeros((40, 40), np.float32)
    heavy_below[:, 15:25] = 1
    heavy_below[30:] = 1

    framed = frame(heavy_below, thicken=False)

    row, column = centre_of_mass(heavy_below)
    right, down = framed.shift
    assert (right, down) == pytest.approx((0.5, (19.5 - row) / 2 + 0.5), abs=0.13)  # MNIST's centre is at 14
    assert column == 19.5


def test_what_is_too_far_off_its_own_centre_stays_inside():
    far = np.zeros((100, 100), np.float32)
    far[:20, :20] = 1
    far[99, 99] = 1

    framed = frame(far, thicken=False)

    assert framed.shift == (4, 4)
    assert framed.picture.sum() == pytest.approx(16, rel=0.02)


def test_a_whole_picture_is_scaled_with_paper_beside_it():
    tall = np.ones((112, 56), np.float32)

    framed = frame_whole(tall)

    expected = np.zeros((28, 28))
    expected[:, 7:21] = 1
    assert np.array_equal(framed.picture, expected)
    assert (framed.scale, framed.shift) == (0.25, (0, 0))
