import numpy as np
import pytest

from service.imaging.cells import Scene
from service.imaging.ruling import without_ruling


def unruled(grey):
    return without_ruling(Scene(grey)).grey


def rule(shape, apart=24, slope=0.0, start=9, thickness=2):
    """True on lines that go across."""
    rows, columns = np.indices(shape)
    place = np.rint(rows - start - slope * (columns - shape[1] / 2)) % apart
    return place < thickness


@pytest.mark.parametrize("slope", [0, 0.02, -0.03])
@pytest.mark.parametrize("line", [0.4, 0.75, 0.98])
@pytest.mark.parametrize("across", [True, False])
def test_lines_vanish_and_strokes_that_cross_them_stay(three, slope, line, across):
    drawn = np.pad(three(150), 15).T
    ink = 0.85 - 0.75 * drawn
    lines = rule(ink.shape, slope=slope)
    lined = np.where(lines & (drawn < 0.5), line, ink).astype(np.float32)

    cleaned = unruled(lined if across else lined.T)

    cleaned = cleaned if across else cleaned.T
    assert np.abs(cleaned - 0.85)[lines & (drawn == 0)].mean() < 0.02
    assert np.abs(cleaned - ink)[drawn > 0.9].mean() < 0.05


@pytest.mark.parametrize(("paper", "line", "ink"), [(0.85, 0.7, 0.2), (0.15, 0.3, 0.9)])
def test_a_thin_stroke_that_crosses_a_line_aslant_stays_whole(paper, line, ink):
    """What lies above and below the line at one place is paper; the stroke is aside."""
    rows, columns = np.indices((150, 150))
    lines, stroke = rule((150, 150)), np.abs(rows - columns) < 2
    lined = np.where(stroke, ink, np.where(lines, line, paper)).astype(np.float32)

    cleaned = unruled(lined)

    nearer_to_ink = np.abs(cleaned - ink) < np.abs(cleaned - paper)
    assert nearer_to_ink[stroke & lines].mean() > 0.95
    assert np.abs(cleaned - paper)[lines & ~stroke].mean() < 0.05


def test_squares_vanish_from_bare_paper():
    squares = rule((160, 160)) | rule((160, 160)).T
    paper = np.where(squares, np.float32(0.6), np.float32(0.9))

    assert np.abs(unruled(paper) - 0.9).max() < 1e-6


@pytest.mark.parametrize("size", [(160, 160), (20, 150)])
def test_paper_without_lines_is_returned_as_it_is(size):
    paper = np.full(size, 0.9, np.float32)

    assert unruled(paper) is paper


def test_the_bar_of_a_digit_is_no_line():
    seven = np.full((150, 150), 0.9, np.float32)
    seven[40:44, 10:140] = 0.1  # does not reach the edges
    cut = np.full((150, 150), 0.9, np.float32)
    cut[40:52] = 0.1  # reaches them, and is as thick as a pen

    assert unruled(seven) is seven
    assert unruled(cut) is cut


def test_the_stem_of_a_digit_in_a_picture_of_mnists_size_is_no_line():
    nine = np.zeros((28, 28), np.float32)
    nine[1:27, 17:19] = 1
    nine[2:13, 9:19] = 1
    nine[4:11, 11:17] = 0

    assert unruled(nine) is nine


def test_lines_are_found_beside_a_gap_between_strokes_that_is_more_distinct():
    paper = np.full((150, 180), 0.85, np.float32)
    paper[40:60, 60:120], paper[63:83, 60:120] = 0.1, 0.1  # two bars, and a narrow light gap between them
    lined = paper.copy()
    lined[20:22], lined[120:122] = 0.7, 0.7

    assert np.array_equal(unruled(lined), paper)
