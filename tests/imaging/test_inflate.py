import io
import tracemalloc
import warnings
import zlib

import numpy as np
import png as pypng
import pytest

from service.errors import BadImageError
from service.imaging import Limits
from service.imaging.inflate import StoredPng, inflate
from service.imaging.png import check


def pieces_of(stream, length):
    return [memoryview(stream)[start : start + length] for start in range(0, len(stream), length)]


@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("length", [1, 1_000, 10**6])
def test_rows_come_whole_however_they_are_compressed_and_cut(level, length):
    noise = np.random.default_rng(0).integers(0, 3, 10_000, np.uint8).tobytes()
    rows = noise + bytes(70_000)

    blocks = list(inflate(pieces_of(zlib.compress(rows, level), length), len(rows)))

    assert b"".join(blocks) == rows
    assert max(map(len, blocks)) <= 65_535


@pytest.mark.parametrize("n_bytes", [65_534, 65_535, 65_536])
def test_one_byte_more_or_less_than_promised_is_refused(n_bytes):
    with pytest.raises(BadImageError, match="fewer rows" if n_bytes < 65_535 else "more image data"):
        list(inflate([memoryview(zlib.compress(bytes(n_bytes)))], 65_535 if n_bytes != 65_535 else 65_534))


def test_the_last_rows_are_held_back_until_the_checksum_is_known_to_be_right():
    stream = bytearray(zlib.compress(bytes(100_000)))
    stream[-1] ^= 1
    blocks = inflate([memoryview(stream)], 100_000)

    first = next(blocks)
    with pytest.raises(BadImageError, match="cannot be decompressed"):
        next(blocks)

    assert first == bytes(65_531)


def test_a_bomb_is_never_inflated_beyond_the_promise():
    stream = memoryview(zlib.compress(bytes(64 << 20), 9))
    tracemalloc.start()
    try:
        with pytest.raises(BadImageError, match="more image data"):
            list(inflate([stream], 1_000))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < 200_000


def chunks_of(png):
    """Yield the name and the content of each chunk; of image data, Pillow looks at no checksum."""
    reader = pypng.Reader(bytes=png)
    with warnings.catch_warnings(action="ignore"):
        while True:
            name, content = reader.chunk(lenient=True)
            yield name, content
            if name == b"IEND":
                return


def test_what_pillow_gets_is_the_same_picture_without_compression(to_bytes):
    noise = np.random.default_rng(0).integers(0, 256, (300, 200, 3), np.uint8)
    stored = StoredPng(check(to_bytes(noise), Limits())).read(1 << 30)

    chunks = list(chunks_of(stored))

    unfinished = zlib.decompressobj()
    rows = unfinished.decompress(b"".join(content for name, content in chunks if name == b"IDAT"))
    assert [name for name, _ in chunks if name != b"IDAT"] == [b"IHDR", b"IEND"]
    assert len(rows) == 300 * (1 + 600)
    assert not unfinished.unconsumed_tail


def test_a_stored_png_is_read_like_a_file(make):
    png = check(make.picture(colour=make.PALETTE, before=make.transparent(8, make.PALETTE)), Limits())
    whole = io.BytesIO(StoredPng(png).read(1 << 20))
    stored = StoredPng(png)

    for length in (8, 0, 25, 1_000, 5):
        assert stored.read(length) == whole.read(length)
        assert stored.tell() == whole.tell()
    assert stored.seek(stored.tell()) == whole.tell()


def test_a_stored_png_is_read_forwards_only(make):
    stored = StoredPng(check(make.picture(), Limits()))
    stored.read(20)

    with pytest.raises(OSError, match="at byte 20"):
        stored.seek(8)
