"""Tar archives on disk: as tarfile itself packs them, of any size, and from people who mean no good."""

import bz2
import gzip
import io
import tarfile
import tracemalloc
from itertools import islice

import pytest

from service.bulk.tars import tar_members
from service.errors import BadInputError, ImageTooLargeError
from tests.bulk.conftest import outcomes

CONTENT = b"a picture, if you like " * 40


def member(name, content=b"", **attributes):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info, content


@pytest.fixture
def pack(tmp_path):
    """Put (TarInfo, content) pairs into a tar archive."""

    def pack(*members, mode="w", **options):
        with tarfile.open(tmp_path / "a.tar", mode, **options) as archive:
            for info, content in members:
                archive.addfile(info, io.BytesIO(content))
        return tmp_path / "a.tar"

    return pack


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_are_what_was_packed(pack, mode, form):
    members = {f"{i % 7}/{i}.png": CONTENT[: i * 13] for i in range(100)}
    if form != tarfile.USTAR_FORMAT:
        members["ü" * 200 + ".png"] = CONTENT
    path = pack(*(member(*each) for each in members.items()), mode=mode, format=form)
    assert outcomes(tar_members, path) == members


def test_members_need_not_be_read(pack):
    path = pack(member("a.png", CONTENT), member("b.png", CONTENT))
    assert [each.name for each in tar_members(path)] == [f"{path}/a.png", f"{path}/b.png"]


def test_folders_are_passed_over_and_other_files_are_told_of_as_such(pack):
    path = pack(member("scans", type=tarfile.DIRTYPE), member("scans/a.png"), member("scans/labels.csv"))
    assert {each.name.removeprefix(f"{path}/"): each.is_wanted for each in tar_members(path)} == {
        "scans/a.png": True,
        "scans/labels.csv": False,
    }


HOSTILE = {
    "a link": (member("a.png", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "is a link or a device"),
    "a hard link": (member("a.png", type=tarfile.LNKTYPE, linkname="b.png"), "is a link or a device"),
    "a device": (member("a.png", type=tarfile.CHRTYPE), "is a link or a device"),
    "a pipe": (member("a.png", type=tarfile.FIFOTYPE), "is a link or a device"),
    "an absolute path": (member("/etc/a.png"), "has a name that leads elsewhere"),
    "a way up": (member("../a.png"), "has a name that leads elsewhere"),
}


@pytest.mark.parametrize(("hostile", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_member_that_is_no_plain_file_is_refused_alone(pack, hostile, reason):
    refused, read = outcomes(tar_members, pack(hostile, member("b.png", CONTENT))).values()
    assert isinstance(refused, BadInputError)
    assert reason in str(refused)
    assert read == CONTENT


def compressed(size, beginning):
    """A tar archive of zeros after its beginning, in little space."""
    return gzip.compress(beginning + bytes(size) + bytes(1024), 1)


def test_a_member_that_is_a_bomb_is_told_of_and_not_inflated(tmp_path):
    info, _ = member("a.png", size=200 * 2**20)
    path = tmp_path / "a.tar"
    path.write_bytes(compressed(info.size, info.tobuf()))
    tracemalloc.start()
    try:
        [error] = outcomes(tar_members, path).values()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(error, ImageTooLargeError)
    assert peak < 8 * 2**20


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE])
def test_a_header_that_is_a_bomb_is_not_read(tmp_path, kind):
    """tarfile alone would hold all of it: a name of 100 MiB comes from 100 kB."""
    info, _ = member("a.png", size=100 * 2**20, type=kind)
    path = tmp_path / "a.tar"
    path.write_bytes(compressed(info.size, info.tobuf()))
    tracemalloc.start()
    try:
        [(name, error)] = outcomes(tar_members, path).items()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (name, str(error)) == (str(path), "the tar archive is damaged or cut short; pack it anew")
    assert peak < 8 * 2**20


def extension(kind, records):
    """A header of pax, for one member or for all that follow, with its records."""
    body = b"".join(map(record, records))
    info, _ = member("pax", body, type=kind)
    return info.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512)


def record(content):
    """One record of pax: its own length, a space, what it says and the end of the line."""
    rest = len(content) + 2
    length = next(n for n in range(rest, rest + 9) if n == len(str(n)) + rest)
    return b"%d %b\n" % (length, content)


def half_a_mebibyte(i):
    """A header for all members that follow, another one for each number."""
    return extension(tarfile.XGLTYPE, [b"%d=" % i + b"a" * 2**19])


