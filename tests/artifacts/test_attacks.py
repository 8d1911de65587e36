"""Files that are not what they claim to be: each is refused, and the message names the fault."""

import contextlib
import io
import json
import os
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.artifacts import load
from service.artifacts.load import verified
from service.errors import BadArtifactError

WEIGHTS = "layers/0/weights.npy"  # (3, 4)
MIB = 2**20


def npy(array, *, allow_pickle=False):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


def holding(number):
    array = np.zeros((3, 4), np.float32)
    array[2, 3] = number
    return npy(array)


def refused(path, word):
    with pytest.raises(BadArtifactError, match=word):
        load(path)


# Pickles


class Canary:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def canary(tmp_path):
    return tmp_path / "the-canary-was-unpickled"


def test_the_canary_sings_where_numpy_may_unpickle(canary):
    content = npy(np.array([Canary(canary)], object), allow_pickle=True)

    np.load(io.BytesIO(content), allow_pickle=True)

    assert canary.exists()


def test_an_object_array_is_refused_and_not_unpickled(members, forged, canary):
    members[WEIGHTS] = npy(np.array([Canary(canary)] * 12, object).reshape(3, 4), allow_pickle=True)

    refused(forged(members), r"weights.npy has the header .*'\|O'")
    assert not canary.exists()


@pytest.mark.parametrize("member", [WEIGHTS, "metadata.json"])
def test_a_pickle_in_place_of_a_member_is_refused_and_not_unpickled(members, forged, canary, member):
    members[member] = pickle.dumps(Canary(canary)).ljust(500, b"\0")

    refused(forged(members), member)
    assert not canary.exists()


def test_a_pickle_in_place_of_the_file_is_refused_and_not_unpickled(written, canary):
    refused(written(pickle.dumps(Canary(canary))), "is no .npz")
    assert not canary.exists()


# Arrays

ARRAYS = {
    "float64": (npy(np.zeros((3, 4))), "'<f8'"),
    "big-endian": (npy(np.zeros((3, 4), ">f4")), "'>f4'"),
    "integers": (npy(np.zeros((3, 4), np.int32)), "'<i4'"),
    "complex": (npy(np.zeros((3, 4), np.complex64)), "'<c8'"),
    "records": (npy(np.zeros((3, 4), [("w", "<f4")])), r"\('w', '<f4'\)"),
    "objects": (npy(np.full((3, 4), None), allow_pickle=True), r"'\|O'"),
    "fortran order": (npy(np.zeros((3, 4), np.float32, order="F")), "'fortran_order': True"),
    "transposed": (npy(np.zeros((4, 3), np.float32)), r"'shape': \(4, 3\).* needed .*\(3, 4\)"),
    "flat": (npy(np.zeros(12, np.float32)), r"'shape': \(12,\)"),
    "one row more": (npy(np.zeros((4, 4), np.float32)), r"'shape': \(4, 4\)"),
    "one number less": (npy(np.zeros((3, 4), np.float32))[:-4], "said to have 172 bytes.* need 176"),
    "one number more": (npy(np.zeros((3, 4), np.float32)) + bytes(4), "said to have 180 bytes"),
    "format 2.0": (npy(np.zeros((3, 4), np.float32)).replace(b"Y\x01", b"Y\x02", 1), "no .npy of format 1.0"),
    "no header": (np.zeros((3, 4), np.float32).tobytes(), "no .npy"),
    "empty": (b"", "no .npy"),
    "code in the header": (
        npy(np.zeros((3, 4), np.float32)).replace(b"(3, 4)", b"(3, 4) or exit()"),
        r"has the header .*exit\(\)",
    ),
    "nan": (holding(np.nan), "NaN or infinity"),
    "infinity": (holding(np.inf), "NaN or infinity"),
    "minus infinity": (holding(-np.inf), "NaN or infinity"),
}


@pytest.mark.parametrize(("content", "word"), ARRAYS.values(), ids=ARRAYS.keys())
def test_an_array_of_another_kind_is_refused(members, forged, content, word):
    members[WEIGHTS] = content

    refused(forged(members), f"{WEIGHTS} .*{word}")


def test_a_nan_in_float16_is_refused(members, forged):
    members[WEIGHTS] = npy(np.full((3, 4), np.nan, np.float16))

    refused(forged(members), "NaN or infinity")


# Members


@pytest.mark.parametrize("name", ["metadata.json", WEIGHTS, "layers/1/biases.npy"])
def test_a_missing_member_is_refused_by_its_name(members, forged, name):
    del members[name]

    refused(forged(members), f"{name} is missing")


