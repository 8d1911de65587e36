import numpy as np
import pytest

from service.imaging.cells import Scene
from service.imaging.sheet import without_table


def without_its_table(grey):
    return without_table(Scene(grey)).grey


@pytest.fixture
def sheet(three):
    """A dark 3 on light paper: (150, 150)."""
    return np.pad(0.9 - 0.7 * three(150), 12, constant_values=0.9).astype(np.float32)


def on_table(sheet, *, table=0.2, top=0, bottom=0, left=0, right=0, slope=0.0):
    """Lay a sheet on a table that shows so many pixels of itself, turned a little."""
    wide = np.pad(sheet, ((top, bottom), (left, right)), mode="edge")
    height, width = wide.shape
    rows, columns = np.indices(wide.shape)
    rise, drift = slope * (columns - width / 2), slope * (rows - height / 2)
    inside = (rows >= top + rise) | (top == 0)
    inside &= (rows < height - bottom + rise) | (bottom == 0)
    inside &= (columns >= left - drift) | (left == 0)
    inside &= (columns < width - right - drift) | (right == 0)
    return np.where(inside, wide, np.float32(table)), inside


EDGES = {
    "above": {"top": 20},
    "to the left": {"left": 30},
    "in a corner": {"bottom": 15, "right": 25},
    "on three sides": {"top": 20, "left": 10, "right": 30},
    "all round": {"top": 20, "bottom": 30, "left": 25, "right": 15},
}


@pytest.mark.parametrize("where", EDGES)
@pytest.mark.parametrize("slope", [0, 0.05, -0.08])
@pytest.mark.parametrize("table", [0.05, 0.5, 1.0])
def test_a_table_is_painted_over_with_paper_and_the_ink_is_kept(sheet, where, slope, table):
    paper = np.where(sheet > 0.8, np.float32(0.75), sheet)  # so that a white table differs
    grey, inside = on_table(paper, table=table, slope=slope, **EDGES[where])

    painted = without_its_table(grey)

    assert np.abs(painted - 0.75)[~inside].max() < 0.05
    assert (painted == grey)[inside].mean() > 0.95
    assert (painted < 0.4).sum() == ((grey < 0.4) & inside).sum()  # all of the ink, and none of the table


def test_a_picture_without_a_table_is_returned_as_it_is(sheet):
    assert without_its_table(sheet) is sheet


@pytest.mark.parametrize("what", ["a bar", "light from one side", "dark corners", "grain", "narrow", "bare"])
def test_what_is_no_table_is_left_alone(sheet, what):
    rows, columns = np.indices(sheet.shape, np.float32) / 173
    grey = {
        "a bar": np.where((rows > 0.1) & (rows < 0.25), np.float32(0.1), np.float32(0.9)),
        "light from one side": sheet * (1 - 0.6 * columns),
        "dark corners": sheet * (1 - 1.2 * ((rows - 0.5) ** 2 + (columns - 0.5) ** 2)),
        "grain": np.random.default_rng(0).random((150, 150), np.float32),
        "narrow": sheet[:, :6],
        "bare": np.where(rows < 0.2, np.float32(0.2), np.float32(0.9)),
    }[what]

    assert without_its_table(grey) is grey


@pytest.mark.parametrize("inset", [0, 1, 2, 3])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_line_printed_around_the_paper_is_painted_over_on_all_sides_or_on_none(sheet, inset, width):
    framed = sheet.copy()
    inner = slice(inset + width, -inset - width)
    framed[inset : len(framed) - inset, inset : len(framed) - inset] = 0
    framed[inner, inner] = sheet[inner, inner]

    painted = without_its_table(framed)

    outside = np.ones(sheet.shape, bool)
    outside[inner, inner] = False
    assert painted is framed or (painted[outside] > 0.8).all()


@pytest.mark.parametrize("side", ["left", "top"])
def test_a_digit_cut_to_its_ink_is_no_table(side):
    one = np.full((120, 40), 0.9, np.float32)
    one[:, 12:30] = 0.1
    grey = one if side == "left" else one.T

    assert without_its_table(grey) is grey
