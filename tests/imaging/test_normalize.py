import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from service.imaging import Choice, Limits, Picture, decode, normalize
from service.imaging.frame import frame
from service.imaging.ink import box_of
from service.imaging.normalize import Step
from service.imaging.parts import parts_of


@pytest.fixture(scope="session")
def framed_three(three):
    """A 3 as MNIST would hold it: (28, 28) uint8, light on dark, 20 pixels high, centred."""
    left, top, right, bottom = box_of(three() > 0)
    return np.rint(frame(three()[top:bottom, left:right], thicken=True).picture * 255).astype(np.uint8)


def pixels_of(png, **options):
    return normalize(decode(png, Limits()), **options).pixels.reshape(28, 28)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "I;16"])
def test_a_framed_digit_passes_bit_for_bit_in_every_mode(framed_three, to_bytes, mode):
    deep = framed_three * np.uint16(257)
    image = Image.fromarray(deep) if mode == "I;16" else Image.fromarray(framed_three).convert(mode)

    assert np.array_equal(pixels_of(to_bytes(image)), framed_three.astype(np.float32) / 255)


@pytest.mark.mnist
def test_every_test_digit_of_mnist_passes_bit_for_bit(mnist_test_images, to_bytes):
    changed = [
        number
        for number, image in enumerate(mnist_test_images)
        if not np.array_equal(pixels_of(to_bytes(image, compress_level=0)), image.astype(np.float32) / 255)
    ]

    assert changed == []


def test_of_an_untouched_image_the_answer_says_so(framed_three, to_bytes):
    untouched = normalize(decode(to_bytes(framed_three), Limits()))

    assert not untouched.inverted
    assert (untouched.scale, untouched.shift) == (1, (0, 0))
    assert untouched.bounding_box == box_of(framed_three > 0.25 * 255)
    assert untouched.ink == pytest.approx(framed_three.mean() / 255)
    assert not untouched.blank
    assert not untouched.several


def test_a_framed_digit_in_black_on_white_is_inverted_and_else_untouched(framed_three, to_bytes):
    inverted = normalize(decode(to_bytes(255 - framed_three), Limits()))

    assert inverted.inverted
    assert inverted.scale == 1
    assert np.abs(inverted.pixels.reshape(28, 28) - framed_three / 255).max() < 1e-6


def uneven(grey):
    rows, columns = np.indices(grey.shape) / len(grey)
    return grey * (1 - 0.3 * rows - 0.2 * columns**2)


def moved(grey):
    page = np.full((500, 700), grey[0, 0])
    page[300:440, 50:190] = grey
    return page


def on_a_table(grey):
    table = np.pad(grey, ((30, 0), (0, 40)), mode="edge")
    table[:30], table[:, -40:] = 0.2, 0.2
    return table


def with_specks(grey):
    page = np.pad(grey, 30, constant_values=grey[0, 0])
    for row, column in ((10, 15), (180, 40), (100, 190)):
        page[row : row + 4, column : column + 4] = 0.1
    return page


def ruled(grey):
    lined = np.pad(grey, 20, mode="edge")
    lined[5::30] = np.minimum(lined[5::30], 0.5)
    return lined


def half_in_shadow(grey):
    rows, columns = np.indices(grey.shape) / len(grey)
    return grey * np.where(columns + 0.3 * rows > 0.8, 0.55, 1)


UPLOADS = {
    "black on white": lambda ink, _rng: 1 - ink,
    "white on black": lambda ink, _rng: ink,
    "pencil on grey": lambda ink, _rng: 0.7 - 0.2 * ink,
    "chalk on a board": lambda ink, _rng: 0.2 + 0.6 * ink,
    "light from one side": lambda ink, _rng: uneven(0.9 - 0.7 * ink),
    "sensor noise": lambda ink, rng: 0.85 - 0.7 * ink + rng.normal(0, 0.03, ink.shape),
    "somewhere on a page": lambda ink, _rng: moved(0.95 - 0.85 * ink),
    "cut tightly": lambda ink, _rng: 1 - ink[12:128, 30:110],
    "enlarged": lambda ink, _rng: 1 - np.kron(ink, np.ones((4, 4))),
    "with a paper edge in view": lambda ink, _rng: on_a_table(0.9 - 0.8 * ink),
    "among specks": lambda ink, _rng: with_specks(0.95 - 0.85 * ink),
    "on ruled paper": lambda ink, _rng: ruled(0.95 - 0.85 * ink),
    "half in shadow": lambda ink, _rng: half_in_shadow(0.9 - 0.8 * ink),
    "cut to its ink": lambda ink, _rng: 1 - ink[14:126, 37:103],
    "turned to portrait": lambda ink, _rng: 1 - np.pad(ink, ((90, 20), (0, 0))),
}