@pytest.mark.parametrize(
    "name",
    [
        "layers/2/weights.npy",
        "LAYERS/0/weights.npy",
        "layers/00/weights.npy",
        "../../etc/cron.d/evil",
        "/etc/passwd",
        "layers/0/../0/weights.npy",
        "layers\\0\\weights.npy",
        "layers/",
        "x" * 10_000,
        "\x1b[31m",
    ],
)
def test_a_member_that_no_artifact_has_is_refused(members, forged, name):
    members[name] = members[WEIGHTS]

    refused(forged(members), "not expected in an artifact")


def test_a_name_that_ends_at_a_zero_byte_only_for_some_readers_is_refused(members, written):
    members[f"{WEIGHTS}+exe"] = members.pop(WEIGHTS)
    content = as_zip(members.items()).replace(b"+exe", b"\0exe")

    refused(written(content), f"{WEIGHTS} is missing")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["metadata.json", WEIGHTS])
def test_a_member_that_stands_there_twice_is_refused(members, forged, name):
    refused(forged([*members.items(), (name, members[name])]), f"{name}' stands there twice")


def test_an_encrypted_member_is_refused(members, written):
    content = bytearray(as_zip(members.items()))
    content[content.index(b"PK\x01\x02") + 8] |= 0x1

    refused(written(content), "member .* is encrypted")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_unusual_compression_is_refused(members, forged, method):
    refused(forged(members, method), f"compressed by method {method}")


def test_deflated_members_are_read_like_stored_ones(members, forged, good_bytes):
    deflated = load(forged(members, zipfile.ZIP_DEFLATED))

    assert same(deflated, verified(good_bytes))


# Archives


def as_zip(pairs):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"\x89PNG\r\n\x1a\n" + bytes(100), bytes(10_000)])
def test_bytes_that_are_no_zip_archive_are_refused(written, content):
    refused(written(content), "is no .npz")


def test_an_empty_archive_is_refused(written):
    refused(written(as_zip([])), "metadata.json is missing")


def test_bytes_before_the_archive_are_refused(written, good_bytes):
    refused(written(b"#!/bin/sh\n" + good_bytes), "misplaced")


def test_bytes_after_the_archive_are_refused(written, good_bytes):
    refused(written(good_bytes + b"more"), "is no .npz")


def test_an_archive_with_a_comment_is_refused(written, members):
    buffer = io.BytesIO(as_zip(members.items()))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"hello"

    refused(written(buffer.getvalue()), "is no .npz")


def test_an_archive_of_a_hundred_thousand_members_is_refused_before_they_are_listed(written):
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *[0] * 9, 1, *[0] * 6) + b"x"
    directory = entry * 100_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)

    with peak_below(16 * MIB):
        refused(written(directory + end), "zip directory, 4700000 bytes at 0, is too large")


def test_a_zip64_locator_that_moves_the_directory_is_refused(members, written):
    entry = zipfile.ZipInfo("x")
    entry.comment = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)  # just before the archive's end
    content = as_zip([*members.items(), (entry, b"")])

    refused(written(content), "zip64")


# Bombs


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
    """A deflated weights.npy with the right header, and 32 MiB of zeros behind it."""
    members[WEIGHTS] = npy(np.zeros((3, 4), np.float32)) + bytes(32 * MIB)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_bomb_that_declares_its_size_is_refused_without_inflating_it(written, bomb):
    with peak_below(8 * MIB):
        refused(written(bomb), "said to have 33554608 bytes.* need 176")


def test_a_bomb_that_lies_about_its_size_is_refused_without_inflating_it(written, bomb):
    lying = bomb.replace(struct.pack("<L", 32 * MIB + 176), struct.pack("<L", 176))

    with peak_below(8 * MIB):
        refused(written(lying), f"{WEIGHTS} is corrupt .*CRC")


def test_a_network_of_gigabytes_is_refused_before_its_arrays_are_touched(described):
    sizes = [4, 65_536, 65_536, 2]

    refused(described(sizes=sizes, activations=["relu"] * 3), "sizes 4-65536-65536-2 take 17181966344 bytes")


def test_metadata_of_100_mb_are_refused_without_inflating_them(members, forged):
    members["metadata.json"] = b" " * 100 * MIB
    path = forged(members, zipfile.ZIP_DEFLATED)

    with peak_below(8 * MIB):
        refused(path, "metadata.json has 104857600 bytes, at most 4194304")


def test_metadata_shorter_than_declared_are_refused(members, written):
    length = len(members["metadata.json"])
    content = as_zip(members.items()).replace(
        struct.pack("<2L", length, length), struct.pack("<2L", length, length + 9)
    )

    refused(written(content), f"metadata.json is corrupt .*{length} bytes instead of {length + 9}")


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.npz"
    with path.open("wb") as file:
        file.truncate(2**40)  # sparse

    with peak_below(MIB):
        refused(path, "has 1099511627776 bytes, at most 67108864")


# Damage


def same(artifact, other):
    layers = zip(artifact.network.layers, other.network.layers, strict=True)
    return artifact.metadata == other.metadata and all(
        np.array_equal(a.weights, b.weights)
        and np.array_equal(a.biases, b.biases)
        and a.activation is b.activation
        for a, b in layers
    )


