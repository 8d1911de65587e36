import numpy as np
import pytest

from service.imaging.parts import parts_of, pieces_less_holes


def mask_of(*rows):
    return np.array([[letter != "." for letter in row] for row in rows])


def flooded(mask):
    """Count parts the slow way: flood one after the other, corners included."""
    left, n = {tuple(place) for place in np.argwhere(mask).tolist()}, 0
    while left:
        n, front = n + 1, [left.pop()]
        while front:
            row, column = front.pop()
            around = {(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)} & left
            left -= around
            front += around
    return n


def test_ink_that_touches_by_a_corner_hangs_together():
    parts = parts_of(mask_of("#....", ".#...", "...##"))

    assert parts.areas.tolist() == [2, 2]
    assert parts.boxes.T.tolist() == [[0, 0, 2, 2], [3, 2, 5, 3]]
    assert parts.widths.tolist() == [2, 2]
    assert parts.heights.tolist() == [2, 1]


def test_branches_that_meet_further_down_are_one_part():
    assert parts_of(mask_of("#.#.#", "#.#.#", "#####")).areas.tolist() == [11]


def test_the_end_of_a_row_does_not_touch_the_begin_of_the_next():
    assert len(parts_of(mask_of("..#", "...", "#..")).areas) == 2
    assert len(parts_of(mask_of("...#", "#...")).areas) == 2


def test_it_is_known_which_edges_of_the_picture_a_part_reaches():
    edges = parts_of(mask_of("#...", "....", "..##", "....")).edges

    assert edges.T.tolist() == [[True, True, False, False], [False, False, True, False]]


def test_parts_are_drawn_as_they_were():
    mask = mask_of("#..#", ".#.#", "...#")
    parts = parts_of(mask)

    assert np.array_equal(parts.mask_of(np.ones(2, bool)), mask)
    assert np.array_equal(parts.mask_of(np.array([True, False])), mask & (np.arange(4) < 2))
    assert parts.runs_of(1).tolist() == [[0, 1, 2], [3, 3, 3], [4, 4, 4]]


def test_nothing_has_no_parts():
    parts = parts_of(np.zeros((3, 4), bool))

    assert len(parts.areas) == 0
    assert parts.edges.shape == (4, 0)


@pytest.mark.parametrize("seed", range(12))
def test_there_are_as_many_parts_as_flooding_finds(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random(rng.integers(1, 40, 2)) < rng.choice((0.2, 0.35, 0.5))

    parts = parts_of(mask)

    assert len(parts.areas) == flooded(mask)
    assert parts.areas.sum() == mask.sum()


@pytest.mark.parametrize(
    ("count", "drawn"),
    [
        (0, ["...", "...", "..."]),
        (1, ["...", ".#.", "..."]),
        (2, ["#..", ".#.", "..."]),  # a corner joins none
        (0, ["###", "#.#", "###"]),
        (-1, ["#####", "#.#.#", "#####"]),
        (1, ["###.#", "#.#..", "###.."]),
    ],
)
def test_pieces_are_counted_less_their_holes(count, drawn):
    mask = np.array([[cell == "#" for cell in row] for row in drawn])

    assert pieces_less_holes(mask) == count
