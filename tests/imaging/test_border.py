import numpy as np
import pytest

from service.imaging.border import without_border
from service.imaging.cells import Scene
from service.imaging.normalize import normalize


def without_its_border(grey):
    return without_border(Scene(grey)).grey


@pytest.fixture
def page(three):
    """A light 3 on black paper: (side, side)."""

    def draw(side):
        return np.pad(np.float32(0.05) + np.float32(0.9) * three(side - 4), 2, mode="edge")

    return draw


def bordered(page, width, grey=1.0, blended=None):
    """Draw a border around a page, the innermost pixel of it blended with the paper."""
    drawn = np.pad(page, width, constant_values=np.float32(grey))
    if blended is not None:
        inner = np.pad(page, 1, constant_values=np.float32(blended))
        drawn[width - 1 : 1 - width or None, width - 1 : 1 - width or None] = inner
    return drawn


@pytest.mark.parametrize("side", [16, 28, 64, 133, 190])
@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize(("grey", "blended"), [(1.0, None), (0.4, None), (1.0, 0.4)])
def test_a_thin_border_is_painted_over_with_paper(page, side, width, grey, blended):
    plain = page(side)

    painted = without_its_border(bordered(plain, width, grey, blended))

    assert np.array_equal(painted, np.pad(plain, width, constant_values=plain[0, 0]))


def test_so_is_one_with_a_pixel_of_paper_around_it(page):
    plain = page(60)
    within = np.pad(bordered(plain, 1), 1, constant_values=plain[0, 0])

    assert np.array_equal(without_its_border(within), np.pad(plain, 2, constant_values=plain[0, 0]))


@pytest.mark.parametrize("side", [100, 133, 140, 190])
@pytest.mark.parametrize("grey", [1.0, 0.35, 0.2])
def test_a_digit_in_a_thin_border_is_read_as_without_it(as_picture, page, side, grey):
    plain = np.pad(page(side), 1, constant_values=np.float32(0.05))

    seen = normalize(as_picture(bordered(plain[1:-1, 1:-1], 1, grey)))

    expected = normalize(as_picture(plain))
    assert np.array_equal(seen.pixels, expected.pixels)
    assert (seen.inverted, seen.bounding_box) == (expected.inverted, expected.bounding_box)


@pytest.mark.parametrize(
    "what", ["none", "three sides", "round", "wide", "farther in", "bare", "ink at the edge", "tiny"]
)
def test_what_is_no_border_is_left_alone(page, what):
    around = bordered(page(60), 1)
    rows, columns = np.indices(around.shape) - 30.5
    around = {
        "none": page(60),
        "three sides": around[1:],
        "round": np.where(np.hypot(rows, columns) > 40, np.float32(0.05), around),
        "wide": bordered(page(60), 4),
        "farther in": np.pad(bordered(page(60), 2), 1, constant_values=np.float32(0.05)),
        "bare": bordered(np.full((60, 60), 0.05, np.float32), 1),
        "ink at the edge": np.where(rows < -25, np.float32(0.05), around),
        "tiny": bordered(page(12), 1),
    }[what]

    assert without_its_border(around) is around
