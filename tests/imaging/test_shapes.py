import numpy as np
import pytest

from service.imaging.parts import parts_of
from service.imaging.shapes import dots, lines


def with_bar(height, width):
    """A page of 40×60 pixels with one solid bar on it."""
    page = np.zeros((40, 60), bool)
    page[5 : 5 + height, 8 : 8 + width] = True
    return parts_of(page)


@pytest.mark.parametrize(
    ("height", "width", "is_line"),
    [
        (2, 50, True),
        (2, 24, True),  # two fifths of the longer side
        (2, 23, False),  # a dash, or the bar of a five
        (6, 50, True),
        (7, 50, False),  # too thick for its length
        (30, 3, True),
        (30, 5, False),
    ],
)
def test_what_is_long_and_narrow_is_a_line(height, width, is_line):
    assert lines(with_bar(height, width)).tolist() == [is_line]


def test_what_is_long_and_bent_is_no_line():
    bent = np.zeros((40, 60), bool)
    bent[5:7, 5:40] = bent[7:9, 30:55] = True

    assert lines(parts_of(bent)).tolist() == [False]


@pytest.mark.parametrize(("height", "width", "is_dot"), [(6, 6, True), (6, 9, True), (6, 10, False)])
def test_what_is_solid_and_about_as_wide_as_high_is_a_dot(height, width, is_dot):
    assert dots(with_bar(height, width)).tolist() == [is_dot]


def test_a_ring_is_no_dot():
    ring = np.zeros((40, 60), bool)
    ring[5:25, 5:25] = True
    ring[8:22, 8:22] = False

    assert dots(parts_of(ring)).tolist() == [False]
