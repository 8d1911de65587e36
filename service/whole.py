"""Files that nobody finds half written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryFile
from typing import BinaryIO

__all__ = ["prove_writable", "replaced", "whole"]


def prove_writable(folder: Path) -> None:
    """Make a file in a folder, which is made where it is missing, and leave nothing of it there.

    Raises:
        OSError: the folder takes none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    TemporaryFile(dir=folder).close()


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Write a file as a whole; what is there and no file, as /dev/stdout, stays what it is."""
    if path.exists() and not path.is_file():
        with path.open("wb") as taker:
            yield taker
    else:
        with replaced(path) as file:
            yield file


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """Write beside a path, sync, and rename: a reader and a crash find the old file or the new one."""
    beside = path.with_name(f".{path.name}.{token_hex(4)}.tmp")  # no repository takes it for an artifact
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)  # so that the rename lasts through a power failure
    finally:
        os.close(descriptor)
