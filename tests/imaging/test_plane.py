import numpy as np
import pytest
from PIL import Image, ImageFilter

from service.imaging.plane import Planes, flatten


def painted(opacity, colour):
    """One colour everywhere, seen as far as it is opaque."""
    opacity = opacity.astype(np.float32)
    return Planes(opacity * np.float32(colour), opacity)


@pytest.mark.parametrize(("colour", "paper"), [(0, 1), (0.3, 1), (0.7, 0), (1, 0)])
def test_ink_held_in_the_opacity_alone_is_laid_on_contrasting_paper(three, colour, paper):
    ink = three()

    grey = flatten(painted(ink, colour))

    assert grey == pytest.approx(ink * colour + (1 - ink) * paper, abs=1e-6)
    assert grey.dtype == np.float32


@pytest.mark.parametrize("opacity", [0.3, 0.5, 0.9])
def test_half_transparent_ink_of_middling_colour_is_seen(three, opacity):
    grey = flatten(painted(three() * opacity, 0.4))

    assert np.ptp(grey) == pytest.approx(0.6 * opacity, abs=1e-5)


def test_a_stroke_that_fills_its_box_is_ink_all_the_same():
    opacity = np.zeros((40, 40))
    opacity[5:35, 18:22] = 1

    assert np.array_equal(flatten(painted(opacity, 0)), 1 - opacity)


@pytest.mark.parametrize("ink", [0, 1])
def test_a_one_that_was_cut_out_with_the_fringe_of_its_paper_is_ink_still(ink):
    strength = np.zeros((60, 40), np.float32)
    strength[6:54, 16:24] = [0.2, 0.5, 0.8, 1, 1, 0.8, 0.5, 0.2]
    opacity = (strength > 0).astype(np.float32)
    page = strength if ink else 1 - strength

    assert np.array_equal(flatten(Planes(page * opacity, opacity)), page)


def test_a_page_with_transparent_corners_goes_on_in_its_own_grey(three):
    rows, columns = np.indices((140, 140)) - 69.5
    opacity = (np.hypot(rows, columns) < 80).astype(np.float32)
    page = (0.9 - 0.8 * three()).astype(np.float32)

    grey = flatten(Planes(page * opacity, opacity))

    assert opacity[0, 0] == 0
    assert grey == pytest.approx(page, abs=1e-6)


@pytest.mark.parametrize(("rim", "ink"), [(1, 0.2), (0.1, 0.9)])
def test_a_sticker_lies_on_paper_of_the_colour_of_its_rim(three, rim, ink):
    drawn = three(pen=0.05)
    near = Image.fromarray((drawn > 0).astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(9))
    opacity = np.asarray(near, np.float32) / 255
    sticker = (rim + (ink - rim) * drawn).astype(np.float32)

    grey = flatten(Planes(sticker * opacity, opacity))

    assert grey == pytest.approx(sticker, abs=1e-6)


def test_a_picture_that_is_transparent_all_over_is_even_paper():
    nothing = np.zeros((9, 9), np.float32)

    assert np.array_equal(flatten(Planes(nothing, nothing)), np.ones((9, 9)))


def test_an_opaque_picture_stays_as_it_is():
    light = np.random.default_rng(0).random((9, 9), np.float32)

    assert flatten(Planes(light, None)) is light
