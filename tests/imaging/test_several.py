import numpy as np
import pytest
from PIL import Image

from service.imaging.ink import LONGEST, outline_of
from service.imaging.several import holds_several


def enlarge(images, factor=3):
    return [
        np.asarray(Image.fromarray(image).resize((28 * factor,) * 2, Image.Resampling.BILINEAR)) / 255
        for image in images
    ]


def cut_out(ink):
    rows, columns = (np.flatnonzero((ink > 0.25).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def beside(left, right, gap):
    return np.hstack([left, np.zeros((len(left), gap)), right])


def test_two_digits_beside_each_other_are_several(three):
    digit = cut_out(three(100))

    assert holds_several(beside(digit, digit, gap=2))


def test_three_digits_beside_each_other_are_several(three):
    digit = cut_out(three(100))

    assert holds_several(beside(beside(digit, digit, gap=5), digit, gap=5))


def test_the_gap_may_lean():
    both = np.zeros((100, 61), np.float32)
    for row in range(100):
        for start in (0, 24):
            both[row, start + (99 - row) // 4 :][:12] = 1  # two slanted strokes

    assert (both > 0).any(axis=0)[:60].all()  # no column is empty
    assert holds_several(both)


def test_two_digits_one_below_the_other_are_several(three):
    digit = cut_out(three(100))

    assert holds_several(np.vstack([digit, np.zeros((4, digit.shape[1])), digit]))


def test_a_five_with_its_bar_apart_is_one():
    five = np.zeros((100, 60), np.float32)
    five[:12] = 1  # the bar
    five[16:, 20:35] = 1

    assert not holds_several(five)


def test_one_digit_is_one(three):
    assert not holds_several(cut_out(three(100)))


def test_two_that_hang_together_by_a_single_stroke_are_several():
    ring = np.pad(np.zeros((60, 40)), 10, constant_values=1)
    bridge = np.pad(np.ones((10, 8)), ((35, 35), (0, 0)))

    assert holds_several(np.hstack([ring, bridge, ring]))


def test_two_that_run_into_each_other_pass_for_one(three):
    digit = cut_out(three(100))

    assert not holds_several(np.hstack([digit[:, :-8], digit[:, 8:]]))


@pytest.mark.parametrize("low", [False, True])
def test_a_wide_figure_of_one_piece_is_one(low):
    figure = np.zeros((80, 120))
    figure[:10] = 1  # a long bar
    figure[:, 55:65] = 1
    if low:
        figure[70:] = 1

    assert not holds_several(figure)


@pytest.mark.parametrize("what", ["small beside large", "low beside high"])
def test_a_speck_or_a_dash_beside_a_digit_is_no_second_one(three, what):
    digit = cut_out(three(100))
    other = np.zeros((len(digit), 40))
    if what == "small beside large":
        other[10:20, :6] = 1
    else:
        other[40:70] = 1

    assert not holds_several(beside(digit, other, gap=10))


def test_the_gaps_that_a_crayon_leaves_make_no_swarm_of_a_digit(three):
    gaps = np.random.default_rng(0).random((150, 150)) < 0.35
    digit = cut_out(three(150, pen=0.07) * ~gaps)

    assert outline_of(digit > 0.5) > LONGEST * max(digit.shape)  # as long as noise has it
    assert not holds_several(digit)


@pytest.mark.parametrize("side", [16, 28, 64, 192])
@pytest.mark.parametrize("density", [0.3, 0.5])
def test_noise_is_a_swarm(side, density):
    noise = np.random.default_rng(0).random((side, side)) < density

    assert holds_several(noise.astype(np.float32))


@pytest.mark.parametrize("n", [3, 4, 12])
def test_specks_of_one_size_are_a_swarm(n):
    ink = np.zeros((64, 64), np.float32)
    places = np.random.default_rng(n).permutation(64)[:n]
    for place in places:
        row, column = 8 * (place // 8), 8 * (place % 8)
        ink[row : row + 5, column : column + 5] = 1

    assert holds_several(cut_out(ink))


def test_a_digit_among_crumbs_is_one(three):
    ink = np.pad(cut_out(three(100)), 20)
    for place in range(5, 120, 20):
        ink[place : place + 4, 2:6] = 1

    assert not holds_several(ink)


@pytest.mark.parametrize("side", [60, 120])
def test_a_stroke_with_narrow_breaks_is_one(three, side):
    ink = cut_out(three(side))
    ink[:: side // 6] = 0

    assert not holds_several(ink)


def test_no_ink_at_all_is_not_several():
    assert not holds_several(np.zeros((9, 9), np.float32))


@pytest.mark.mnist
def test_hardly_a_test_digit_of_mnist_passes_for_several(mnist_test_images):
    found = [holds_several(cut_out(ink)) for ink in enlarge(mnist_test_images)]

    assert sum(found) <= 10  # of ten thousand


@pytest.mark.mnist
def test_two_test_digits_beside_each_other_are_told(mnist_test_images):
    digits = [cut_out(ink) for ink in enlarge(mnist_test_images[:1000])]
    pairs = zip(digits[::2], digits[1::2], strict=True)

    found = [holds_several(beside(*even(left, right), gap=4)) for left, right in pairs]

    assert np.mean(found) > 0.9


def even(left, right):
    """Give both the same height, with paper below."""
    height = max(len(left), len(right))
    return [np.pad(digit, ((0, height - len(digit)), (0, 0))) for digit in (left, right)]
