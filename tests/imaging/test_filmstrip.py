import io

import numpy as np
import pytest
from PIL import Image

from service.imaging import PREPROCESSINGS, Limits, decode, normalize
from service.imaging.filmstrip import frames, write_filmstrip

MNIST, DESKEWED = PREPROCESSINGS["mnist"], PREPROCESSINGS["mnist-deskewed"]


@pytest.fixture
def upload(to_bytes, three):
    """A dark three on light paper, 140 × 140, as a PNG."""
    return to_bytes((255 - 200 * three()).astype(np.uint8))


def as_pixels(frame):
    return np.asarray(frame.picture.convert("L"), np.float32) / 255


def test_the_steps_are_named_in_their_order(upload):
    assert [frame.name for frame in frames(upload, Limits(), DESKEWED)] == [
        "as it was sent",
        "grey",
        "paper removed",
        "cut out",
        "scaled",
        "centred in 28 by 28",
        "as the network reads it",
    ]


def test_the_last_frames_are_what_the_network_reads(upload):
    *_, centred, read = frames(upload, Limits(), DESKEWED)

    pixels = normalize(decode(upload, Limits())).pixels
    assert as_pixels(centred).reshape(-1) == pytest.approx(pixels, abs=0.51 / 255)
    expected = DESKEWED.prepare(pixels[np.newaxis])[0]
    assert as_pixels(read).reshape(-1) == pytest.approx(expected, abs=0.51 / 255)


def test_a_network_that_takes_the_picture_as_it_is_has_no_frame_of_its_own(upload):
    assert frames(upload, Limits(), MNIST)[-1].name == "centred in 28 by 28"


def test_the_ink_is_boxed_where_it_was_found(upload):
    first = frames(upload, Limits(), MNIST)[0]

    assert first.box == normalize(decode(upload, Limits())).bounding_box


def test_an_untouched_image_has_no_steps(to_bytes, picture):
    strip = frames(to_bytes(picture), Limits(), MNIST)

    assert [frame.name for frame in strip] == ["as it was sent", "grey", "28 by 28"]
    assert np.array_equal(np.asarray(strip[-1].picture.convert("L")), picture)


def test_a_blank_page_is_shown_as_far_as_it_comes(to_bytes):
    strip = frames(to_bytes(np.full((60, 60), 200, np.uint8)), Limits(), MNIST)

    assert [frame.name for frame in strip] == ["as it was sent", "grey", "paper removed", "28 by 28"]
    assert not np.asarray(strip[-1].picture).any()


@pytest.mark.parametrize("mode", ["RGBA", "I;16", "P"])
def test_every_mode_is_shown(to_bytes, three, mode):
    grey = (255 - 200 * three()).astype(np.uint8)
    image = Image.fromarray(grey * np.uint16(257)) if mode == "I;16" else Image.fromarray(grey).convert(mode)

    first = frames(to_bytes(image), Limits(), MNIST)[0]

    assert as_pixels(first).mean() == pytest.approx(grey.mean() / 255, abs=0.02)


def test_the_original_is_shown_upright(to_bytes):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (60, 30), "white")
    image.putpixel((0, 0), (255, 0, 0))

    first = frames(to_bytes(image, exif=exif), Limits(), MNIST)[0]

    assert first.picture.size == (30, 60)
    assert first.picture.getpixel((29, 0)) == (255, 0, 0)


def test_the_strip_is_one_png_with_a_panel_for_each_frame(upload):
    strip = frames(upload, Limits(), MNIST)

    drawn = Image.open(io.BytesIO(write_filmstrip(strip)))

    assert drawn.format == "PNG"
    assert drawn.width == 12 + len(strip) * (224 + 12)
    colours = {colour for _, colour in drawn.convert("RGB").getcolors(1 << 20)}
    assert any(red > 180 and blue < 60 for red, _, blue in colours)  # the box around the ink
