import numpy as np
import pytest

from service.imaging.parts import parts_of
from service.imaging.standing import lines_stood_on
from service.imaging.subject import subject

SIDE = 96
DOWN, ACROSS = np.indices((SIDE, SIDE))
FOOT = 68  # row where the digit ends


def line(*, left=10, right=86, thick=2, slope=0.0, row=FOOT):
    below = DOWN - row - np.rint(slope * (ACROSS - SIDE / 2))
    page = (below >= 0) & (below < thick)
    page[:, :left] = page[:, right:] = False
    return page


def stem(*, top, bottom=FOOT):
    page = np.zeros((SIDE, SIDE), bool)
    page[top:bottom, 46:51] = True
    return page


@pytest.fixture
def digit(three):
    page = np.zeros((SIDE, SIDE), bool)
    page[23:71, 24:72] = three(48) > 0.25
    return page


@pytest.mark.parametrize("slope", [-0.04, -0.01, 0, 0.03])
@pytest.mark.parametrize("row", [FOOT - 5, FOOT, FOOT + 1])
@pytest.mark.parametrize("thick", [1, 2, 4])
def test_a_digit_is_told_from_the_line_that_it_stands_on(digit, slope, row, thick):
    drawn = digit | line(slope=slope, row=row, thick=thick)
    kept = np.asarray(subject(drawn.astype(np.float32)))[drawn]

    assert (kept == digit[drawn]).mean() > 0.95  # where the two meet either may be right
    assert kept[digit[drawn]].mean() > 0.98


def test_two_digits_are_left_of_two_on_a_line(digit):
    drawn = np.roll(digit, -20, axis=1) | np.roll(digit, 20, axis=1)
    kept = np.asarray(subject((drawn | line(left=5, right=91)).astype(np.float32)))

    assert kept[drawn].mean() > 0.98
    assert not kept[FOOT : FOOT + 2, 5:15].any()


NO_LINES = {
    "the foot of a one": line(left=24, right=72) | stem(top=20),
    "the bar of a seven": line(row=24) | stem(top=24),
    "a bar by a thick pen": line(thick=8) | stem(top=30),
    "a base that begins at the digit": line(left=45) | stem(top=50),
    "a base that leans": line(slope=0.1) | stem(top=30),
    "a wave": (np.abs(DOWN - FOOT - 3 * np.sin(ACROSS / 6)) < 1) | stem(top=30),
    "a line alone": line(),
    "a bar with a drop below": line() | stem(top=FOOT - 20, bottom=FOOT + 20),
    "a dash": line(left=40, right=50) | stem(top=FOOT - 4),
}


@pytest.mark.parametrize("name", NO_LINES)
def test_nothing_else_is_a_line_that_a_digit_stands_on(name):
    assert lines_stood_on(parts_of(NO_LINES[name])) is None
