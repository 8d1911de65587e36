"""Files that are not what they claim to be: each is refused, and the message names the fault."""

import io
import json
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest

from service.artifacts import load
from service.artifacts.load import verified

WEIGHTS = "layers/0/weights.npy"  # (3, 4)


def npy(array, *, allow_pickle=False):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


def holding(number):
    array = np.zeros((3, 4), np.float32)
    array[2, 3] = number
    return npy(array)


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


def test_an_object_array_is_refused_and_not_unpickled(members, forged, canary, refused):
    members[WEIGHTS] = npy(np.array([Canary(canary)] * 12, object).reshape(3, 4), allow_pickle=True)

    refused(forged(members), r"weights.npy has the header .*'\|O'")
    assert not canary.exists()


@pytest.mark.parametrize("member", [WEIGHTS, "metadata.json"])
def test_a_pickle_in_place_of_a_member_is_refused_and_not_unpickled(members, forged, canary, member, refused):
    members[member] = pickle.dumps(Canary(canary)).ljust(500, b"\0")

    refused(forged(members), member)
    assert not canary.exists()


def test_a_pickle_in_place_of_the_file_is_refused_and_not_unpickled(written, canary, refused):
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
def test_an_array_of_another_kind_is_refused(members, forged, content, word, refused):
    members[WEIGHTS] = content

    refused(forged(members), f"{WEIGHTS} .*{word}")


def test_a_nan_in_float16_is_refused(members, forged, refused):
    members[WEIGHTS] = npy(np.full((3, 4), np.nan, np.float16))

    refused(forged(members), "NaN or infinity")


# Members


@pytest.mark.parametrize("name", ["metadata.json", WEIGHTS, "layers/1/biases.npy"])
def test_a_missing_member_is_refused_by_its_name(members, forged, name, refused):
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
def test_a_member_that_no_artifact_has_is_refused(members, forged, name, refused):
    members[name] = members[WEIGHTS]

    refused(forged(members), "not expected in an artifact")


def test_a_name_that_ends_at_a_zero_byte_only_for_some_readers_is_refused(members, written, refused):
    members[f"{WEIGHTS}+exe"] = members.pop(WEIGHTS)
    content = as_zip(members.items()).replace(b"+exe", b"\0exe")

    refused(written(content), f"{WEIGHTS} is missing")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["metadata.json", WEIGHTS])
def test_a_member_that_stands_there_twice_is_refused(members, forged, name, refused):
    refused(forged([*members.items(), (name, members[name])]), f"{name}' stands there twice")


def test_an_encrypted_member_is_refused(members, written, refused):
    content = bytearray(as_zip(members.items()))
    content[content.index(b"PK\x01\x02") + 8] |= 0x1

    refused(written(content), "member .* is encrypted")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_unusual_compression_is_refused(members, forged, method, refused):
    refused(forged(members, method), f"compressed by method {method}")


def test_deflated_members_are_read_like_stored_ones(members, forged, good_bytes, same):
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
def test_bytes_that_are_no_zip_archive_are_refused(written, content, refused):
    refused(written(content), "is no .npz")


def test_an_empty_archive_is_refused(written, refused):
    refused(written(as_zip([])), "metadata.json is missing")


def test_bytes_before_the_archive_are_refused(written, good_bytes, refused):
    refused(written(b"#!/bin/sh\n" + good_bytes), "misplaced")


def test_bytes_after_the_archive_are_refused(written, good_bytes, refused):
    refused(written(good_bytes + b"more"), "is no .npz")


def test_an_archive_with_a_comment_is_refused(written, members, refused):
    buffer = io.BytesIO(as_zip(members.items()))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"hello"

    refused(written(buffer.getvalue()), "is no .npz")


def test_a_zip64_locator_that_moves_the_directory_is_refused(members, written, refused):
    entry = zipfile.ZipInfo("x")
    entry.comment = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)  # just before the archive's end
    content = as_zip([*members.items(), (entry, b"")])

    refused(written(content), "zip64")


# Metadata of an artifact that is otherwise sound; test_format.py and test_document.py go into detail


def test_metadata_of_a_later_schema_say_what_to_install(described, refused):
    refused(described(schema_version=2), "schema version '2', known here is 1; install")


@pytest.mark.parametrize(("member", "value"), [("name", "../up"), ("version", "a/b"), ("sizes", [4, 3])])
def test_metadata_out_of_bounds_are_refused_by_the_member(described, member, value, refused):
    refused(described(**{member: value}), f"metadata.json: .*{member}|metadata.json: .*layers")


def test_sizes_that_the_arrays_do_not_have_are_refused(described, members, refused):
    golden = json.loads(members["metadata.json"])["golden"]
    golden["inputs"] = [[*sample, 0.5] for sample in golden["inputs"]]

    refused(described(sizes=[5, 3, 2], golden=golden), r"'shape': \(3, 4\).* needed .*\(3, 5\)")
