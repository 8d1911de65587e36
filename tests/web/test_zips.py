"""Zip archives from people who mean no good, member by member and as a whole."""

import io
import stat
import struct
import zipfile
import zlib

import pytest

from service.errors import BadImageError, BadInputError
from service.web.errors import BodyTooLargeError
from service.web.zips import open_zip

CONTENT = b"a picture, if you like " * 40
MEBIBYTE = 1024 * 1024


def pack(*members, method=zipfile.ZIP_DEFLATED):
    """Zip (name or ZipInfo, content) pairs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content, method)
    return out.getvalue()


def entry(name="a.png", mode=0, **members):
    """A member of a certain kind, as Unix tells it."""
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    for member, value in members.items():
        setattr(info, member, value)
    return info


def patched(archive, field, value, form="<H"):
    """Write into the last entry of an archive's directory: flags at 8, method 10, CRC 16, size 24."""
    at = archive.rindex(b"PK\x01\x02") + field
    return archive[:at] + struct.pack(form, value) + archive[at + struct.calcsize(form) :]


def everywhere(archive, old, new):
    """Rename a member in its own header and in the directory."""
    assert len(old) == len(new)
    return archive.replace(old, new)


def read_all(body, max_bytes=MEBIBYTE):
    archive = open_zip(body, max_members=256, max_bytes=max_bytes)
    return [archive.read(member) for member in archive.members]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read_in_their_order(method):
    members = [("b.png", b"first"), ("folder/a.png", b"second"), ("b.png ", CONTENT)]
    assert read_all(pack(*members, method=method)) == [b"first", b"second", CONTENT]


def test_a_plain_file_from_unix_is_read():
    assert read_all(pack((entry(mode=stat.S_IFREG | 0o644), CONTENT))) == [CONTENT]


def test_an_archive_without_members_has_none():
    assert read_all(pack()) == []


HOSTILE = {
    "a folder": (pack(("folder/", b"")), "is a folder"),
    "a folder in disguise": (pack((entry(mode=stat.S_IFDIR | 0o755), b"")), "is a folder"),
    "a link": (pack((entry(mode=stat.S_IFLNK | 0o777), b"/etc/passwd")), "a link or a device"),
    "a device": (pack((entry(mode=stat.S_IFCHR), b"")), "a link or a device"),
    "a pipe": (pack((entry(mode=stat.S_IFIFO), b"")), "a link or a device"),
    "an absolute path": (pack(("/etc/passwd", b"")), "leads elsewhere"),
    "a drive": (pack(("C:/digit.png", b"")), "leads elsewhere"),
    "a way up": (pack(("../digit.png", b"")), "leads elsewhere"),
    "a way up, later": (pack(("a/b/../../../digit.png", b"")), "leads elsewhere"),
    "a way up, backwards": (pack(("a\\..\\..\\digit.png", b"")), "leads elsewhere"),
    "a share": (pack(("\\\\host\\digit.png", b"")), "leads elsewhere"),
    "a zero byte": (everywhere(pack(("a.png!.txt", b"")), b"a.png!.txt", b"a.png\0.txt"), "leads elsewhere"),
    "a zero byte first": (everywhere(pack(("!.png", b"")), b"!.png", b"\0.png"), "leads elsewhere"),
    "a control character": (pack(("a\x1b[2J.png", b"")), "leads elsewhere"),
    "encrypted": (patched(pack(("a.png", CONTENT)), 8, 1), "is encrypted"),
    "bzip2": (pack(("a.png", CONTENT), method=zipfile.ZIP_BZIP2), "neither stored nor deflated"),
    "lzma": (pack(("a.png", CONTENT), method=zipfile.ZIP_LZMA), "neither stored nor deflated"),
    "a method that is none": (patched(pack(("a.png", CONTENT)), 10, 77), "neither stored nor deflated"),
}


