import numpy as np
import pytest

from service.imaging.paper import contrast


def axes(height, width):
    return np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))


LIGHTS = {
    "even": lambda x, _y: 0.8 + 0 * x,
    "from the left": lambda x, _y: 0.6 - 0.3 * x,
    "from a corner": lambda x, y: 0.6 - 0.2 * x + 0.15 * y,
    "dark corners": lambda x, y: 0.9 - 0.25 * (x**2 + y**2),
    "a saddle": lambda x, y: 0.6 + 0.2 * x * y,
}


@pytest.mark.parametrize("size", [(28, 28), (192, 100), (33, 190)])
@pytest.mark.parametrize("light", LIGHTS)
def test_nothing_remains_of_bare_paper(light, size):
    grey = LIGHTS[light](*axes(*size)).astype(np.float32)

    departure = contrast(grey)

    assert departure.dtype == np.float32
    assert np.abs(departure).max() < 0.03  # cells are coarser than pixels


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("ink", [-0.5, 0.1])
def test_ink_departs_from_the_paper_by_its_own_strength(three, light, ink):
    drawn = three(140)
    paper = LIGHTS[light](*axes(140, 140))

    departure = contrast((paper + ink * drawn).astype(np.float32))

    assert np.median(departure[drawn > 0.99]) == pytest.approx(ink, abs=0.05)
    assert np.median(departure[drawn == 0]) == pytest.approx(0, abs=0.01)


def test_a_digit_that_fills_the_frame_is_not_taken_for_uneven_paper(three):
    drawn = three(140, pen=0.2, margin=0.02)[:, 20:120]

    assert np.array_equal(contrast(1 - drawn) + 1, 1 - drawn)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2, 2)])
def test_the_smallest_pictures_have_paper_too(size):
    grey = np.linspace(0, 1, size[0] * size[1], dtype=np.float32).reshape(size)

    assert np.isfinite(contrast(grey)).all()