def refused_or_same(content, good):
    """Damage is refused, or harmless: in a date, say, that nothing reads."""
    with contextlib.suppress(BadArtifactError):
        assert same(verified(content), good)


def test_a_file_cut_at_any_fiftieth_is_refused(written, good_bytes):
    for fiftieth in range(50):
        refused(written(good_bytes[: len(good_bytes) * fiftieth // 50]), "truncated")


def test_one_flipped_bit_in_any_byte_is_refused_or_harmless(good_bytes):
    good = verified(good_bytes)
    bits = np.random.default_rng(0).integers(0, 8, len(good_bytes))
    for place, bit in enumerate(bits):
        flipped = bytearray(good_bytes)
        flipped[place] ^= 1 << int(bit)
        refused_or_same(bytes(flipped), good)


def test_one_flipped_bit_in_any_number_is_refused(good_bytes, members):
    start = good_bytes.index(members[WEIGHTS]) + 128
    for place in range(start, start + 48):
        flipped = bytearray(good_bytes)
        flipped[place] ^= 1
        with pytest.raises(BadArtifactError, match="CRC"):
            verified(bytes(flipped))


@settings(deadline=None)
@given(st.data())
def test_bytes_replaced_removed_or_added_anywhere_are_refused_or_harmless(good_bytes, data):
    good = verified(good_bytes)
    start = data.draw(st.integers(0, len(good_bytes)))
    length = data.draw(st.integers(0, 64))
    inserted = data.draw(st.binary(max_size=64))

    refused_or_same(good_bytes[:start] + inserted + good_bytes[start + length :], good)


# Files that are none


@pytest.mark.timeout(10)
def test_a_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    path = tmp_path / "1.npz"
    os.mkfifo(path)

    refused(path, "is a named pipe")


def test_a_folder_is_refused(tmp_path):
    refused(tmp_path, "is a folder")


def test_a_device_is_refused():
    with pytest.raises(BadArtifactError, match="is a device"):
        load(Path("/dev/zero"))


def test_a_missing_file_is_refused(tmp_path):
    refused(tmp_path / "1.npz", "cannot be read .No such file")


def test_a_path_with_a_zero_byte_is_refused(tmp_path):
    refused(tmp_path / "a\0b", "cannot be read .*null")


def test_a_loop_of_links_is_refused(tmp_path):
    path = tmp_path / "1.npz"
    path.symlink_to(path)

    refused(path, "cannot be read .*loop|cannot be read .*symbolic links")


def test_bytes_that_cannot_be_read_are_refused(written, good_bytes, monkeypatch):
    path = written(good_bytes)

    def fail(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", fail)

    refused(path, "cannot be read .Permission denied")


def test_a_link_out_of_the_folder_is_refused(written, good_bytes, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "1.npz").symlink_to(written(good_bytes))

    with pytest.raises(BadArtifactError, match="leads out of"):
        load(folder / "1.npz", inside=folder)


def test_a_path_that_climbs_out_of_the_folder_is_refused(written, good_bytes, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()

    with pytest.raises(BadArtifactError, match="leads out of"):
        load(folder / ".." / written(good_bytes).name, inside=folder)


def test_a_link_within_the_folder_is_followed_as_config_maps_need(written, good_bytes, tmp_path):
    path = written(good_bytes)
    (tmp_path / "..data").symlink_to(tmp_path)
    (tmp_path / "1.npz").symlink_to(tmp_path / "..data" / path.name)

    assert load(tmp_path / "1.npz", inside=tmp_path).metadata.name == "tiny"


def test_a_folder_that_is_itself_reached_by_a_link_holds_its_files(written, good_bytes, tmp_path):
    path = written(good_bytes)
    (tmp_path / "elsewhere").symlink_to(tmp_path)

    assert load(tmp_path / "elsewhere" / path.name, inside=tmp_path / "elsewhere")


# Metadata of an artifact that is otherwise sound; test_format.py and test_document.py go into detail


def test_metadata_of_a_later_schema_say_what_to_install(described):
    refused(described(schema_version=2), "schema version '2', known here is 1; install")


@pytest.mark.parametrize(("member", "value"), [("name", "../up"), ("version", "a/b"), ("sizes", [4, 3])])
def test_metadata_out_of_bounds_are_refused_by_the_member(described, member, value):
    refused(described(**{member: value}), f"metadata.json: .*{member}|metadata.json: .*layers")


def test_sizes_that_the_arrays_do_not_have_are_refused(described, members):
    golden = json.loads(members["metadata.json"])["golden"]
    golden["inputs"] = [[*sample, 0.5] for sample in golden["inputs"]]

    refused(described(sizes=[5, 3, 2], golden=golden), r"'shape': \(3, 4\).* needed .*\(3, 5\)")
