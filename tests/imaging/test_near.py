from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from service.imaging import Choice, Format, Limits, decode, normalize, read
from service.imaging.decode import LARGEST

PAGE = (1500, 1100)  # pixels, wide and high


@pytest.fixture(scope="session")
def on_a_page(three):
    """Write a 3 somewhere on a large white page: its side and place, in pixels."""

    def write(side, left, top):
        page = np.full(PAGE[::-1], 255, np.uint8)
        page[top : top + side, left : left + side] = np.rint(255 * (1 - three(side)))
        return Image.fromarray(page)

    return write


@pytest.mark.parametrize(("side", "left", "top"), [(60, 700, 500), (90, 1400, 20), (150, 30, 900)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P"])
def test_a_small_digit_is_read_as_a_large_one(three, on_a_page, to_bytes, side, left, top, mode):
    large = read(to_bytes(np.rint(255 * (1 - three(140))).astype(np.uint8)), Limits()).normalized

    found = read(to_bytes(on_a_page(side, left, top).convert(mode)), Limits())

    assert found.near is not None
    assert np.abs(found.normalized.pixels - large.pixels).mean() < 0.03
    ink = np.array([0.3, 0.1, 0.7, 0.9]) * side + [left, top, left, top]
    assert found.normalized.bounding_box == pytest.approx(ink, abs=0.06 * side + 2)
    assert found.picture.size == PAGE


BACK = {  # what undoes each of EXIF's orientations
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", BACK)
def test_a_page_on_its_side_is_looked_at_where_the_digit_is(on_a_page, to_bytes, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = on_a_page(80, 1100, 300)
    stored = upright.transpose(BACK[orientation])

    turned = read(to_bytes(stored, exif=exif), Limits())
    straight = read(to_bytes(upright), Limits())

    assert turned.normalized.bounding_box == straight.normalized.bounding_box
    assert np.array_equal(turned.normalized.pixels, straight.normalized.pixels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P", "I;16"])
def test_a_part_is_what_lies_there_in_the_whole(to_bytes, mode):
    greys = np.random.default_rng(0).integers(0, 256, (90, 120), np.uint8)
    image = (
        Image.fromarray(greys * np.uint16(257)) if mode == "I;16" else Image.fromarray(greys).convert(mode)
    )

    part = decode(to_bytes(image), Limits(), part=(20, 30, 100, 70))

    assert np.array_equal(part.grey, decode(to_bytes(image), Limits()).grey[30:70, 20:100])
    assert part.size == (80, 40)


def test_of_a_jpeg_that_is_decoded_in_part_the_same_part_is_looked_at(on_a_page):
    sent = BytesIO()
    on_a_page(400, 800, 300).save(sent, "JPEG", quality=95)
    limits = Limits(formats=frozenset(Format))

    part = decode(sent.getvalue(), limits, part=(800, 300, 1200, 700))

    shown = np.asarray(on_a_page(400, 800, 300).crop((800, 300, 1200, 700)).resize(part.grey.shape[::-1]))
    assert max(part.grey.shape) <= LARGEST
    assert np.abs(part.grey - shown / 255).mean() < 0.02


@pytest.mark.parametrize(
    ("side", "center"), [(400, Choice.AUTO), (60, Choice.NO)], ids=["a large digit", "told not to frame"]
)
def test_nothing_else_is_looked_at_again(on_a_page, to_bytes, side, center):
    png = to_bytes(on_a_page(side, 500, 300))

    found = read(png, Limits(), center=center)

    assert found.near is None
    assert np.array_equal(
        found.normalized.pixels, normalize(decode(png, Limits()), Choice.AUTO, center).pixels
    )


def test_a_blank_page_is_not_looked_at_again(to_bytes):
    assert read(to_bytes(Image.new("L", PAGE, "white")), Limits()).near is None


def test_two_small_digits_are_told_from_one_another_from_near(on_a_page, to_bytes):
    two = np.minimum(np.asarray(on_a_page(60, 700, 500)), np.asarray(on_a_page(60, 735, 500)))

    assert read(to_bytes(two), Limits()).normalized.several


def test_where_nothing_is_seen_from_near_it_is_as_it_was_from_afar(on_a_page, to_bytes, monkeypatch):
    png = to_bytes(on_a_page(60, 700, 500))

    def blind(content, limits, budget=None, part=None):
        return decode(content, limits, budget, part and (0, 0, 100, 100))

    monkeypatch.setattr("service.imaging.near.decode", blind)
    found = read(png, Limits())

    assert found.near is None
    assert np.array_equal(found.normalized.pixels, normalize(decode(png, Limits())).pixels)


def test_each_stage_is_told_as_it_ends(on_a_page, to_bytes):
    told = []
    read(to_bytes(on_a_page(60, 700, 500)), Limits(), passed=told.append)

    assert told == ["decode", "preprocess"] * 2
