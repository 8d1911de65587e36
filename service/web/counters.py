"""The folder in which the processes of one service share their counters, for as long as one of them lives."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from service.errors import SettingsError
from service.web.application import memory_folder

__all__ = ["counters_folder"]

PREFIX = "digits-metrics-"
UNLOCKED = "new-"  # before the prefix, until the folder is locked


@contextmanager
def counters_folder(chosen: Path | None) -> Iterator[Path]:
    """Lend a fresh folder, in the chosen one or in memory, and remove those that killed services left there.

    The folder is locked, and processes that are forked share the lock; where it is free nobody counts.

    Raises:
        SettingsError: the folder cannot be written.
    """
    parent = Path(chosen or memory_folder() or tempfile.gettempdir())
    try:
        _remove_abandoned(parent)
        folder, lock = _locked_folder(parent)
    except OSError as error:
        raise SettingsError(
            f"metrics_folder {parent} cannot be written ({error.strerror}); choose another"
        ) from error
    master = os.getpid()
    try:
        yield folder
    finally:
        if os.getpid() == master:  # a worker leaves through here too
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked_folder(parent: Path) -> tuple[Path, int]:
    made = Path(tempfile.mkdtemp(prefix=UNLOCKED + PREFIX, dir=parent))
    lock = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
    with suppress(OSError):  # a file system without locks; nobody will find it free there
        flock(lock, LOCK_EX | LOCK_NB)
    return made.rename(made.with_name(made.name.removeprefix(UNLOCKED))), lock


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is locked, or another user's
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                flock(lock, LOCK_EX | LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
