import io

import pytest
from PIL import Image

from service.imaging.format import looks_like


@pytest.mark.parametrize(
    ("pillow", "name"),
    [
        ("JPEG", "JPEG"),
        ("GIF", "GIF"),
        ("BMP", "BMP"),
        ("TIFF", "TIFF"),
        ("WEBP", "WebP"),
        ("AVIF", "AVIF"),
        ("ICO", "ICO"),
        ("PDF", "PDF"),
    ],
)
def test_names_the_pictures_that_other_programs_save(pillow, name):
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, pillow)

    assert looks_like(out.getvalue()) == name


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x00\x00\x00\x18ftypheic", "HEIC"),
        (b"\x00\x00\x00\x18ftypisom", "a film"),
        (b"\x00\x00\x00\x0cJXL \r\n", "JPEG XL"),
        (b"iVBORw0KGgoAAAANSUhEUg", "a PNG in base64"),
        (b"data:image/png;base64,iVBOR", "a data: URL"),
        (b"\x89PNG\n\x1a\n", "a PNG damaged by a transfer as text"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?><!-- drawn --><SVG>", "SVG"),
        (b"<?xml version='1.0'?><plist/>", "XML"),
        (b"\n<!doctype HTML>", "HTML"),
        (b'  {"image": "three"}', "JSON"),
        (b"[1, 2]", "JSON"),
        (b"a three", "text"),
    ],
)
def test_names_what_people_send_instead(content, name):
    assert looks_like(content) == name


@pytest.mark.parametrize("content", [b"", b"   ", bytes(40), bytes(range(128, 256)), b"text\0and zeros"])
def test_what_it_cannot_name_it_does_not_name(content):
    assert looks_like(content) is None
