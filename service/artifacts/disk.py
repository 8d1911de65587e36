"""Files that may be anything, read within bounds; files that must not be half there, written whole."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path

from service.errors import BadArtifactError
from service.whole import prove_writable, replaced

__all__ = ["check_writable", "locked", "named", "read", "remove", "write"]

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Put a file's path before what is said to be wrong with it, in characters that can be seen."""
    try:
        yield
    except BadArtifactError as error:
        text = f"{path}: {error}"
        raise BadArtifactError(text if text.isprintable() else ascii(text)) from error


def read(path: Path, max_bytes: int, inside: Path | None = None) -> bytes:
    """Read a regular file of at most max_bytes; links are followed within the folder *inside*.

    Raises:
        BadArtifactError: missing, unreadable, not a regular file, too large, or linked to from outside; the
            message has no path in it.
    """
    try:
        target = path.resolve(strict=True)
        if inside is not None and not target.is_relative_to(inside.resolve(strict=True)):
            raise BadArtifactError(f"is a link that leads out of {inside}; copy the file there")
        return _read_regular(target, max_bytes)
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a zero byte in the path
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise BadArtifactError(f"cannot be read ({reason}); check the path and its permissions") from error


def _read_regular(target: Path, max_bytes: int) -> bytes:
    # never waits, as opening a pipe would, and follows no link made since
    descriptor = os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            kind = KINDS.get(stat.S_IFMT(status.st_mode), "something else")
            raise BadArtifactError(f"is {kind}, not a regular file; name a file")
        if status.st_size > max_bytes:
            raise BadArtifactError(
                f"has {status.st_size} bytes, at most {max_bytes} are read; make it smaller"
            )
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(status.st_size)
    finally:
        os.close(descriptor)


def write(path: Path, content: bytes) -> None:
    """Put content in place of path, at once, whose folder is made where it is missing.

    Raises:
        BadArtifactError: the folder cannot be written to.
    """
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as file:
            file.write(content)


def remove(path: Path) -> None:
    """Remove a file, where there is one.

    Raises:
        BadArtifactError: the folder cannot be written to.
    """
    with _writing(path):
        path.unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Prove that files can be made in a folder, which is made where it is missing; nothing is left in it.

    Raises:
        BadArtifactError: they cannot.
    """
    with _writing(folder):
        prove_writable(folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time change a folder, which is made where it is missing; others wait.

    The lock is on the folder itself, so that no file of its own is left there.

    Raises:
        BadArtifactError: the folder cannot be made or opened.
    """
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some network disks know no locks, and are still written to
            flock(descriptor, LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadArtifactError(
            f"{path}: cannot be written ({error.strerror}); check the disk and the folder's permissions"
        ) from error
