import io
import struct
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from service.errors import BadImageError, ImageError, ImageTooLargeError
from service.imaging import Format, Limits, decode
from service.imaging.jpeg import jpeg_size, jpeg_source

JPEG = Limits(formats=frozenset({Format.JPEG}))
START, END = b"\xff\xd8", b"\xff\xd9"


def saved(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **{"quality": 95} | options)
    return out.getvalue()


def segment(marker, content):
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def frame(width=16, height=16, marker=0xC0, precision=8, components=1):
    return segment(
        marker, struct.pack(">BHHB", precision, height, width, components) + b"\1\x11\0" * components
    )


@pytest.fixture(scope="module")
def photo():
    """A smooth picture of 300 × 200 pixels, in colour."""
    y, x = np.mgrid[:200, :300]
    colours = np.stack((x * 255 // 299, y * 255 // 199, 255 - x * 255 // 299), axis=-1)
    return Image.fromarray(colours.astype(np.uint8))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 2}, {"optimize": True}])
def test_the_light_is_what_pillow_makes_of_the_colours(photo, options):
    picture = decode(saved(photo, **options), JPEG)

    expected = np.asarray(photo.convert("L").reduce(2)) / 255
    assert np.abs(picture.grey - expected).max() < 4 / 255
    assert (picture.size, picture.mode) == ((300, 200), "RGB")


def test_a_small_picture_keeps_every_pixel(photo):
    grey = photo.convert("L").resize((100, 80))

    picture = decode(saved(grey), JPEG)

    assert picture.grey.shape == (80, 100)
    assert np.abs(picture.grey - np.asarray(grey) / 255).max() < 4 / 255
    assert picture.mode == "L"


@pytest.mark.parametrize("size", [(193, 10), (1001, 700), (4096, 3), (1537, 1537)])
def test_a_large_picture_is_reduced_to_at_most_192_pixels_a_side(size):
    picture = decode(saved(Image.new("L", size, 100)), JPEG)

    assert picture.size == size
    assert 96 <= max(picture.grey.shape) <= 192
    assert np.abs(picture.grey - 100 / 255).max() < 2 / 255


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_picture_comes_upright(photo, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation

    picture = decode(saved(photo, exif=exif), JPEG)

    plain = decode(saved(photo), JPEG).grey
    turns = {1: 0, 3: 2, 6: 3, 8: 1}
    assert np.array_equal(picture.grey, np.rot90(plain, turns[orientation]))
    assert picture.size == ((300, 200) if orientation in {1, 3} else (200, 300))


@pytest.mark.parametrize("second", [b"Exif\0\0" + b"what did not fit into the first" * 9, None])
def test_of_several_orientations_the_first_counts_as_it_does_for_pillow(photo, second):
    exif, upright = Image.Exif(), Image.Exif()
    exif[0x0112], upright[0x0112] = 6, 1
    content = saved(photo, exif=exif)
    place = content.index(b"\xff\xdb")
    both = content[:place] + segment(0xE1, second or upright.tobytes()) + content[place:]

    assert Image.open(io.BytesIO(both)).getexif()[0x0112] == 6
    assert decode(both, JPEG).size == (200, 300)


ADOBE_RGB = segment(0xEE, b"Adobe\0d\0\0\0\0\0")


def test_colours_are_those_of_jfif_whatever_adobe_says(photo):
    plain = saved(photo)
    content = plain[:2] + ADOBE_RGB + plain[2:]

    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), Image.open(io.BytesIO(plain)))
    assert np.array_equal(decode(content, JPEG).grey, decode(plain, JPEG).grey)


