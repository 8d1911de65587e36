"""Files that nobody finds half written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

__all__ = ["whole"]


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Write beside a path, sync, and rename: a reader and a crash find all of the file or nothing of it.

    What is there and no file, as /dev/stdout, is written to and stays what it is.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as taker:
            yield taker
        return
    beside = path.with_name(f".{path.name}.{token_hex(4)}.tmp")
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
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
