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