def test_without_jfif_adobes_word_counts_and_a_jfif_too_short_is_none(photo):
    content = saved(photo, keep_rgb=True, subsampling=0)
    light = np.asarray(photo.reduce(2).convert("L")) / 255
    assert ADOBE_RGB in content

    for before in (b"", segment(0xE0, b"JFIF\0"), segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0")):
        assert np.abs(decode(START + before + content[2:], JPEG).grey - light).max() < 4 / 255


def test_what_is_no_part_of_the_picture_is_not_handed_on(photo):
    content = saved(photo)
    plain = decode(content, JPEG).grey
    noise = b"".join(segment(marker, bytes(range(256)) * 200) for marker in (0xE1, 0xE2, 0xE2, 0xED, 0xFE))

    assert np.array_equal(decode(START + noise + content[2:] + b"what a camera left here", JPEG).grey, plain)


def test_fill_bytes_before_a_marker_are_allowed(photo):
    content = saved(photo)

    assert np.array_equal(decode(START + b"\xff\xff" + content[2:], JPEG).grey, decode(content, JPEG).grey)


@pytest.mark.parametrize("options", [{}, {"restart_marker_blocks": 1}, {"progressive": True}])
def test_fill_bytes_in_a_scan_change_nothing_and_are_not_handed_on(photo, options):
    content = saved(photo, **options)
    fill = b"\xff" * 1_000_000
    place = content.index(b"\xff\xda") + 14
    data = content[place:].replace(b"\xff\xd0", fill + b"\xff\xd0", 1)
    filled = content[:place] + data[:-2] + fill + END

    source = jpeg_source(filled, JPEG)

    assert sum(map(len, *source.load.args)) <= len(content) + 1
    assert np.array_equal(decode(filled, JPEG).grey, decode(content, JPEG).grey)


def test_to_leave_out_many_fill_bytes_takes_little_memory(photo):
    content = saved(photo)[:-2] + b"\xff\xff\0" * 300_000 + END

    tracemalloc.start()
    jpeg_source(content, JPEG)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 5 * len(content)


SCAN = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x00\xff\x00\x01"
BROKEN = {
    "cut off behind its start": (START, "has no end"),
    "cut off in a segment": (START + segment(0xDB, bytes(65))[:30], "has no end"),
    "cut off in a scan": (START + frame() + SCAN, "has no end"),
    "no marker": (START + b"abcdef", "no segment begins at byte 2"),
    "a marker that stands alone": (START + b"\xff\x01\0\2" + END, "no segment begins"),
    "a length below two": (START + b"\xff\xdb\0\1" + END, "no segment begins"),
    "arithmetic coding": (START + frame(marker=0xC9) + SCAN + END, "coded in a way"),
    "lossless": (START + frame(marker=0xC3) + SCAN + END, "coded in a way"),
    "two frames": (START + frame() + frame() + SCAN + END, "more than one frame"),
    "a short frame": (START + segment(0xC0, b"\x08\0") + SCAN + END, "too short"),
    "twelve bits": (START + frame(precision=12) + SCAN + END, "neither grey nor RGB"),
    "four components": (START + frame(components=4) + SCAN + END, "neither grey nor RGB"),
    "no width": (START + frame(width=0) + SCAN + END, "no picture in it"),
    "no height": (START + frame(height=0) + SCAN + END, "no picture in it"),
    "no scan": (START + frame() + END, "no image data"),
    "a scan before its frame": (START + SCAN + frame() + END, "before its frame"),
    "too many scans": (START + frame() + SCAN * 33 + END, "more than 32 scans"),
    "too many segments": (START + segment(0xFE, b"") * 4097 + END, "more than 4096 segments"),
    "no tables": (START + frame() + SCAN + END, "cannot be decoded"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_jpeg_is_refused_with_a_reason(content, message):
    with pytest.raises(BadImageError, match=message):
        jpeg_source(content, JPEG).load(1)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.99])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_cut_off_anywhere_is_refused(photo, share, progressive):
    content = saved(photo, progressive=progressive)

    with pytest.raises(BadImageError):
        decode(content[: int(share * len(content))], JPEG)


def test_one_that_claims_too_much_is_refused_before_it_is_decoded():
    with pytest.raises(ImageTooLargeError, match="60000x60000"):
        jpeg_source(START + frame(60_000, 60_000) + SCAN + END, JPEG)


def test_the_size_that_a_jpeg_claims_is_read_without_a_check(photo):
    assert jpeg_size(saved(photo)) == (300, 200)
    assert jpeg_size(START + frame(60_000, 50_000)) == (60_000, 50_000)
    assert jpeg_size(START + segment(0xC0, b"\x08")) == (0, 0)


def test_bytes_changed_at_random_are_read_or_refused(photo):
    rng = np.random.default_rng(0)
    content = saved(photo, progressive=True)
    for _ in range(200):
        changed = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            changed[place] = rng.integers(256)
        try:
            grey = decode(bytes(changed), JPEG).grey
        except ImageError:
            continue
        assert ((grey >= 0) & (grey <= 1)).all()
