import numpy as np
import pytest
from PIL import Image

from service.imaging.cells import Scene
from service.imaging.coarse import undo_enlargement
from service.imaging.decode import LARGEST


def enlarge(small, size, method):
    return np.asarray(Image.fromarray(small).resize(size, method))


def undone(grey, size):
    return undo_enlargement(Scene(grey), size).grey


def drawing(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width)).astype(np.float32) / 255


@pytest.mark.parametrize(("height", "width"), [(8, 8), (16, 16), (28, 28), (5, 12)])
@pytest.mark.parametrize("factor", [4, 5, 6])
def test_repeated_pixels_come_back_exactly(height, width, factor):
    small = drawing(height, width)
    large = small.repeat(factor, axis=0).repeat(factor, axis=1)

    assert np.array_equal(undone(large, large.shape[::-1]), small)


@pytest.mark.parametrize("size", [(90, 91), (100, 101), (187, 190)])
def test_they_do_so_where_blocks_are_not_all_alike_wide(size):
    small = drawing(8, 8)

    large = enlarge(small, size, Image.Resampling.NEAREST)

    assert np.array_equal(undone(large, large.shape[::-1]), small)


@pytest.mark.parametrize("side", [200, 400, 1000])
def test_they_do_so_where_the_picture_was_reduced_after_that(side):
    small = np.rint(drawing(8, 8) * 255).astype(np.float32)
    large = Image.fromarray(enlarge(small, (side, side), Image.Resampling.NEAREST))

    reduced = np.asarray(large.reduce(-(-side // LARGEST)))

    assert np.allclose(undone(reduced, (side, side)), small, atol=1e-3)


@pytest.mark.parametrize("method", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
@pytest.mark.parametrize("side", [96, 150, 192])
def test_a_picture_enlarged_smoothly_becomes_small(three, method, side):
    small = three(12, pen=0.2)

    small_again = undone(enlarge(small, (side, side), method), (side, side))

    assert max(small_again.shape) <= 28
    again = enlarge(small_again, (12, 12), Image.Resampling.BILINEAR)
    assert np.abs(again - small).mean() < 0.1


def test_what_a_smaller_picture_could_not_hold_is_left(three):
    grey = enlarge(three(16, pen=0.2), (30, 30), Image.Resampling.BILINEAR)

    assert undone(grey, (30, 30)) is grey  # in place of 15 pixels a side


def test_crisp_pictures_and_small_ones_stay_as_they_are(three):
    for grey in (three(150), three(28), three(9), np.random.default_rng(0).random((150, 150))):
        assert undone(grey, grey.shape[::-1]) is grey


@pytest.mark.parametrize("side", [29, 30, 33, 36, 39, 42, 48, 56])
def test_pixels_that_differ_from_one_to_the_next_are_no_blocks(three, side):
    """Of blocks one and a half pixels wide every pixel lies near an edge."""
    grey = (three(side) > 0.5).astype(np.float32)

    assert undone(grey, (side, side)) is grey


@pytest.mark.parametrize("light", ["even", "from one side"])
def test_bare_paper_stays_as_it_is(light):
    side = np.linspace(0.4, 0.9 if light == "from one side" else 0.4, 150, dtype=np.float32)
    grey = np.broadcast_to(side, (150, 150)).copy()

    assert undone(grey, grey.shape[::-1]) is grey
