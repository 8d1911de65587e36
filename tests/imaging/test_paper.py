import numpy as np
import pytest
from PIL import Image

from service.imaging.cells import Scene
from service.imaging.paper import contrast


def departure_from_paper(grey, **told):
    return contrast(Scene(grey), **told).departure


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

    departure = departure_from_paper(grey)

    assert departure.dtype == np.float32
    assert np.abs(departure).max() < 0.03  # cells are coarser than pixels


@pytest.mark.parametrize("light", LIGHTS)
def test_light_ink_departs_from_the_paper_by_its_own_strength(three, light):
    drawn = three(140)

    departure = departure_from_paper((LIGHTS[light](*axes(140, 140)) + 0.1 * drawn).astype(np.float32))

    assert np.median(departure[drawn > 0.99]) == pytest.approx(0.1, abs=0.01)
    assert np.median(departure[drawn == 0]) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("light", [light for light in LIGHTS if light != "even"])
def test_dark_ink_in_uneven_light_departs_by_its_share_of_the_paper(three, light):
    drawn = three(140)

    departure = departure_from_paper((LIGHTS[light](*axes(140, 140)) * (1 - 0.6 * drawn)).astype(np.float32))

    assert np.median(departure[drawn > 0.99]) == pytest.approx(-0.6, abs=0.02)
    assert np.ptp(departure[drawn == 1]) < 0.1  # as dark in the shade as in the light
    assert np.median(departure[drawn == 0]) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(("size", "across"), [(28, 8), (60, 16), (100, 29)])
@pytest.mark.parametrize("ink", [0, 1])
def test_a_soft_digit_that_touches_an_edge_lies_on_the_grey_of_most_of_it(three, size, across, ink):
    drawn = np.roll(three(size), across, axis=1)  # to the right edge
    grey = drawn if ink else 1 - drawn

    assert np.array_equal(departure_from_paper(grey), grey - np.float32(1 - ink))


@pytest.mark.parametrize("ink", [0, 1])
def test_a_digit_cut_to_its_ink_lies_on_the_tone_that_does_not_hang_together(three, ink):
    drawn = three(140, pen=0.2, margin=0.02)[2:138, 36:104]  # touches every edge
    grey = drawn if ink else 1 - drawn

    departure = departure_from_paper(grey)

    assert np.array_equal(departure, grey - (1 - ink))


@pytest.mark.parametrize("ink", [0, 1])
def test_the_tone_of_the_paper_follows_from_the_side_of_the_ink(three, ink):
    drawn = three(140, pen=0.2, margin=0.02)[2:138, 36:104]

    assert np.array_equal(departure_from_paper(drawn, dark=not ink), drawn - (1 - ink))


@pytest.mark.parametrize("ink", [0, 1])
def test_the_tone_of_the_border_is_paper_though_it_hangs_together_as_the_ink_does(ink):
    drawn = np.zeros((120, 90), np.float32)
    drawn[:14] = drawn[:80, 50:66] = 1  # a seven that ends above the lower edge: one piece beside one
    grey = drawn if ink else 1 - drawn

    assert np.array_equal(departure_from_paper(grey), grey - (1 - ink))


@pytest.mark.parametrize("ink", [0, 1])
@pytest.mark.parametrize("slope", [-0.13, -0.08, 0.08, 0.13])
def test_what_covers_most_of_a_picture_is_paper_though_it_hangs_together(three, ink, slope):
    drawn = three(140, margin=0.25)
    down, across = np.indices(drawn.shape) - 70
    page = (np.abs(across + slope * down) < 70) & (np.abs(down - slope * across) < 70)
    grey = np.where(page, drawn if ink else 1 - drawn, ink).astype(np.float32)  # a lid in all four corners

    assert np.array_equal(departure_from_paper(grey), grey - (1 - ink))


