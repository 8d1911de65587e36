import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from service.errors import BadImageError, BusyError, ImageError, NotAPngError
from service.imaging import Budget, Format, Limits, claimed_pixels, decode


def test_eight_bit_grey_comes_out_exactly(to_bytes):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)

    picture = decode(to_bytes(grey), Limits())

    assert picture.grey.dtype == np.float32
    assert np.array_equal(picture.grey, grey / np.float32(255))
    assert (picture.size, picture.mode) == ((16, 16), "L")


@pytest.mark.parametrize("mode", ["LA", "RGB", "RGBA", "P"])
def test_grey_held_in_colour_comes_out_exactly(to_bytes, mode):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)

    assert np.array_equal(
        decode(to_bytes(Image.fromarray(grey).convert(mode)), Limits()).grey, grey / np.float32(255)
    )


def test_sixteen_bit_grey_is_scaled_and_not_clipped(to_bytes):
    grey = np.array([[0, 256, 32_768, 65_535]], np.uint16)

    assert decode(to_bytes(grey), Limits()).grey == pytest.approx(grey / 65_535, abs=1e-6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_comes_upright_as_pillow_turns_it(to_bytes, orientation):
    rng = np.random.default_rng(0)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(rng.integers(0, 256, (40, 30), np.uint8))
    png = to_bytes(image, exif=exif)
    image.info["exif"] = exif.tobytes()

    picture = decode(png, Limits())

    expected = ImageOps.exif_transpose(image)
    assert picture.size == expected.size
    assert np.array_equal(picture.grey, np.asarray(expected) / np.float32(255))
    assert picture.grey.flags.c_contiguous


@pytest.mark.parametrize(
    ("size", "reduced"),
    [((192, 10), (192, 10)), ((193, 10), (97, 5)), ((1, 4096), (1, 187)), ((1000, 700), (167, 117))],
)
def test_a_large_picture_is_reduced_to_at_most_192_pixels_a_side(to_bytes, size, reduced):
    picture = decode(to_bytes(Image.new("L", size, 100)), Limits())

    assert picture.size == size
    assert picture.grey.shape == reduced[::-1]
    assert np.abs(picture.grey - 100 / 255).max() < 1e-6


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16", "P"])
def test_reducing_averages_squares_of_pixels(to_bytes, mode):
    rng = np.random.default_rng(0)
    fine = rng.integers(0, 256, (900, 600), np.uint8)  # more than one strip, and five pixels to one
    image = Image.fromarray(fine * np.uint16(257)) if mode == "I;16" else Image.fromarray(fine).convert(mode)

    grey = decode(to_bytes(image), Limits()).grey

    expected = fine.reshape(180, 5, 120, 5).mean(axis=(1, 3)) / 255
    assert np.abs(grey - expected).max() < 0.53 / 255  # Pillow rounds to 8 bits, not quite to the nearest


def test_opacity_is_averaged_with_the_light_it_lets_through(to_bytes):
    rng = np.random.default_rng(0)
    samples = rng.integers(0, 256, (400, 400, 2), np.uint8)
    samples[..., 0] //= 4  # dark ink, so that the paper is white
    light, opacity = samples[..., 0] / 255, samples[..., 1] / 255

    grey = decode(to_bytes(samples), Limits()).grey

    flat = light * opacity + 1 - opacity
    expected = (
        np.pad(flat, ((0, 2), (0, 2)), mode="edge")[:402, :402].reshape(134, 3, 134, 3).mean(axis=(1, 3))
    )
    assert np.abs(grey - expected)[:-1, :-1].max() < 1.7 / 255


def test_a_transparent_sixteen_bit_grey_is_told_from_its_neighbour(make):
    def of(x, _y, _depth, _colour):
        return [1_000 + x % 2]

    transparent = make.chunk(b"tRNS", (1_001).to_bytes(2, "big"))
    rows = make.rows_of(4, 4, 16, make.GREY, of)
    data = make.chunk(b"IDAT", make.stored(rows))

    grey = decode(make.picture(16, make.GREY, (4, 4), before=transparent, data=data), Limits()).grey

    assert grey[0] == pytest.approx([1_000 / 65_535, 1, 1_000 / 65_535, 1])


def test_a_palette_of_equal_light_is_seen_by_its_hue_with_and_without_opacity(make):
    palette = make.chunk(b"PLTE", bytes((200, 100, 100, 100, 151, 100)))
    opaque = palette + make.chunk(b"tRNS", b"\xff\xff")
    data = make.chunk(b"IDAT", make.stored(b"\0\xf0\xf0" * 11))

    greys = [
        decode(make.picture(1, make.PALETTE, palette=chunks, data=data), Limits()).grey
        for chunks in (palette, opaque)
    ]

    assert np.ptp(greys[0]) > 0.2
    assert np.array_equal(*greys)


def test_of_a_transparent_colour_only_the_bits_of_the_depth_count(make):
    fifteen, all_ones = (make.chunk(b"tRNS", samples) for samples in (b"\0\x0f", b"\xff\xff"))

    pictures = [decode(make.picture(4, before=chunk), Limits()) for chunk in (fifteen, all_ones)]

    assert np.array_equal(pictures[0].grey, pictures[1].grey)


def test_pillows_own_limit_neither_warns_nor_stops(make, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)

    assert decode(make.picture(), Limits()).size == (13, 11)


def test_threads_decode_beside_each_other(to_bytes):
    rng = np.random.default_rng(0)
    pngs = [to_bytes(rng.integers(0, 256, (150, 150, 3), np.uint8)) for _ in range(16)]
    alone = [decode(png, Limits()).grey for png in pngs]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda png: decode(png, Limits()).grey, pngs))

    assert all(np.array_equal(*pair) for pair in zip(alone, together, strict=True))


