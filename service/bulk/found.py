"""A file that was found and not yet read."""

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import NamedTuple, NoReturn

from service.bulk.job import Content
from service.errors import ServiceError

__all__ = ["Found", "is_wanted", "refused"]

PICTURES = (".png", ".jpg", ".jpeg", ".webp")


class Found(NamedTuple):
    """One file, or what stands in the way of files.

    Attributes:
        name: its path; of an archive's member, the archive's path and the member's behind it.
        content: returns its bytes or where they are, or raises what is wrong with it.
        is_wanted: False for one that only lies beside pictures.
    """

    name: str
    content: Callable[[], Content]
    is_wanted: bool = True


def is_wanted(name: str) -> bool:
    """Say whether a file that was found in a folder or an archive is named like a picture.

    >>> is_wanted("digits/3.PNG"), is_wanted("digits/labels.csv"), is_wanted("__MACOSX/._3.png")
    (True, False, False)
    """
    return name.lower().endswith(PICTURES) and not PurePosixPath(name).name.startswith(".")


def refused(name: str, error: ServiceError) -> Found:
    """Stand for what cannot be read at all, so that a row tells of it."""

    def fail() -> NoReturn:
        raise error

    return Found(name, fail)