@pytest.mark.parametrize(("body", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_member_that_is_no_plain_file_is_refused_alone(body, reason):
    archive = open_zip(body, max_members=256, max_bytes=MEBIBYTE)
    with pytest.raises(BadInputError, match=reason):
        archive.read(archive.members[0])


def damaged_deflate():
    body = bytearray(pack(("a.png", CONTENT)))
    body[body.index(b"a.png") + 10] ^= 0xFF
    return bytes(body)


DAMAGED = {
    "deflated bytes that are none": damaged_deflate(),
    "a wrong checksum": patched(pack(("a.png", CONTENT)), 16, 0xDEADBEEF, "<L"),
    "more than it says": patched(pack(("a.png", b"0" * 100_000)), 24, 10, "<L"),
    "less than it says": patched(pack(("a.png", b"0" * 10)), 24, 100_000, "<L"),
    "another name in its own header": pack(("a.png", CONTENT)).replace(b"a.png", b"b.png", 1),
    "its own header elsewhere": patched(pack(("a.png", CONTENT)), 42, 7, "<L"),
    "its own header behind the end": patched(pack(("a.png", CONTENT)), 42, 1_000_000, "<L"),
}


@pytest.mark.parametrize("body", DAMAGED.values(), ids=DAMAGED)
def test_a_member_that_is_damaged_is_refused_alone(body):
    archive = open_zip(body, max_members=256, max_bytes=MEBIBYTE)
    with pytest.raises(BadImageError, match=r"damaged|cut short"):
        archive.read(archive.members[0])


def test_no_more_is_inflated_than_the_directory_says(monkeypatch):
    inflated = []
    real = zlib.decompressobj

    class Watched:
        def __init__(self, *options):
            self._real = real(*options)

        def decompress(self, *of):
            inflated.append(self._real.decompress(*of))
            return inflated[-1]

        def __getattr__(self, name):
            return getattr(self._real, name)

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    bomb = patched(pack(("a.png", bytes(50 * MEBIBYTE))), 24, 1000, "<L")
    archive = open_zip(bomb, max_members=256, max_bytes=MEBIBYTE)
    with pytest.raises(BadImageError):
        archive.read(archive.members[0])
    assert sum(map(len, inflated)) <= MEBIBYTE


def test_a_member_is_refused_that_would_be_more_than_all_may_have():
    archive = open_zip(pack(*[(f"{n}.png", bytes(400)) for n in range(3)]), max_members=256, max_bytes=1000)
    first, second, third = archive.members
    assert archive.read(first) == archive.read(second) == bytes(400)
    with pytest.raises(BodyTooLargeError, match="1000 bytes in all"):
        archive.read(third)


def test_one_that_is_refused_for_its_size_leaves_room_for_the_next():
    archive = open_zip(pack(("a", bytes(1001)), ("b", bytes(1000))), max_members=256, max_bytes=1000)
    bomb, picture = archive.members
    with pytest.raises(BodyTooLargeError):
        archive.read(bomb)
    assert archive.read(picture) == bytes(1000)


BROKEN = {
    "nothing of the kind": b"hello " * 20,
    "too short": b"PK",
    "cut short": pack(("a.png", CONTENT))[:-1],
    "cut off in the middle": pack(("a.png", CONTENT))[:60],
    "a comment at the end": pack(("a.png", CONTENT))[:-2] + b"\x05\0hello",
    "bytes in front": b"#!/bin/sh\n" + pack(("a.png", CONTENT)),
    "a directory that is none": pack(("a.png", CONTENT)).replace(b"PK\x01\x02", b"PK\x09\x09"),
    "a directory beyond the beginning": b"\0" * 22 + pack()[:12] + struct.pack("<LLH", 500, 0, 0),
    "zip64": b"PK\x06\x07" + bytes(16) + pack(),
    "a version nobody knows": patched(pack(("a.png", CONTENT)), 6, 99),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_an_archive_that_is_broken_is_refused_as_a_whole(body):
    with pytest.raises(BadInputError, match="zip"):
        read_all(body)


def test_an_archive_of_too_many_members_is_refused_as_a_whole():
    exactly = pack(*[(f"{n}.png", b"") for n in range(256)])
    assert len(open_zip(exactly, max_members=256, max_bytes=1).members) == 256
    with pytest.raises(BodyTooLargeError, match="more than 256 members"):
        open_zip(pack(*[(f"{n}.png", b"") for n in range(257)]), max_members=256, max_bytes=1)


def test_a_directory_of_a_million_entries_is_not_even_read(monkeypatch):
    one = pack(("a.png", b""))
    header = one[one.index(b"PK\x01\x02") : -22]
    directory = header * 300_000
    end = one[-22:-10] + struct.pack("<LLH", len(directory), 0, 0)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(BodyTooLargeError, match="more than 256 members"):
        open_zip(directory + end, max_members=256, max_bytes=MEBIBYTE)
