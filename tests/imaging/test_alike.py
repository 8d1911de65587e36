"""Pictures of MNIST's size, many at a time: each as it would be by itself."""

from io import BytesIO
from operator import attrgetter

import numpy as np
import pytest
from PIL import Image

from service.errors import ImageError
from service.imaging import (
    Choice,
    Limits,
    Picture,
    decode,
    decode_alike,
    is_alike,
    normalize,
    normalize_alike,
)

SIZE = (28, 28)
TOLD = attrgetter("inverted", "bounding_box", "scale", "shift", "ink", "blank", "several")


@pytest.fixture
def digits():
    """(100, 28, 28) uint8: more than are decoded in one go, of every kind that normalizing tells apart."""
    rng = np.random.default_rng(3)
    digits = np.zeros((100, *SIZE), np.uint8)
    for number, digit in enumerate(digits):
        top, left = (4, 10) if number % 3 else rng.integers(0, 8, 2)
        digit[top : top + 20, left : left + 8] = rng.integers(number % 256, 256, (20, 8))
    digits[1::5] = 255 - digits[1::5]
    digits[7] = 0
    digits[8] = rng.integers(0, 256, SIZE)
    return digits


@pytest.fixture
def png_of(make):
    """Write pixels as a PNG whose rows are filtered in every way there is, or always in one."""

    def png(pixels, filtering=None, **parts):
        return picture(make, make.filtered(list(map(bytes, pixels)), 1, filtering), **parts)

    return png


def picture(make, rows, **parts):
    return make.picture(size=SIZE, data=make.chunk(b"IDAT", make.stored(bytes(rows))), **parts)


@pytest.fixture
def damaged(make, png_of, digits):
    """PNGs of that size that are not to be decoded with others, and such a one that is sound."""
    rows = bytearray(make.filtered(list(map(bytes, digits[0])), 1))
    sound = make.stored(bytes(rows))
    streams = {"no end": sound[:-4], "a wrong checksum": sound[:-4] + b"abcd", "more behind": sound + b"x"}
    rows[29] = 5
    return {
        "cut off": png_of(digits[0])[:-20],
        "a row is missing": picture(make, rows[:-29]),
        "a row too many": picture(make, rows[:-29] + rows[-29:] * 2),
        "a filter that there is not": picture(make, rows),
        **{
            name: make.picture(size=SIZE, data=make.chunk(b"IDAT", stream))
            for name, stream in streams.items()
        },
        "a transparent colour": png_of(digits[0], before=make.chunk(b"tRNS", b"\0\7")),
        "on its side": png_of(digits[0], before=make.exif(6)),
        "sound": png_of(digits[0]),
    }


def test_they_are_told_by_how_they_begin(make, png_of, digits):
    assert is_alike(png_of(digits[0]))
    others = [
        make.picture(),
        make.picture(16, size=SIZE),
        make.picture(size=SIZE, interlaced=True),
        b"",
        b"GIF",
    ]
    assert not any(map(is_alike, others))


@pytest.mark.parametrize("filtering", [None, 0, 1, 2, 3, 4])
def test_every_filter_is_undone_whatever_the_picture_before(png_of, digits, filtering):
    which, greys = decode_alike([png_of(digit, filtering) for digit in digits], Limits())

    assert which == list(range(100))
    assert np.array_equal(greys, digits.astype(np.float32) / 255)


def test_each_is_the_grey_that_it_has_by_itself(to_bytes, digits):
    pngs = [to_bytes(digit) for digit in digits]

    _, greys = decode_alike(pngs, Limits())

    assert all(
        np.array_equal(decode(png, Limits()).grey, grey) for png, grey in zip(pngs, greys, strict=True)
    )


def test_those_that_are_damaged_or_transparent_or_turned_are_left_to_others(damaged, digits):
    which, greys = decode_alike(list(damaged.values()), Limits())

    assert [list(damaged)[place] for place in which] == ["sound"]
    assert np.array_equal(greys[0], digits[0].astype(np.float32) / 255)


@pytest.mark.parametrize("compression", [0, 6])
def test_a_picture_with_a_changed_byte_is_read_as_by_itself_or_not_at_all(compression, digits):
    file = BytesIO()
    Image.fromarray(digits[0][::7].repeat(7, axis=0)).save(file, "PNG", compress_level=compression)
    png = file.getvalue()
    changed = [
        png[:at] + bytes([png[at] ^ bit]) + png[at + 1 :] for at in range(len(png)) for bit in (1, 128)
    ]
    cut = [png[:at] for at in range(len(png))]
    for other in filter(is_alike, (*changed, *cut, png + b"x", png[:-12] + png[-12:] * 2)):
        which, greys = decode_alike([other], Limits())
        try:
            alone = decode(other, Limits())
        except ImageError:
            assert which == []
        else:
            assert which in ([0], [])
            assert np.array_equal(greys, alone.grey[None][: len(which)])
    assert decode_alike([png + b"x"], Limits())[0] == [0]


def test_so_are_all_where_less_is_allowed(png_of, digits):
    which, greys = decode_alike([png_of(digits[0])], Limits(max_side=27))

    assert which == []
    assert greys.shape == (0, 28, 28)


@pytest.mark.parametrize("invert", Choice)
@pytest.mark.parametrize("center", [Choice.AUTO, Choice.NO])
def test_each_is_what_it_is_by_itself_or_left_to_be_framed(digits, invert, center):
    greys = digits.astype(np.float32) / 255
    together = normalize_alike(greys, invert, center)
    alone = [normalize(Picture(grey, SIZE, "L"), invert, center) for grey in greys]

    kept = [(one, other) for one, other in zip(together, alone, strict=True) if one is not None]
    assert 0 < len(kept) < len(greys)
    for one, other in kept:
        assert np.array_equal(one.pixels, other.pixels)
        assert TOLD(one) == TOLD(other)
