"""Files that are small, and claim to hold more than memory does: refused before they take it."""

import contextlib
import io
import struct
import tracemalloc
import zipfile

import pytest

WEIGHTS = "layers/0/weights.npy"  # (3, 4)
MIB = 2**20


@contextlib.contextmanager
def peak_below(n_bytes):
    """Assert that Python allocates less than this many bytes at any moment."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < n_bytes


@pytest.fixture
def bomb(members):
    """A deflated weights.npy as it should be, and 32 MiB of zeros behind it."""
    members[WEIGHTS] += bytes(32 * MIB)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_bomb_that_declares_its_size_is_refused_without_inflating_it(written, bomb, refused):
    with peak_below(8 * MIB):
        refused(written(bomb), "said to have 33554608 bytes.* need 176")


def test_a_bomb_that_lies_about_its_size_is_refused_without_inflating_it(written, bomb, refused):
    lying = bomb.replace(struct.pack("<L", 32 * MIB + 176), struct.pack("<L", 176))

    with peak_below(8 * MIB):
        refused(written(lying), f"{WEIGHTS} is corrupt .*CRC")


def test_a_network_of_gigabytes_is_refused_before_its_arrays_are_touched(described, refused):
    sizes = [4, 65_536, 65_536, 2]

    refused(described(sizes=sizes, activations=["relu"] * 3), "sizes 4-65536-65536-2 take 17181966344 bytes")


def test_metadata_of_100_mb_are_refused_without_inflating_them(members, forged, refused):
    members["metadata.json"] = b" " * 100 * MIB
    path = forged(members, zipfile.ZIP_DEFLATED)

    with peak_below(8 * MIB):
        refused(path, "metadata.json has 104857600 bytes, at most 4194304")


def test_metadata_shorter_than_declared_are_refused(members, forged, written, refused):
    length = len(members["metadata.json"])
    content = (
        forged(members)
        .read_bytes()
        .replace(struct.pack("<2L", length, length), struct.pack("<2L", length, length + 9))
    )

    refused(written(content), f"metadata.json is corrupt .*{length} bytes instead of {length + 9}")


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path, refused):
    path = tmp_path / "huge.npz"
    with path.open("wb") as file:
        file.truncate(2**40)  # sparse

    with peak_below(MIB):
        refused(path, "has 1099511627776 bytes, at most 67108864")


def test_an_archive_of_a_hundred_thousand_members_is_refused_before_they_are_listed(written, refused):
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *[0] * 9, 1, *[0] * 6) + b"x"
    directory = entry * 100_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)

    with peak_below(16 * MIB):
        refused(written(directory + end), "zip directory, 4700000 bytes at 0, is too large")
