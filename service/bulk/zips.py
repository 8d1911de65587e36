"""The members of a zip archive on disk, of any number: its directory is read a part at a time.

zipfile makes an object of every entry that an archive lists, a gigabyte for a million. So each part of the
directory is handed to it as if it were the whole. Source: APPNOTE.TXT 6.3.10, sections 4.3.12 to 4.3.16.
"""

import io
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from service.bulk.found import Found, is_wanted, refused
from service.bulk.read import check_size
from service.errors import BadInputError
from service.members import FOREIGN_ERRORS, check_member, inflate, is_folder
from service.zip_end import END, END_SIGNATURE, LOCATOR_64, LOCATOR_64_SIGNATURE, TAIL_BYTES, end_of

__all__ = ["zip_members"]

END_64 = struct.Struct("<4sQ2H2L4Q")  # as END, with numbers that may be larger
END_64_SIGNATURE = b"PK\x06\x06"
END_64_REST = END_64.size - 12  # bytes that the record counts of itself: those behind this number
VERSION_64 = 45  # of the format, 4.5: the first that knows such records
IN_64, IN_64_LONG = 0xFFFF, 0xFFFFFFFF  # in place of a number that stands in that record
ENTRY_SIGNATURE = b"PK\x01\x02"
ENTRY_BYTES = 46  # of a directory's entry before its name
LENGTHS, LENGTHS_AT = struct.Struct("<3H"), 28  # of what follows it: name, extra field and comment
PART_ENTRIES = 256  # that are objects at the same time
PART_BYTES = 1024 * 1024


class Directory(NamedTuple):
    """Where an archive lists its members, in bytes from its beginning."""

    start: int
    end: int


class _Part(io.RawIOBase):
    """An archive that lists some of its members: the file up to its directory, then one of its own."""

    def __init__(self, file: BinaryIO, start: int, listing: bytes, n_entries: int) -> None:
        super().__init__()
        self._file = file
        self._start = start
        self._tail = listing + _end(start, len(listing), n_entries)
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._start + len(self._tail)}
        self._at = origin[whence] + offset
        if self._at < 0:
            raise OSError("before the beginning of the file")
        return self._at

    def read(self, size: int = -1) -> bytes:
        in_tail = self._at - self._start
        if in_tail >= 0:
            content = self._tail[in_tail:] if size < 0 else self._tail[in_tail : in_tail + size]
        else:
            self._file.seek(self._at)
            content = self._file.read(-in_tail if size < 0 else min(size, -in_tail))
        self._at += len(content)
        return content


def zip_members(path: Path) -> Iterator[Found]:
    """Go through the members of a zip archive; folders are passed over, damage to the whole is told last.

    Each member is to be read before the next one is asked for.
    """
    try:
        with path.open("rb") as file:
            directory = _directory(file)
            for part in _parts(file, directory):
                with zipfile.ZipFile(part) as archive:
                    for member in archive.infolist():
                        if not is_folder(member):
                            yield _found(path, archive, member)
    except BadInputError as error:
        yield refused(str(path), error)
    except FOREIGN_ERRORS:
        yield refused(str(path), _damaged())


def _found(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Found:
    def content() -> bytes:
        check_member(member)
        check_size(member.file_size)
        return inflate(archive, member)

    return Found(f"{path}/{member.orig_filename}", content, is_wanted(member.orig_filename))


def _directory(file: BinaryIO) -> Directory:
    """Find where the members are listed; the end of the archive must be the end of the file."""
    length = file.seek(0, os.SEEK_END)
    told = end_of(_at(file, max(length - TAIL_BYTES, 0), TAIL_BYTES))
    if told is None:
        raise BadInputError("this is no zip archive, is cut short or ends in a comment; pack it anew")
    start, size, at_64 = told
    end = length - END.size
    if at_64 is not None:
        record = _at(file, at_64, END_64.size)
        if len(record) < END_64.size or not record.startswith(END_64_SIGNATURE):
            raise _damaged()
        *_, size, start = END_64.unpack(record)
        end = at_64
    if start + size != end:
        raise BadInputError("the zip archive's directory is not where it should be; pack it anew")
    return Directory(start, end)


def _parts(file: BinaryIO, directory: Directory) -> Iterator[_Part]:
    at = directory.start
    while at < directory.end:
        entries: list[bytes] = []
        n_bytes = 0
        while at < directory.end and len(entries) < PART_ENTRIES and n_bytes < PART_BYTES:
            entry = _entry(file, at)
            entries.append(entry)
            n_bytes += len(entry)
            at += len(entry)
        yield _Part(file, directory.start, b"".join(entries), len(entries))


def _entry(file: BinaryIO, at: int) -> bytes:
    head = _at(file, at, ENTRY_BYTES)
    if len(head) < ENTRY_BYTES or not head.startswith(ENTRY_SIGNATURE):
        raise _damaged()
    return head + file.read(sum(LENGTHS.unpack_from(head, LENGTHS_AT)))


def _end(start: int, size: int, n_entries: int) -> bytes:
    """Write the records that end an archive whose directory has that place, size and number of entries."""
    versions, disks, counts = (VERSION_64, VERSION_64), (0, 0), (n_entries, n_entries)
    end_64 = END_64.pack(END_64_SIGNATURE, END_64_REST, *versions, *disks, *counts, size, start)
    locator = LOCATOR_64.pack(LOCATOR_64_SIGNATURE, 0, start + size, 1)
    return end_64 + locator + END.pack(END_SIGNATURE, 0, 0, IN_64, IN_64, IN_64_LONG, IN_64_LONG, 0)


def _at(file: BinaryIO, at: int, n_bytes: int) -> bytes:
    file.seek(at)
    return file.read(n_bytes)


def _damaged() -> BadInputError:
    return BadInputError("the zip archive's directory is damaged; pack it anew")