@pytest.mark.parametrize("name", UPLOADS)
def test_the_same_digit_comes_out_whatever_it_is_written_on(three, framed_three, to_bytes, name):
    grey = UPLOADS[name](three(), np.random.default_rng(0))

    pixels = pixels_of(to_bytes(np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)))

    assert pixels.dtype == np.float32
    assert np.abs(pixels - framed_three / 255).mean() < 0.02


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 30), (250, 230, 90)])
def test_ink_held_in_the_opacity_alone_is_seen(three, framed_three, to_bytes, colour):
    image = Image.new("RGBA", (140, 140), colour)
    image.putalpha(Image.fromarray(np.rint(three() * 200).astype(np.uint8)))

    assert np.abs(pixels_of(to_bytes(image)) - framed_three / 255).mean() < 0.02


@pytest.mark.parametrize(("ink", "paper"), [("navy", "yellow"), ("red", "white"), ("pink", "darkgreen")])
def test_coloured_ink_on_coloured_paper_is_seen(three, framed_three, to_bytes, ink, paper):
    drawn = Image.fromarray(np.rint(three() * 255).astype(np.uint8))

    pixels = pixels_of(to_bytes(ImageOps.colorize(drawn, paper, ink)))

    assert np.abs(pixels - framed_three / 255).mean() < 0.02


@pytest.mark.parametrize("side", [10, 14, 20, 27])
def test_a_small_picture_is_scaled_and_centred(three, framed_three, as_picture, side):
    small = normalize(as_picture(1 - three(side)))

    assert small.inverted
    assert np.abs(small.pixels.reshape(28, 28) - framed_three / 255).mean() < 0.06


def test_the_box_is_told_in_pixels_of_the_upload(three, to_bytes):
    page = np.zeros((600, 500))
    page[100:520, 50:470] = three(420)

    normalized = normalize(decode(to_bytes(np.rint(page * 255).astype(np.uint8)), Limits()))

    assert np.abs(np.subtract(normalized.bounding_box, box_of(page > 0.25))).max() <= 8  # 4 pixels to one
    _, top, _, bottom = normalized.bounding_box
    assert normalized.scale == pytest.approx(20 / (bottom - top))


def test_a_box_that_reaches_the_edge_ends_there(to_bytes):
    grey = np.full((401, 401), 255, np.uint8)
    grey[300:, 200:260] = 0

    left, top, right, bottom = normalize(decode(to_bytes(grey), Limits())).bounding_box

    assert (left, top, right) == pytest.approx((200, 300, 260), abs=3)  # 3 pixels to one
    assert bottom == 401


def test_the_box_of_enlarged_pixels_is_told_in_pixels_of_the_upload(three, to_bytes):
    large = np.rint(three(14) * 255).astype(np.uint8).repeat(30, axis=0).repeat(30, axis=1)

    normalized = normalize(decode(to_bytes(large), Limits()))

    assert normalized.bounding_box == tuple(30 * edge for edge in box_of(three(14) > 0.1))
    assert normalized.scale == pytest.approx(
        20 / max(np.diff(np.reshape(normalized.bounding_box, (2, 2)), axis=0)[0])
    )


@pytest.mark.parametrize("factor", [2, 5, 12])
def test_a_framed_digit_enlarged_by_repeating_pixels_comes_back_bit_for_bit(framed_three, to_bytes, factor):
    large = framed_three.repeat(factor, axis=0).repeat(factor, axis=1)

    assert np.array_equal(pixels_of(to_bytes(large)), framed_three.astype(np.float32) / 255)


def test_the_shift_says_how_far_right_and_down_the_ink_went(as_picture):
    ink = np.zeros((120, 120))
    ink[20:100, 55:65] = 1
    ink[20:30, 30:90] = 1  # heavy above, so it comes down

    right, down = normalize(as_picture(ink)).shift

    assert right == pytest.approx(0.5, abs=0.2)
    assert 2 < down <= 4


@pytest.mark.parametrize("size", [(28, 28), (20, 20), (150, 190)])
@pytest.mark.parametrize("paper", [0, 0.3, 0.6, 1])
@pytest.mark.parametrize("invert", Choice)
@pytest.mark.parametrize("center", Choice)
def test_a_blank_page_is_blank_whatever_its_colour(as_picture, size, paper, invert, center):
    page = np.clip(np.random.default_rng(0).normal(paper, 0.004, size), 0, 1)

    blank = normalize(as_picture(page), invert, center)

    assert blank.blank
    assert blank.bounding_box is None
    assert not blank.pixels.any()
    assert (blank.pixels.shape, blank.ink, blank.scale, blank.shift) == ((784,), 0, 1, (0, 0))


def test_a_blank_page_with_lines_on_it_is_blank(as_picture):
    assert normalize(as_picture(ruled(np.full((150, 150), 0.9)))).blank


