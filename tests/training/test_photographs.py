import io

import numpy as np
import pytest
from PIL import Image

from service.imaging import Limits, decode, normalize
from service.training import photographs
from service.training.photographs import HELD_OUT, KINDS, SEEN, draw, framed, upload
from service.training.photographs.page import tightly
from service.training.photographs.pen import PENS, write


@pytest.fixture
def digit(digits):
    return digits.images[3]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_picture_that_the_service_reads(kind, digit):
    picture = decode(upload(kind, np.random.default_rng(0), digit), Limits())

    assert not normalize(picture).blank


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_generator_draws_the_same_picture(kind, digit):
    first, second, other = (upload(kind, np.random.default_rng(seed), digit) for seed in (4, 4, 5))

    assert first == second
    assert first != other


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_touches_the_digit(kind, digit):
    before = digit.copy()
    draw(kind, np.random.default_rng(0), digit)

    assert np.array_equal(digit, before)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_digit_there_is_paper(kind):
    drawn = draw(kind, np.random.default_rng(0), np.zeros(784, np.float32))

    assert min(drawn.size) >= 8


def test_what_is_held_out_is_not_trained_on():
    assert not set(SEEN) & set(HELD_OUT)
    assert set(KINDS) == set(SEEN) | set(HELD_OUT)


def test_framed_pictures_stand_in_the_frame_of_mnist(digits):
    read = framed(("black on white", "coloured"), np.random.default_rng(0), digits.images[:40])

    pictures = read.reshape(-1, 28, 28)
    assert (read.shape, read.dtype) == ((40, 784), np.float32)
    assert (pictures.max(axis=(1, 2)) > 0.9).all()
    assert not pictures[:, :2].any()
    assert not pictures[:, :, -2:].any()
    assert len(np.unique(read, axis=0)) == 40


def test_none_can_be_framed():
    assert framed(SEEN, np.random.default_rng(0), np.zeros((0, 784), np.float32)).shape == (0, 784)


def test_a_thick_pen_leaves_more_ink_and_a_thin_one_less(digit):
    thin, usual, thick = (
        write(np.random.default_rng(0), digit.reshape(28, 28), 280, pen).sum()
        for pen in ("thin", "usual", "thick")
    )

    assert set(PENS) == {"thin", "usual", "thick"}
    assert 0 < thin < 0.8 * usual
    assert thick > 1.2 * usual


def test_a_tight_cut_touches_all_four_edges_and_leaves_bare_paper_alone(digit):
    cut = tightly(write(np.random.default_rng(0), digit.reshape(28, 28), 280)) > 0.5

    assert all(edge.any() for edge in (cut[0], cut[-1], cut[:, 0], cut[:, -1]))
    assert tightly(np.zeros((9, 9), np.float32)).shape == (9, 9)


@pytest.mark.parametrize(
    ("kind", "modes"),
    [("ink in alpha", {"RGBA"}), ("coloured", {"RGB"}), ("scan", {"1", "P"}), ("16 bits", {"I;16"})],
)
def test_a_kind_is_held_as_its_name_says(kind, modes, digit):
    drawn = {draw(kind, np.random.default_rng(seed), digit).mode for seed in range(12)}

    assert drawn == modes


def test_ink_in_alpha_has_one_colour_all_over(digit):
    pixels = np.asarray(draw("ink in alpha", np.random.default_rng(0), digit))

    assert len(np.unique(pixels[..., :3].reshape(-1, 3), axis=0)) == 1
    assert pixels[..., 3].min() == 0


def test_an_enlarged_picture_has_no_more_greys_than_pixels(digit):
    large = np.asarray(draw("8 pixels enlarged", np.random.default_rng(0), digit))

    factor = large.shape[0] // 8
    assert np.array_equal(large[::factor, ::factor].repeat(factor, axis=0).repeat(factor, axis=1), large)


def test_an_upload_is_a_png(digit):
    png = photographs.upload("photo", np.random.default_rng(0), digit)

    assert Image.open(io.BytesIO(png)).format == "PNG"