MEMBER = tarfile.TarInfo("a").tobuf()
TOGETHER = {
    "before every member": lambda: b"".join(half_a_mebibyte(i) + MEMBER for i in range(100)),
    "before one member": lambda: b"".join(half_a_mebibyte(i) for i in range(100)) + MEMBER,
    "copied for each of one member": lambda: (
        extension(tarfile.XGLTYPE, [b"%d=" % i for i in range(20_000)])
        + extension(tarfile.XHDTYPE, [b"a=b"]) * 150
        + MEMBER
    ),
}


@pytest.mark.parametrize("headers", TOGETHER.values(), ids=TOGETHER)
def test_headers_that_are_a_bomb_together_are_not_kept(tmp_path, headers):
    """tarfile alone would hold them all: 50 MiB and more come from a quarter of one."""
    path = tmp_path / "a.tar"
    path.write_bytes(gzip.compress(headers() + bytes(1024), 1))
    tracemalloc.start()
    try:
        assert outcomes(tar_members, path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 2**20


def with_size(info, size):
    """A header that gives a size as GNU tar writes those that need more than octal digits."""
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = size.to_bytes(12, "big", signed=True)
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + sum(header[156:]) + 8 * ord(" "))
    return bytes(header)


NEGATIVE = {
    "a block": with_size(tarfile.TarInfo("b.png"), -512),
    "a byte": with_size(tarfile.TarInfo("b.png"), -1),
    "what pax says": extension(tarfile.XHDTYPE, [b"size=-2048"]) + tarfile.TarInfo("b.png").tobuf(),
    "where it is sparse": with_size(member("b.png", type=tarfile.GNUTYPE_SPARSE)[0], -512),
}


@pytest.mark.parametrize("negative", NEGATIVE.values(), ids=NEGATIVE)
def test_an_archive_that_leads_back_is_damaged(tmp_path, negative):
    path = tmp_path / "a.tar"
    path.write_bytes(tarfile.TarInfo("a.png").tobuf() + negative + bytes(1024))
    first, last = islice(tar_members(path), 10)  # tarfile alone would tell of b.png for ever
    assert first.name == f"{path}/a.png"
    assert last.name == str(path)
    with pytest.raises(BadInputError, match=r"^the tar archive is damaged or cut short; pack it anew$"):
        last.content()


def test_nothing_is_kept_of_members_that_were_told_of(pack):
    n_members = 3000
    path = pack(*(member(f"{i}.png") for i in range(n_members)), mode="w:gz")

    def peak():
        tracemalloc.start()
        try:
            assert sum(1 for _ in tar_members(path)) == n_members
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # what other threads of this process allocate meanwhile is counted too, but not every time
    assert min(peak() for _ in range(3)) < 2**20  # a TarInfo takes a kilobyte


@pytest.mark.parametrize("pressed", [bytes, gzip.compress, bz2.compress])
def test_an_archive_that_is_cut_anywhere_says_so_last(pack, pressed):
    members = {"a.png": CONTENT, "b.png": CONTENT}
    path = pack(*(member(*each) for each in members.items()), format=tarfile.USTAR_FORMAT)
    plain = path.read_bytes()[: 512 * 7]  # headers and contents, two blocks each, and the first of the end
    whole = pressed(plain)
    for length in range(0, len(whole), 97 if pressed is bytes else 1):
        path.write_bytes(whole[:length])
        found = outcomes(tar_members, path)
        if found != members:  # of what is compressed, a checksum of the whole may be cut alone
            *_, (name, error) = found.items()
            assert (name, type(error)) == (str(path), BadInputError)
    path.write_bytes(whole)
    assert outcomes(tar_members, path) == members


def test_whatever_byte_of_a_header_is_changed_nothing_else_is_raised(pack):
    path = pack(member("ü.png", CONTENT), member("b.png", CONTENT), format=tarfile.PAX_FORMAT)
    whole = path.read_bytes()
    for at in [*range(1536), *range(2560, 3072)]:
        changed = bytearray(whole)
        changed[at] ^= 0x55
        path.write_bytes(changed)
        assert outcomes(tar_members, path)


def test_an_archive_that_is_not_there_is_one_fault(tmp_path):
    [error] = outcomes(tar_members, tmp_path / "a.tar").values()
    assert isinstance(error, BadInputError)
