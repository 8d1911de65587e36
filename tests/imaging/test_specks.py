import numpy as np
import pytest

from service.imaging.specks import without_specks

WHOLE = (0, 0, 100, 80)


@pytest.fixture
def ink():
    """A ring on 80 rows of 100 pixels, from (30, 20) to (60, 60)."""
    page = np.zeros((80, 100), np.float32)
    page[20:60, 30:60] = 1
    page[28:52, 38:52] = 0
    return page


def test_the_box_shrinks_to_what_is_no_speck(ink):
    for row, column in ((2, 3), (70, 40), (40, 90), (75, 95), (5, 35)):
        ink[row : row + 3, column : column + 3] = 1

    assert without_specks(ink, WHOLE) == (30, 20, 60, 60)


def test_specks_inside_the_box_do_not_matter(ink):
    ink[38:42, 43:46] = 1

    assert without_specks(ink, WHOLE) == (30, 20, 60, 60)


def test_what_holds_a_good_part_of_the_ink_is_no_speck(ink):
    ink[4:10, 30:60] = 1  # the bar of a five

    assert without_specks(ink, WHOLE) == (30, 4, 60, 60)


def test_a_swarm_of_specks_keeps_its_box():
    ink = np.zeros((80, 100), np.float32)
    ink[::8, ::8] = 1

    assert without_specks(ink, (0, 0, 97, 73)) == (0, 0, 97, 73)


def test_no_ink_keeps_its_box():
    assert without_specks(np.zeros((80, 100), np.float32), WHOLE) == WHOLE
