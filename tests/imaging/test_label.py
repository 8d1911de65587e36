import numpy as np
import pytest

from service.imaging.cells import Scene
from service.imaging.ink import SOLID, read_ink
from service.imaging.label import label_in

SIDE = 140
ROWS, COLUMNS = np.indices((SIDE, SIDE)) - SIDE / 2


def turned(degrees):
    turn = np.deg2rad(degrees)
    return ROWS * np.cos(turn) - COLUMNS * np.sin(turn), COLUMNS * np.cos(turn) + ROWS * np.sin(turn)


def turned_note(degrees):
    down, across = turned(degrees)
    return (np.abs(down) < 40) & (np.abs(across) < 45)


LABELS = {
    "a note": (np.abs(ROWS) < 40) & (np.abs(COLUMNS) < 45),
    "a disc": np.hypot(ROWS, COLUMNS) < 45,
    "a bubble": np.hypot(ROWS, COLUMNS / 1.3) < 42,
    "a note that lies aslant": turned_note(15),
    "a note that lies aslant the other way": turned_note(-21),
    "a note that is turned": np.abs(ROWS + 0.1 * COLUMNS) + np.abs(COLUMNS - 0.1 * ROWS) < 62,
}


def ink_of(grey):
    return read_ink(Scene(grey.astype(np.float32)), dark=None)


@pytest.fixture
def written(three):
    """A three of 50 pixels in the middle: (140, 140) float32, 0 to 1."""
    return np.pad(three(50), 45)


@pytest.mark.parametrize("name", [name for name in LABELS if name != "a note that is turned"])
@pytest.mark.parametrize(
    ("table", "label", "pen"), [(0.1, 0.9, 0.2), (0.9, 0.1, 0.8), (0.3, 0.9, 0.45), (0.7, 0.1, 0.5)]
)
def test_what_is_written_on_a_label_is_the_ink(written, name, table, label, pen):
    grey = np.where(LABELS[name], label + (pen - label) * written, table)

    found = ink_of(grey)

    assert found.dark == (pen < label)
    assert ((found.strength > SOLID) == (written > SOLID)).mean() > 0.998


@pytest.mark.parametrize("name", LABELS)
def test_a_bare_label_is_taken_for_ink_as_it_was(name):
    grey = np.where(LABELS[name], 0.9, 0.1)

    assert ((ink_of(grey).strength > SOLID) == LABELS[name]).mean() > 0.995


def moved(drawn, down, right):
    """Move what is drawn; what leaves the picture is cut off."""
    wide = np.pad(drawn, SIDE)
    return wide[SIDE - down : 2 * SIDE - down, SIDE - right : 2 * SIDE - right]


def note(degrees):
    down, across = turned(degrees)
    return (np.abs(down) < 40) & (np.abs(across) < 40)


@pytest.mark.parametrize("degrees", [0, 10, -15])
@pytest.mark.parametrize("place", [(-31, 0), (0, 31), (32, 5), (-5, -31)])
@pytest.mark.parametrize(("table", "label", "pen"), [(0.1, 0.9, 0.2), (0.9, 0.1, 0.8)])
def test_what_is_written_on_a_note_that_the_edge_of_the_picture_cuts_is_the_ink(
    degrees, place, table, label, pen
):
    zero = moved(np.abs(np.hypot(ROWS / 22, COLUMNS / 14) - 1) < 0.2, *place)
    grey = np.where(moved(note(degrees), *place), np.where(zero, pen, label), table)

    found = ink_of(grey)

    assert found.dark == (pen < label)
    assert ((found.strength > SOLID) == zero).mean() > 0.998


@pytest.mark.parametrize("fall", [0.2, 0.4])
def test_what_is_written_on_a_note_at_the_edge_is_the_ink_in_uneven_light(written, fall):
    place = (-29, -20)
    on_note = moved(written, *place)
    light = 1 - fall * (ROWS + COLUMNS + SIDE) / (2 * SIDE)
    grey = light * np.where(moved(note(0), *place), 0.9 - 0.65 * on_note, 0.3)

    assert ((ink_of(grey).strength > SOLID) == (on_note > SOLID)).mean() > 0.998


@pytest.mark.parametrize("degrees", [0, 12])
@pytest.mark.parametrize(("side", "pen"), [(50, 0.25), (50, 0.3), (26, 0.1), (32, 0.2)])
def test_on_a_note_with_corners_what_is_written_may_be_broad_or_small(three, degrees, side, pen):
    drawn = np.pad(three(side, pen=pen), (SIDE - side) // 2)
    grey = np.where(note(degrees), 0.9 - 0.7 * drawn, 0.1)

    assert ((ink_of(grey).strength > SOLID) == (drawn > SOLID)).mean() > 0.998


def test_on_a_note_with_corners_what_is_written_may_be_in_pieces():
    bars = (np.abs(COLUMNS) < 12) & (np.abs(np.abs(ROWS) - 10) < 3)
    grey = np.where(note(12), np.where(bars, 0.2, 0.9), 0.1)

    assert ((ink_of(grey).strength > SOLID) == bars).mean() > 0.998


@pytest.mark.parametrize("degrees", [-15, 12])
def test_the_light_on_a_note_is_not_what_is_written_on_it(three, degrees):
    drawn = np.pad(three(26), (SIDE - 26) // 2)
    light = 1 - 0.5 * (ROWS + COLUMNS + SIDE) / (2 * SIDE)
    grey = 1 - light * np.where(note(degrees), 0.8 - 0.3 * drawn, 0.15)

    found = ink_of(grey)

    assert not found.dark
    assert ((found.strength > 0) == (drawn > SOLID)).mean() > 0.995


def test_a_card_at_the_edge_is_not_read_in_place_of_a_digit_beside_it(three):
    digit = np.zeros((SIDE, SIDE), np.float32)
    digit[65:129, 60:124] = three(64)
    card, word = np.abs(ROWS + 45) + 10 < 30, np.abs(np.hypot(ROWS + 48, COLUMNS + 40) - 8) < 2
    grey = np.where(card & (COLUMNS < -10), np.where(word, 0.2, 0.9), 0.4 + 0.5 * digit)

    assert ((ink_of(grey).strength > SOLID) == (digit > SOLID)).mean() > 0.998


@pytest.mark.parametrize("pen", [0.25, 0.3])
def test_the_holes_of_a_digit_in_a_thick_pen_are_nothing_that_is_written(pen):
    thick = np.abs(np.hypot(ROWS, COLUMNS * 1.2) - 35) < pen * 50
    grey = np.where(thick, 0.1, 0.9)

    assert ((ink_of(grey).strength > SOLID) == thick).mean() > 0.995


def test_the_slit_in_a_thick_zero_that_leans_is_nothing_that_is_written():
    down, across = turned(20)
    zero = (np.hypot(down / 60, across / 32) < 1) & (np.hypot(down / 30, across / 4) > 1)

    assert ((ink_of(np.where(zero, 0.1, 0.9)).strength > SOLID) == zero).mean() > 0.995


@pytest.mark.parametrize(
    ("what", "solid"),
    [
        ("strokes", np.abs(np.hypot(ROWS, COLUMNS) - 40) < 8),
        ("a bar", (np.abs(ROWS) < 50) & (np.abs(COLUMNS) < 15)),
        ("a blot", np.hypot(ROWS, COLUMNS) < 12),
        ("a corner", (ROWS > 0) & (ROWS - COLUMNS < 0)),
    ],
)
def test_no_label_is_found_in(what, solid):
    rows, columns = np.nonzero(solid)
    box = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1

    assert label_in(solid, box) is None, what