@pytest.mark.parametrize("ink", [0, 1])
def test_the_tone_of_most_of_the_border_is_paper_however_many_things_it_cuts_off(three, ink):
    drawn = np.pad(three(100), 20)
    drawn[40:60, :12] = drawn[90:120, :10] = drawn[30:50, -14:] = drawn[100:110, -8:] = 1
    grey = (drawn if ink else 1 - drawn).astype(np.float32)

    assert departure_from_paper(grey, dark=None)[drawn == 0] == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("slope", [0.4, 0.5])
def test_light_falls_on_paper_that_the_ink_leaves_at_every_edge(slope):
    """A seven of a thick pen, as wide and as high as the picture."""
    drawn = np.zeros((120, 90), np.float32)
    drawn[:12] = drawn[:, 50:70] = 1
    x, _ = axes(120, 90)
    grey = (0.9 - slope * (x + 1) / 2) * (1 - 0.8 * drawn)

    departure = departure_from_paper(grey.astype(np.float32))

    assert np.abs(departure[drawn == 1] + 0.8).max() < 0.03
    assert np.abs(departure[drawn == 0]).max() < 0.03


def in_shadow(grey):
    """Darken what lies below a slanted line by a half, with a sharp edge."""
    x, y = axes(*grey.shape)
    return np.where(y > 0.3 + 0.4 * x, 0.5, 1) * grey


def test_the_edge_of_a_shadow_is_no_ink(three):
    drawn = three(140)
    grey = in_shadow(0.9 - 0.7 * drawn).astype(np.float32)

    departure = departure_from_paper(grey)

    assert np.median(departure[drawn > 0.99]) == pytest.approx(-0.7 / 0.9, abs=0.03)
    assert np.quantile(departure[drawn == 0], 0.01) > -0.25  # ink begins at a quarter


@pytest.mark.parametrize("dark", [True, False])
def test_under_a_shadow_too_only_ink_of_the_side_that_is_told_is_seen(three, dark):
    departure = departure_from_paper(in_shadow(0.9 - 0.7 * three(140)).astype(np.float32), dark=dark)

    assert (departure <= 0).all() if dark else (departure >= 0).all()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ink", [0, 1])
def test_on_a_motley_ground_the_ink_is_what_leaves_the_paper_more_even(three, seed, ink):
    patches = Image.fromarray(np.random.default_rng(seed).random((5, 5), np.float32))
    ground = 0.1 + 0.4 * np.asarray(patches.resize((140, 140), Image.Resampling.BILINEAR))
    drawn = three(140)
    grey = ground + (1 - ground) * drawn

    departure = departure_from_paper(grey if ink else 1 - grey)

    assert (departure >= 0).all() if ink else (departure <= 0).all()
    assert np.abs(departure[drawn > 0.99]).min() > 0.4


@pytest.mark.parametrize("pen", [0.6, 0.75, 0.95])
@pytest.mark.parametrize("bar", [0.3, 0.4])
def test_light_ink_below_the_lighter_bar_of_a_window_departs_by_its_own_strength(three, pen, bar):
    drawn = three(140, margin=0.2)
    grey = np.where(drawn > 0, 0.15 + (pen - 0.15) * drawn, 0.15).astype(np.float32)
    grey[:16] = bar

    departure = departure_from_paper(grey)

    assert np.median(departure[drawn > 0.99]) == pytest.approx(pen - 0.15, abs=0.03)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2, 2)])
def test_the_smallest_pictures_have_paper_too(size):
    grey = np.linspace(0, 1, size[0] * size[1], dtype=np.float32).reshape(size)

    assert np.isfinite(departure_from_paper(grey)).all()


def test_a_digit_in_a_shadow_is_no_third_tone(three):
    drawn = three(140)
    x, y = axes(140, 140)
    grey = np.where(x + y > -0.9, 0.3, 0.9) * (1 - 0.4 * drawn)

    departure = departure_from_paper(grey.astype(np.float32))

    away = np.abs(x + y + 0.9) > 0.15  # pixels at the shadow's edge
    assert np.median(departure[drawn > 0.99]) == pytest.approx(-0.4, abs=0.03)
    assert np.abs(departure[(drawn == 0) & away]).mean() < 0.02
