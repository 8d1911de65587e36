"""What the end of an archive says is what zipfile finds there."""

import io
import zipfile

import pytest

from service.zip_end import LOCATOR_64_SIGNATURE, TAIL_BYTES, end_of


def archive(n_members, comment=b""):
    """The bytes of an archive, and where zipfile says that its directory starts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        for number in range(n_members):
            written.writestr(f"{number}.png", bytes(number))
        written.comment = comment
    with zipfile.ZipFile(buffer) as read:
        return buffer.getvalue(), read.start_dir


@pytest.mark.parametrize("n_members", [0, 1, 100])
def test_the_directory_starts_where_zipfile_finds_it(n_members):
    content, start = archive(n_members)
    end = end_of(content[-TAIL_BYTES:])
    assert (end.start, end.at_64) == (start, None)
    assert end.fits(len(content))
    assert end == end_of(content)


def test_where_numbers_would_not_fit_a_larger_record_is_told_of(monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)  # in place of 65,535
    content, start = archive(3)
    end = end_of(content)
    assert content[end.at_64 :].startswith(b"PK\x06\x06")
    assert start < end.at_64 < len(content) - TAIL_BYTES
    assert not end.fits(len(content))


def test_an_archive_cut_anywhere_has_no_end():
    content, _ = archive(3)
    assert [cut for cut in range(len(content)) if end_of(content[:cut])] == []


def test_an_archive_with_a_comment_has_no_end():
    content, _ = archive(3, comment=b"digits")
    assert end_of(content) is None


@pytest.mark.parametrize("where", ["before", "behind the members"])
def test_bytes_that_nothing_tells_of_are_found_out(where):
    content, start = archive(3)
    longer = b"x" + content if where == "before" else content[:start] + b"x" + content[start:]
    assert not end_of(longer).fits(len(longer))


def test_a_larger_record_is_not_told_of_by_less_than_a_locator():
    content, _ = archive(0)
    assert end_of(LOCATOR_64_SIGNATURE + content).at_64 is None
