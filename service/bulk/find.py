"""From what one names to the files that it stands for, one after the other, however many there are."""

import glob
import os
import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from service.bulk.found import Found, is_wanted, refused
from service.bulk.tars import tar_members
from service.bulk.zips import zip_members
from service.errors import BadInputError

__all__ = ["find"]

STDIN = "-"
LIST = ".txt"
MAX_LINE_BYTES = 64 * 1024  # of a list; no path is as long

ARCHIVES: Mapping[str, Callable[[Path], Iterator[Found]]] = MappingProxyType(
    {
        ".zip": zip_members,
        ".tar": tar_members,
        ".tar.gz": tar_members,
        ".tgz": tar_members,
        ".tar.bz2": tar_members,
        ".tbz2": tar_members,
    }
)
"""What goes through an archive, by how its name ends."""


def find(inputs: Sequence[str]) -> Iterator[Found]:
    """Go through the files of pictures, folders, archives, lists of files and patterns of any of these.

    Nothing is kept of what was told of, and a member of an archive is to be read before the next file is
    asked for. Folders are told of in the order of the disk. "-" is a list on the standard input.

    Raises:
        BadInputError: an input is nothing that exists, or closed; before any file is told of.
    """
    for each in inputs:
        _check(each)
    return _all(inputs)


def _check(given: str) -> None:
    if given == STDIN:
        if sys.stdin is None:  # as Python has it where whoever started this process closed it
            raise BadInputError("the standard input is closed; send it a list, or name a file that holds one")
    elif not os.path.lexists(given) and next(_matching(given), None) is None:
        raise BadInputError(f"there is no {given!a}; name pictures, folders, archives, lists or patterns")


def _all(inputs: Iterable[str]) -> Iterator[Found]:
    for each in inputs:
        if each == STDIN:
            yield from _listed(sys.stdin.buffer)
        elif os.path.lexists(each):
            yield from _one(each)
        else:
            for match in _matching(each):
                yield from _one(match)


def _matching(pattern: str) -> Iterator[str]:
    return glob.iglob(pattern, recursive=True)  # noqa: PTH207  # Path.glob takes no absolute pattern


def _one(given: str) -> Iterator[Found]:
    path = Path(given)
    members = next((ARCHIVES[end] for end in ARCHIVES if given.lower().endswith(end)), None)
    if os.path.isdir(given):  # noqa: PTH112  # Path.is_dir raises where a link leads into a closed folder
        yield from _walk(str(path))
    elif members is not None:
        yield from members(path)
    elif path.suffix.lower() == LIST:
        yield from _read_list(path)
    else:
        yield _file(str(path))


def _walk(folder: str) -> Iterator[Found]:
    """Go through a folder and those in it; links to folders may lead in a circle and are not followed."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    is_folder, leads_to_one = entry.is_dir(follow_symlinks=False), entry.is_dir()
                except OSError as error:  # of this one alone, as of a link that leads to itself
                    yield refused(entry.path, _unreadable(error))
                    continue
                if is_folder:
                    if not entry.name.startswith("."):
                        yield from _walk(entry.path)
                elif not leads_to_one:
                    yield _file(entry.path, is_wanted=is_wanted(entry.name))
    except OSError as error:
        yield refused(folder, _unreadable(error))
    except RecursionError:
        yield refused(folder, BadInputError("folders lie in folders too deep; name this one itself"))


def _read_list(path: Path) -> Iterator[Found]:
    try:
        with path.open("rb") as lines:
            yield from _listed(lines, str(path))
    except OSError as error:
        yield refused(str(path), _unreadable(error))


def _listed(lines: BinaryIO, name: str = STDIN) -> Iterator[Found]:
    """Go through a list, one path a line, seen from the current folder."""
    mark = BOM_UTF8  # some editors write it before the first line
    while line := lines.readline(MAX_LINE_BYTES):
        if len(line) == MAX_LINE_BYTES:
            yield refused(name, BadInputError("a line is longer than any path; list one path a line"))
            return
        listed = os.fsdecode(line.removeprefix(mark).rstrip(b"\r\n"))
        mark = b""
        if listed:
            yield _file(listed)


def _file(path: str, *, is_wanted: bool = True) -> Found:
    """Tell of a file that whoever reads it finds by its path."""
    return Found(path, lambda: path, is_wanted)


def _unreadable(error: OSError) -> BadInputError:
    return BadInputError(f"{error.strerror}; check the path and its permissions")
