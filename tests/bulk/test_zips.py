"""Zip archives on disk: as zipfile itself reads them, of any size, and from people who mean no good."""

import stat
import struct
import zipfile
import zlib

import pytest

from service.bulk import zips
from service.bulk.zips import zip_members
from service.errors import BadImageError, BadInputError, ImageTooLargeError
from tests.bulk.conftest import outcomes

CONTENT = b"a picture, if you like " * 40


def entry(name="a.png", mode=0):
    """A member of a certain kind, as Unix tells it."""
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.fixture
def pack(tmp_path):
    """Zip (name or ZipInfo, content) pairs into a file."""

    def pack(*members, method=zipfile.ZIP_DEFLATED, **options):
        with zipfile.ZipFile(tmp_path / "a.zip", "w", method, **options) as archive:
            for name, content in members:
                archive.writestr(name, content, method)
        return tmp_path / "a.zip"

    return pack


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("n_members", [0, 1, 255, 256, 257, 1000])
def test_members_are_what_was_packed(pack, n_members, method):
    members = {f"{i % 7}/{i}.png": bytes([i % 251]) * (i % 50) for i in range(n_members)}
    assert outcomes(zip_members, pack(*members.items(), method=method)) == members


def test_more_members_than_a_plain_zip_counts_are_read(tmp_path):
    """Beyond 65,535 members the end of an archive has another form, zip64."""
    path, n_members = tmp_path / "many.zip", 65_600
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(n_members):
            archive.writestr(f"{i}.png", b"")
    assert sum(1 for _ in zip_members(path)) == n_members


def test_no_more_entries_are_objects_than_a_part_has(pack, monkeypatch):
    most = 0

    class Counted(zipfile.ZipFile):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            nonlocal most
            most = max(most, len(self.infolist()))

    path = pack(*((f"{i}.png", b"") for i in range(2000)))
    monkeypatch.setattr(zips.zipfile, "ZipFile", Counted)
    assert len([*zip_members(path)]) == 2000
    assert most == zips.PART_ENTRIES


def test_a_member_larger_than_four_gigabytes_is_told_of_and_not_inflated(tmp_path):
    """Its size stands in an entry's zip64 field, as it does here without the bytes."""
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", CONTENT)
        archive.infolist()[0].file_size = 5 * 2**30
    error = outcomes(zip_members, path)["a.png"]
    assert isinstance(error, ImageTooLargeError)
    assert str(error) == "the file has 5368709120 bytes; at most 67108864 are read"


def test_folders_are_passed_over_and_other_files_are_told_of_as_such(pack):
    path = pack(("scans/", b""), ("scans/a.png", b"1"), ("scans/labels.csv", b""), ("__MACOSX/._a.png", b""))
    assert {each.name.removeprefix(f"{path}/"): each.is_wanted for each in zip_members(path)} == {
        "scans/a.png": True,
        "scans/labels.csv": False,
        "__MACOSX/._a.png": False,
    }


HOSTILE = {
    "a link": (entry(mode=stat.S_IFLNK | 0o777), "is a link or a device"),
    "a device": (entry(mode=stat.S_IFCHR), "is a link or a device"),
    "an absolute path": ("/etc/passwd.png", "has a name that leads elsewhere"),
    "a way up": ("../digit.png", "has a name that leads elsewhere"),
    "a control character": ("a\x1b[2J.png", "has a name that leads elsewhere"),
}


@pytest.mark.parametrize(("member", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_member_that_is_no_plain_file_is_refused_alone(pack, member, reason):
    refused, read = outcomes(zip_members, pack((member, b"/etc/passwd"), ("b.png", CONTENT))).values()
    assert isinstance(refused, BadInputError)
    assert reason in str(refused)
    assert read == CONTENT


def test_a_member_without_a_name_is_refused_alone(pack):
    path = pack(("!.png", b""), ("b.png", CONTENT))
    path.write_bytes(path.read_bytes().replace(b"!.png", b"\0.png"))  # a name ends at its first zero byte
    refused, read = outcomes(zip_members, path).values()
    assert isinstance(refused, BadInputError)
    assert read == CONTENT


def test_a_bomb_is_inflated_to_no_more_than_it_promised(pack):
    path = pack(("a.png", bytes(1_000_000)))
    body = bytearray(path.read_bytes())
    at = body.rindex(b"PK\x01\x02") + 24
    body[at : at + 4] = struct.pack("<L", 10)
    path.write_bytes(body)
    assert isinstance(outcomes(zip_members, path)["a.png"], BadImageError)


def test_damage_to_a_member_costs_that_one(pack):
    path = pack(("a.png", CONTENT), ("b.png", CONTENT))
    body = bytearray(path.read_bytes())
    body[body.index(b"a.png") + 10] ^= 0xFF
    path.write_bytes(body)
    damaged, read = outcomes(zip_members, path).values()
    assert isinstance(damaged, BadImageError)
    assert read == CONTENT


def test_an_archive_that_is_cut_anywhere_says_so(pack):
    path = pack(("a.png", CONTENT), ("b.png", zlib.compress(CONTENT)))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert isinstance(outcomes(zip_members, path)[str(path)], BadInputError)


def test_whatever_byte_is_changed_nothing_else_is_raised(pack):
    path = pack(("a.png", CONTENT), ("b.png", CONTENT), allowZip64=True)
    whole = path.read_bytes()
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 0xFF
        path.write_bytes(changed)
        assert outcomes(zip_members, path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK",
        b"PK\x05\x06" + bytes(17) + b"\1",
        b"PK\x06\x07" + bytes(16) + b"PK\x05\x06" + bytes(18),
        b"PK\x06\x07" + b"\xff" * 16 + b"PK\x05\x06" + bytes(18),
        b"nothing" + b"PK\x05\x06" + bytes(18),
    ],
)
def test_what_is_no_archive_is_one_fault(tmp_path, content):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    [(name, error)] = outcomes(zip_members, path).items()
    assert name == str(path)
    assert "pack it anew" in str(error)


def test_an_archive_that_is_not_there_is_one_fault(tmp_path):
    [error] = outcomes(zip_members, tmp_path / "a.zip").values()
    assert isinstance(error, BadInputError)
