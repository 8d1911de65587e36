import io
import struct
from functools import partial

import numpy as np
import pytest
from PIL import Image

from service.errors import BadImageError, ImageError, ImageTooLargeError
from service.imaging import Format, Limits, decode
from service.imaging.webp import webp_size, webp_source

WEBP = Limits(formats=frozenset({Format.WEBP}))


def saved(image, **options):
    out = io.BytesIO()
    image.save(out, "WEBP", **options)
    return out.getvalue()


def riff(*chunks):
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2) for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def lossy(width, height):
    return b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", width, height)


def extended(width, height):
    return b"VP8X", bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


@pytest.fixture(scope="module")
def grey():
    """(80, 100) uint8, smooth."""
    y, x = np.mgrid[:80, :100]
    return (x + 2 * y).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_lossless_pixels_come_out_exactly(grey, mode):
    picture = decode(saved(Image.fromarray(grey).convert(mode), lossless=True), WEBP)

    assert np.array_equal(picture.grey, grey / np.float32(255))
    assert picture.size == (100, 80)
    assert picture.mode == "RGB"  # nothing of it is transparent, so the writer says nothing of opacity


def test_lossy_pixels_come_out_nearly(grey):
    picture = decode(saved(Image.fromarray(grey).convert("RGB"), quality=95), WEBP)

    assert np.abs(picture.grey - grey / 255).max() < 6 / 255
    assert picture.mode == "RGB"


@pytest.mark.parametrize("lossless", [False, True])
def test_what_is_drawn_in_opacity_alone_is_seen(lossless):
    samples = np.zeros((40, 40, 4), np.uint8)
    samples[10:30, 18:22, 3] = 255

    picture = decode(saved(Image.fromarray(samples), lossless=lossless), WEBP)

    assert picture.grey[20, 20] < 0.05
    assert picture.grey[2, 2] > 0.95
    assert picture.mode == "RGBA"


def test_of_an_animation_the_first_picture_is_read(grey):
    first, second = (Image.fromarray(samples).convert("RGB") for samples in (grey, 255 - grey))

    picture = decode(saved(first, save_all=True, append_images=[second], lossless=True), WEBP)

    assert np.array_equal(picture.grey, grey / np.float32(255))


def test_a_picture_comes_upright(grey):
    exif = Image.Exif()
    exif[0x0112] = 6

    picture = decode(saved(Image.fromarray(grey).convert("RGB"), lossless=True, exif=exif), WEBP)

    assert picture.size == (80, 100)
    assert np.array_equal(picture.grey, np.rot90(grey, -1) / np.float32(255))


def test_of_several_orientations_the_first_counts_as_it_does_for_pillow(grey):
    exif = [Image.Exif(), Image.Exif()]
    exif[0][0x0112], exif[1][0x0112] = 6, 1
    content = saved(Image.fromarray(grey).convert("RGB"), lossless=True, exif=exif[0])
    second = exif[1].tobytes()
    body = content[8:] + b"EXIF" + struct.pack("<I", len(second)) + second + bytes(len(second) % 2)

    both = b"RIFF" + struct.pack("<I", len(body)) + body

    assert Image.open(io.BytesIO(both)).getexif()[0x0112] == 6
    assert decode(both, WEBP).size == (80, 100)


@pytest.mark.parametrize(
    ("size", "counts"), [((80, 100), 4096**2), ((2048, 2048), 4096**2), ((3000, 2000), 24_000_000)]
)
def test_a_webp_counts_as_a_largest_picture_and_a_large_one_as_four_of_its_size(size, counts):
    assert webp_source(riff(lossy(*size)), WEBP).memory == counts


BROKEN = {
    "no chunk": (riff(), "no picture"),
    "an unknown chunk": (riff((b"abcd", b"")), "does not begin with its header"),
    "a chunk too short": (riff((b"VP8 ", b"\0")), "does not begin with its header"),
    "lossless without its mark": (riff((b"VP8L", bytes(9))), "does not begin with its header"),
    "too short for its length": (riff(lossy(1, 1))[:-1], "cut off"),
    "a chunk beyond the end": (
        b"RIFF" + struct.pack("<I", 12) + b"WEBPVP8 " + b"\xff" * 4,
        "cut off",
    ),
    "too many chunks": (riff(lossy(1, 1), *[(b"abcd", b"")] * 4096), "more than 4096 chunks"),
    "a canvas without a picture": (riff(extended(9, 9)), "cannot be decoded"),
    "no pixels": (riff(lossy(9, 9)), "cannot be decoded"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_webp_is_refused_with_a_reason(content, message):
    with pytest.raises(BadImageError, match=message):
        decode(content, WEBP)


def test_a_picture_of_another_size_than_its_header_says_is_refused(grey):
    source = webp_source(saved(Image.fromarray(grey).convert("RGB")), WEBP)
    content, _ = source.load.args

    with pytest.raises(BadImageError, match="another size than its header says"):
        partial(source.load.func, content, (100, 81))(1)


@pytest.mark.parametrize("first", [lossy(5000, 1), extended(1 << 24, 1)])
def test_one_that_claims_too_much_is_refused_before_it_is_decoded(first):
    with pytest.raises(ImageTooLargeError):
        webp_source(riff(first), WEBP)


def test_the_size_that_a_webp_claims_is_read_without_a_check():
    assert webp_size(riff(extended(1 << 24, 7))) == (1 << 24, 7)
    assert webp_size(riff()) == (0, 0)
    assert webp_size(riff((b"abcd", b""))) == (0, 0)


def test_bytes_changed_at_random_are_read_or_refused(grey):
    rng = np.random.default_rng(0)
    for lossless in (False, True):
        content = saved(Image.fromarray(grey).convert("RGB"), lossless=lossless)
        for _ in range(200):
            changed = bytearray(content)
            for place in rng.integers(8, len(content), 3):
                changed[place] = rng.integers(256)
            try:
                read = decode(bytes(changed), WEBP).grey
            except ImageError:
                continue
            assert ((read >= 0) & (read <= 1)).all()