@pytest.mark.parametrize("side", [28, 140])
@pytest.mark.parametrize("invert", [Choice.YES, Choice.NO])
def test_the_side_of_the_ink_may_be_told(three, as_picture, side, invert):
    dark_ink = invert is Choice.YES
    drawn = three(side, pen=0.15)
    right, wrong = (1 - drawn, drawn) if dark_ink else (drawn, 1 - drawn)

    told = normalize(as_picture(right), invert)
    found = normalize(as_picture(right))

    assert told.inverted == dark_ink
    assert np.array_equal(told.pixels, found.pixels)
    assert normalize(as_picture(wrong), invert).inverted == dark_ink


def test_told_the_wrong_side_it_sees_the_paper_as_ink(framed_three, as_picture):
    light = normalize(as_picture(framed_three / 255), Choice.YES)

    assert light.pixels.mean() != pytest.approx(framed_three.mean() / 255, abs=0.05)


def test_told_to_centre_it_frames_a_framed_digit_anew(framed_three, as_picture):
    off = np.roll(framed_three / 255, 1, axis=1)

    assert np.array_equal(normalize(as_picture(off)).pixels.reshape(28, 28), off.astype(np.float32))
    centred = normalize(as_picture(off), center=Choice.YES)

    assert centred.shift != (0, 0)
    assert np.abs(centred.pixels.reshape(28, 28) - framed_three / 255).mean() < 0.04


def test_told_not_to_centre_it_leaves_28_pixels_where_they_are(framed_three, as_picture):
    off = np.roll(framed_three / 255, 4, axis=1).astype(np.float32)

    assert np.array_equal(normalize(as_picture(off), center=Choice.NO).pixels.reshape(28, 28), off)
    assert not np.array_equal(normalize(as_picture(off)).pixels.reshape(28, 28), off)


def test_told_not_to_centre_it_scales_the_whole_picture(three, as_picture):
    page = np.zeros((140, 140))
    page[:60, :60] = three(60)

    kept = normalize(as_picture(0.9 - 0.8 * page), center=Choice.NO)

    assert kept.scale == 0.2
    assert kept.shift == (0, 0)
    assert np.abs(kept.pixels.reshape(28, 28) - page.reshape(28, 5, 28, 5).mean(axis=(1, 3))).mean() < 0.01


def test_two_digits_are_several(three, as_picture):
    both = normalize(as_picture(np.hstack([three(), three()])))

    assert both.several
    assert not normalize(as_picture(three())).several


def test_a_line_far_thinner_than_a_pixel_of_what_is_looked_at_stays_whole(to_bytes):
    """A pen of two or three pixels on a canvas of a thousand, of which imaging sees a sixth."""
    n_parts = []
    for seed in range(16):
        rng = np.random.default_rng(seed)
        canvas = Image.new("L", (1000, 1000), 250)
        turns, (right, down) = np.linspace(0, 2 * np.pi, 60), rng.uniform(500, 512, 2)
        eight = np.stack([right + 150 * np.sin(2 * turns), down + 300 * np.cos(turns)], axis=1)
        ImageDraw.Draw(canvas).line(eight.ravel().tolist(), 10, int(rng.integers(2, 4)))
        seen = {}
        normalize(decode(to_bytes(canvas), Limits()), saw=seen.__setitem__)
        n_parts.append(len(parts_of(seen[Step.BOX] > 0.5).areas))

    assert n_parts.count(1) >= 15


@pytest.mark.parametrize("center", Choice)
@pytest.mark.parametrize("side", [20, 28, 64, 190])
def test_noise_is_several(as_picture, side, center):
    noise = np.random.default_rng(0).random((side, side))

    assert normalize(as_picture(noise), center=center).several


@settings(deadline=None)
@given(
    width=st.integers(1, 60),
    height=st.integers(1, 60),
    seed=st.integers(0, 99),
    levels=st.integers(1, 8),
    invert=st.sampled_from(Choice),
    center=st.sampled_from(Choice),
)
def test_any_picture_becomes_784_numbers_from_0_to_1(width, height, seed, levels, invert, center):
    grey = np.random.default_rng(seed).integers(0, levels, (height, width)) / np.float32(levels)

    normalized = normalize(Picture(grey.astype(np.float32), (width, height), "L"), invert, center)

    assert normalized.pixels.shape == (784,)
    assert normalized.pixels.dtype == np.float32
    assert ((normalized.pixels >= 0) & (normalized.pixels <= 1)).all()
    assert normalized.ink == pytest.approx(float(normalized.pixels.mean()))
    assert normalized.blank == (not normalized.pixels.any())


@pytest.mark.mnist
def test_enlarged_digits_of_mnist_come_back(mnist_test_images, to_bytes):
    differences = []
    for image in mnist_test_images[:100]:
        large = Image.fromarray(255 - image).resize((224, 224), Image.Resampling.BICUBIC)
        differences.append(np.abs(pixels_of(to_bytes(large)) - image / 255).mean())

    assert np.median(differences) < 0.035
    assert max(differences) < 0.08
