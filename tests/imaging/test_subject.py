import numpy as np
import pytest

from service.imaging.subject import subject, without_light

SIDE = 96


@pytest.fixture
def page(three):
    """A three of half the page's height, light as a pencil's, in the middle of a page."""
    drawn = np.zeros((SIDE, SIDE), np.float32)
    drawn[24:72, 24:72] = 0.6 * three(48)
    return drawn


def kept(page):
    found = subject(page)
    return page if found is None else page * found


def with_a_wedge(page):
    down, across = np.indices(page.shape)
    return np.where(down + across < 40, 1, page).astype(np.float32)


def on_a_lid(page, slope=0.1):
    down, across = np.indices(page.shape) - (SIDE - 1) / 2
    sheet = (np.abs(across + slope * down) < SIDE / 2) & (np.abs(down - slope * across) < SIDE / 2)
    return np.where(sheet, page, 1).astype(np.float32)  # the lid lies in all four corners


def with_a_window(page):
    page[:10], page[:, :2], page[:, -2:], page[-2:] = 1, 1, 1, 1
    return page


def with_a_box(page):
    box = np.zeros_like(page)
    box[12:84, 12:84] = 1
    box[14:82, 14:82] = 0
    return np.maximum(page, box)


def with_a_circle(page):
    down, across = np.indices(page.shape) - SIDE / 2
    return np.where(np.abs(np.hypot(down, across) - 40) < 5, 1, page).astype(np.float32)


def with_a_line_below(page):
    page[78:81, 30:66] = 0.6
    return page


def with_lines(page):
    page[10:86, 14:16], page[10:86, 82:84] = 0.9, 0.9
    return page


def with_holes(page):
    down, across = np.indices(page.shape)
    for row in (20, 76):
        page[(down - row) ** 2 + (across - 8) ** 2 <= 16] = 1
    return page


def with_crumbs(page):
    page[5:8, 40:43], page[60:62, 90:92] = 0.5, 0.5
    return page


def with_words_above(page):
    page[4:12, 20:70:2], page[8:10, 20:70] = 0.9, 0.9  # letters that run into each other
    return page


SURROUNDINGS = (
    with_a_wedge,
    with_a_window,
    with_a_box,
    with_a_circle,
    with_a_line_below,
    with_words_above,
    with_lines,
    with_holes,
    with_crumbs,
)


@pytest.mark.parametrize("surround", SURROUNDINGS)
def test_the_digit_is_told_from_what_is_around_it(page, surround):
    assert np.array_equal(kept(surround(page.copy())), page)


@pytest.mark.parametrize("slope", [-0.18, -0.1, 0.06, 0.14])
def test_a_digit_is_told_from_the_lid_that_its_page_lies_aslant_on(page, slope):
    assert np.array_equal(kept(on_a_lid(page, slope)), page)
    assert np.count_nonzero(kept(on_a_lid(np.zeros_like(page), slope))) == 0


@pytest.mark.parametrize("surround", [with_a_wedge, with_a_window, with_a_box, with_lines, with_holes])
def test_what_is_around_a_digit_is_no_digit_without_one(surround):
    assert not kept(surround(np.zeros((SIDE, SIDE), np.float32))).any()


def test_a_digit_written_onto_its_box_loses_no_more_than_an_end(page):
    written = np.zeros_like(page)
    written[30:80, 44:52] = 0.8  # down onto the lower line
    framed = kept(with_a_box(written))

    assert np.array_equal(framed[:76], written[:76])
    assert not framed[82:].any()


def test_a_digit_alone_is_left_as_it_is(page):
    assert subject(page) is None
    assert subject(np.zeros((9, 9), np.float32)) is None


@pytest.mark.parametrize("wide", [10, 40])
def test_a_digit_that_is_cut_to_its_ink_is_kept(three, wide):
    drawn = three(SIDE)
    rows, columns = (np.flatnonzero((drawn > 0.5).any(axis=axis)) for axis in (1, 0))
    cut = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]

    assert np.array_equal(kept(cut), cut)
    assert np.array_equal(kept(np.ones((SIDE, wide), np.float32)), np.ones((SIDE, wide), np.float32))


def test_pieces_inside_a_digit_that_is_cut_to_its_ink_are_kept_with_it():
    broken = np.ones((SIDE, SIDE), np.float32)
    broken[12:84, 12:84] = 0
    broken[:12, 40:50] = broken[84:, 40:50] = 0  # two halves of a ring
    broken[40:56, 40:56] = 1

    assert np.array_equal(kept(broken), broken)


@pytest.mark.parametrize("pen", [6, 10, 20])
def test_what_lies_along_the_edges_of_a_broken_digit_that_is_cut_to_its_ink_is_kept(pen):
    five = np.zeros((SIDE, SIDE), np.float32)
    five[:pen, 50:] = 1  # the bar
    five[: SIDE // 2, :pen] = five[SIDE // 2 - pen : SIDE // 2, :60] = 1
    five[SIDE // 2 + 4 :, -pen:] = five[-pen:] = 1  # the rest of it, which does not meet it

    assert np.array_equal(kept(five), five)


@pytest.mark.parametrize("what", ["a bar above", "a second digit", "a one"])
def test_what_belongs_to_the_digit_or_is_as_large_is_kept(page, three, what):
    if what == "a bar above":
        page[18:21, 36:60] = 0.6
    elif what == "a second digit":
        page[24:72, 64:94] = 0.6 * three(48)[:, 9:39]
    else:
        page[25:71, 80:84] = 0.6

    assert np.array_equal(kept(page), page)


def test_a_zero_of_straight_lines_is_no_printed_box():
    zero = np.zeros((SIDE, SIDE), np.float32)
    zero[20:76, 34:64] = 1
    zero[24:72, 38:60] = 0

    assert np.array_equal(kept(zero), zero)


def test_a_single_upright_line_is_a_one_unless_it_goes_from_edge_to_edge(page):
    one = np.zeros_like(page)
    one[20:70, 46:49] = 1
    through = np.zeros_like(page)
    through[:, 46:49] = 1

    assert np.array_equal(kept(one), one)
    assert not kept(through).any()


@pytest.mark.parametrize("turn", [np.asarray, np.transpose])
def test_a_thick_zero_in_a_strip_is_no_dot(turn):
    down, across = np.indices((24, 192)) - np.array([12, 100])[:, np.newaxis, np.newaxis]
    zero = (np.abs(np.hypot(down, across) - 7) < 3).astype(np.float32)
    strip = zero.copy()
    strip[10:13, 30:33] = 1  # which is one

    assert np.array_equal(turn(kept(turn(strip))), zero)


def test_a_swarm_is_left_as_it_is():
    swarm = np.zeros((SIDE, SIDE), np.float32)
    swarm[::5, ::5] = 1

    assert subject(swarm) is None


def test_of_few_pixels_corners_are_left_out_and_ink_at_the_edge_is_not():
    digit = np.zeros((16, 16), np.float32)
    digit[2:, 5:8] = 1
    corners = digit.copy()
    corners[0, :2] = corners[1, 0] = corners[0, -1] = corners[-1, 0] = 1

    assert np.array_equal(without_light(digit), digit)
    assert np.array_equal(without_light(corners), digit)