def refuses_or_reads(png):
    """Let nothing out but a picture or our own refusal."""
    try:
        picture = decode(bytes(png), Limits(max_side=256))
    except ImageError:
        return
    assert picture.grey.dtype == np.float32
    assert ((picture.grey >= 0) & (picture.grey <= 1)).all()


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused(content):
    with pytest.raises(ImageError):
        decode(content, Limits())


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_after_the_signature_are_refused(content):
    with pytest.raises(BadImageError):
        decode(b"\x89PNG\r\n\x1a\n" + content, Limits())


@settings(deadline=None)
@given(share=st.floats(0, 1, exclude_max=True), kind=st.integers(0, 14), interlaced=st.booleans())
def test_a_png_cut_off_anywhere_is_refused(make, share, kind, interlaced):
    colour, depth = make.LEGAL[kind]
    png = make.picture(depth, colour, interlaced=interlaced)

    with pytest.raises(ImageError):
        decode(png[: int(share * len(png))], Limits())


@settings(deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), kind=st.integers(0, 14))
def test_a_png_with_one_byte_changed_is_read_or_refused(make, place, value, kind):
    colour, depth = make.LEGAL[kind]
    png = bytearray(make.picture(depth, colour, before=make.TEXT))
    png[int(place * len(png))] = value

    refuses_or_reads(png)


@settings(deadline=None)
@given(
    data=st.binary(max_size=400),
    kind=st.integers(0, 14),
    interlaced=st.booleans(),
    n_zeros=st.integers(0, 400),
)
def test_arbitrary_image_data_under_sound_checksums_is_read_or_refused(make, data, kind, interlaced, n_zeros):
    colour, depth = make.LEGAL[kind]
    header = make.header(6, 5, depth, colour, interlacing=int(interlaced))
    stream = make.stored(data + bytes(n_zeros))

    refuses_or_reads(make.picture(depth, colour, header=header, data=make.chunk(b"IDAT", stream)))


@settings(deadline=None)
@given(rows=st.binary(min_size=20, max_size=20))
def test_arbitrary_filters_and_samples_are_read_or_refused(make, rows):
    filters = [bytes([rows[start] % 6]) + rows[start + 1 : start + 5] for start in range(0, 20, 5)]
    data = make.chunk(b"IDAT", make.stored(b"".join(filters)))

    refuses_or_reads(make.picture(size=(4, 4), data=data))


OFF = (
    "the file is not a {0}, it looks like {1}, which is switched off here "
    "(DIGITS_FORMATS={2} switches it on); send one {0}"
)


@pytest.mark.parametrize(
    ("content", "formats", "message"),
    [
        (b"", "png", "the file is empty; send one PNG"),
        (bytes(9), "png", "the file is not a PNG; send one PNG"),
        (bytes(9), "png webp", "the file is not a PNG or WEBP; send one PNG or WEBP"),
        (b"GIF89a", "png", "the file is not a PNG, it looks like GIF; send one PNG"),
        (b"\xff\xd8\xff\xe0", "png", OFF.format("PNG", "JPEG", "png,jpeg")),
        (b"RIFF\0\0\0\0WEBP", "png jpeg", OFF.format("PNG or JPEG", "WebP", "png,jpeg,webp")),
    ],
)
def test_what_is_not_read_is_refused_by_name(content, formats, message):
    with pytest.raises(NotAPngError) as refusal:
        decode(content, Limits(formats=frozenset(map(Format, formats.split()))))

    assert str(refusal.value) == message


def test_a_large_picture_is_decoded_within_the_budget(to_bytes):
    budget = Budget(2_000_000, 0)
    png = to_bytes(Image.new("L", (1500, 1000), 100))

    decode(png, Limits(), budget)
    with budget.lend(1_000_000 + 500_001), pytest.raises(BusyError):
        decode(png, Limits(), budget)


@pytest.mark.parametrize("name", list(Format))
def test_every_format_claims_its_pixels(name):
    out = io.BytesIO()
    Image.new("RGB", (30, 20)).save(out, name)

    assert claimed_pixels(out.getvalue()) == 600


def test_other_bytes_claim_nothing():
    assert claimed_pixels(b"GIF89a") == 0
