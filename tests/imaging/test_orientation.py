import pytest
from PIL import Image

from service.imaging.orientation import orientation_of


@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_finds_the_orientation_that_pillow_writes(orientation, endian):
    exif = Image.Exif()
    exif.endian = endian
    exif[0x010F] = "a camera"
    exif[0x0112] = orientation

    assert orientation_of(exif.tobytes().removeprefix(b"Exif\0\0")) == orientation


@pytest.mark.parametrize(
    ("fault", "exif"),
    [
        ("nothing", b""),
        ("no TIFF", b"Exif\0\0II*\0"),
        ("no directory", b"II*\0"),
        ("a directory outside", b"II*\0\xff\xff\xff\xff"),
        ("a directory cut off", b"II*\0\x08\0\0\0\x02\0"),
        ("no entry", b"II*\0\x08\0\0\0\0\0"),
        ("another type", b"II*\0\x08\0\0\0\x01\0\x12\x01\x04\0\x01\0\0\0\x06\0\0\0"),
        ("no orientation", b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0"),
    ],
)
def test_what_cannot_be_read_counts_as_upright(fault, exif):
    assert orientation_of(exif) == 1, fault
