import numpy as np
import pytest

from service.imaging.cells import Scene
from service.imaging.ink import border_of, box_of, outline_of, padded, read_ink, read_small_ink


def ink_of(grey, *, dark=None):
    return read_ink(Scene(grey), dark=dark)


@pytest.mark.parametrize(("paper", "ink"), [(1, 0), (0.9, 0.4), (0, 1), (0.3, 0.45)])
def test_ink_is_found_whatever_it_is_written_with(three, paper, ink):
    drawn = three(140)

    found = ink_of((paper + (ink - paper) * drawn).astype(np.float32))

    assert found.dark == (ink < paper)
    assert ((found.strength == 1) == (drawn > 0.75)).mean() > 0.999
    assert ((found.strength == 0) == (drawn < 0.25)).mean() > 0.999
    assert np.abs(np.subtract(found.box, box_of(drawn > 0.25))).max() <= 1


def small_ink_of(grey, *, dark=None):
    return read_small_ink(Scene(grey), dark=dark)


@pytest.mark.parametrize("read", [ink_of, small_ink_of])
@pytest.mark.parametrize("dark", [True, False])
def test_ink_of_the_wrong_side_is_not_seen_where_the_side_is_told(three, read, dark):
    drawn = three(20)

    assert read(1 - drawn if dark else drawn, dark=dark).box is not None
    assert read(drawn if dark else 1 - drawn, dark=dark).box is None


@pytest.mark.parametrize("deviation", [0, 0.004, 0.02, 0.04])
@pytest.mark.parametrize("paper", [0.15, 0.5, 0.85])
def test_the_grain_of_bare_paper_is_no_ink(paper, deviation):
    grain = np.random.default_rng(0).normal(paper, deviation, (190, 150))

    assert ink_of(grain.astype(np.float32)).box is None


@pytest.mark.parametrize(("strength", "deviation"), [(0.06, 0.003), (0.15, 0.02), (0.7, 0.1)])
def test_ink_that_rises_above_the_grain_is_found(three, strength, deviation):
    drawn = three(140)
    grain = np.random.default_rng(0).normal(0.8, deviation, (140, 140))

    found = ink_of((grain - strength * drawn).astype(np.float32))

    assert np.abs(np.subtract(found.box, box_of(drawn > 0.25))).max() <= 2


def test_a_single_speck_does_not_widen_the_box(three):
    grey = 1 - three(140)
    box = ink_of(grey).box
    grey[3, 3] = 0

    assert ink_of(grey).box == box


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("side", [8, 10, 12])
def test_a_small_digit_in_a_corner_of_a_large_page_is_no_light(three, side, turns):
    drawn = three(side, pen=0.2, margin=0)
    drawn = drawn[:, np.flatnonzero(drawn.any(axis=0))]
    page = np.zeros((140, 170), np.float32)
    page[1 : 1 + side, 1 : 1 + drawn.shape[1]] = drawn

    found = ink_of(np.rot90(1 - page, turns))

    assert found.box is not None
    assert found.dark


@pytest.mark.parametrize("reach", [8, 20, 40])
def test_light_in_a_corner_of_a_bare_page_is_no_ink(reach):
    rows, columns = np.indices((140, 170))

    assert ink_of(np.where(rows + columns < reach, np.float32(0.5), np.float32(0.9))).box is None


def test_half_tones_of_a_small_picture_are_kept():
    grey = np.full((8, 8), 0.9, np.float32)
    grey[2:6, 3:5] = [[0.1, 0.5], [0.3, 0.9], [0.7, 0.1], [0.5, 0.5]]

    small = small_ink_of(grey)

    assert small.dark
    assert small.box == (3, 2, 5, 6)
    assert small.strength[2:6, 3:5] == pytest.approx(np.array([[1, 0.5], [0.75, 0], [0.25, 1], [0.5, 0.5]]))


@pytest.mark.parametrize("margin", [0.02, 0.2])
def test_half_tones_of_a_small_picture_are_kept_in_uneven_light(three, margin):
    """A margin of 0.02 is none: the ink reaches the edges."""
    drawn = three(22, pen=0.2, margin=margin)
    light = 1 - 0.5 * np.linspace(0, 1, 22, dtype=np.float32)

    small = small_ink_of(0.9 * light * (1 - 0.8 * drawn))

    assert small.dark
    assert np.abs(small.strength - drawn).mean() < 0.03


def test_an_even_small_picture_holds_no_ink():
    assert small_ink_of(np.full((8, 8), 0.7, np.float32)).box is None


def test_the_border_has_every_outermost_pixel():
    picture = np.arange(12).reshape(3, 4)

    assert sorted(set(border_of(picture))) == [0, 1, 2, 3, 4, 7, 8, 9, 10, 11]
    assert len(border_of(picture)) == 14


def test_a_box_excludes_its_right_and_bottom():
    mask = np.zeros((5, 7), bool)
    mask[1, 2] = mask[3, 4] = True

    assert box_of(mask) == (2, 1, 5, 4)
    assert box_of(np.zeros((5, 7), bool)) is None


def test_an_outline_counts_every_edge_of_a_pixel():
    assert outline_of(np.ones((2, 3), bool)) == 10
    assert outline_of(np.eye(3, dtype=bool)) == 12


def test_a_margin_is_paper_all_round():
    assert padded(np.ones((1, 2), np.float32), 1).tolist() == [[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
