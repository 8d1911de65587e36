import pytest

from service.errors import BadImageError, ImageTooLargeError
from service.imaging import Limits
from service.imaging.png import check, png_size


def test_the_header_is_read(make):
    header = check(make.picture(16, make.RGB, (5, 7), interlaced=True), Limits()).header

    assert header == (5, 7, 16, make.RGB, True)


@pytest.mark.parametrize(
    ("colour", "depth", "mode"),
    [(0, 1, "1"), (0, 4, "L"), (0, 16, "I;16"), (2, 16, "RGB"), (3, 2, "P"), (4, 16, "LA"), (6, 8, "RGBA")],
)
def test_the_mode_is_named_in_pillows_words(make, colour, depth, mode):
    assert check(make.picture(depth, colour), Limits()).header.mode == mode


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (4, 1), (5, 9), (8, 8), (13, 11), (64, 33)])
@pytest.mark.parametrize(("colour", "depth"), [(0, 1), (3, 4), (2, 8), (6, 16)])
def test_the_promised_bytes_are_those_of_every_row(make, colour, depth, size, interlaced):
    rows = make.rows_of(*size, depth, colour, interlaced=interlaced)

    assert check(make.picture(depth, colour, size, interlaced=interlaced), Limits()).header.n_bytes == len(
        rows
    )


def test_pieces_of_image_data_come_in_order_and_uncopied(make):
    png = make.picture(data=make.pieces(make.DATA, 3, 0, 10))

    image_data = check(png, Limits()).image_data

    assert [len(piece) for piece in image_data] == [3, 0, 10, len(make.DATA) - 13]
    assert b"".join(image_data) == make.DATA
    assert all(piece.obj is png for piece in image_data)


def test_a_palette_that_is_a_mere_suggestion_is_dropped(make):
    assert check(make.picture(colour=make.RGB, palette=make.palette_of(8)), Limits()).palette is None


def test_an_ancillary_chunk_is_not_read_even_if_its_checksum_is_wrong(make):
    text = make.chunk(b"tEXt", b"Comment\0changed since", checksum=0)

    assert check(make.picture(before=text), Limits()) == check(make.picture(), Limits())


def test_a_flood_of_chunks_is_refused(make):
    flood = make.chunk(b"abCd") * 16_384

    with pytest.raises(BadImageError, match="more than 16384 chunks"):
        check(make.picture(before=flood), Limits())


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(max_side=12), "the image has 13x11 pixels; at most 12x12 are read"),
        (Limits(max_pixels=142), "the image has 13x11 pixels, 143 in all; at most 142 are read"),
    ],
)
def test_a_picture_beyond_the_limits_says_what_it_has_and_what_is_allowed(make, limits, message):
    with pytest.raises(ImageTooLargeError) as refusal:
        check(make.picture(), limits)

    assert str(refusal.value) == message


@pytest.mark.parametrize("limits", [Limits(max_side=13), Limits(max_pixels=143)])
def test_a_picture_of_exactly_the_limits_is_read(make, limits):
    assert check(make.picture(), limits).header.width == 13


def test_a_picture_that_claims_too_much_is_refused_before_its_data_is_looked_at(make):
    header = make.header(9000, 9000, 8, make.RGB)

    with pytest.raises(ImageTooLargeError, match="9000x9000 pixels; at most 4096x4096"):
        check(make.picture(header=header, data=b"not even a chunk"), Limits())


def test_the_size_that_a_png_claims_is_read_without_a_check(make):
    claims = make.picture(header=make.header(9000, 7, 8, make.RGB), data=b"")

    assert png_size(claims) == (9000, 7)
    assert png_size(claims[:23]) == (0, 0)
