"""Which members of a zip archive are read, and how: in memory, to no more bytes than they promise.

No member is ever written to disk, and no name is ever used as a path; names that would be dangerous there are
refused all the same, as whoever made them meant no good. Source: APPNOTE.TXT 6.3.10, section 4.4.
"""

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from service.errors import BadImageError, BadInputError

__all__ = ["FOREIGN_ERRORS", "check_member", "inflate", "is_folder", "leads_out"]

READ_METHODS = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
ENCRYPTED = 0x1  # a bit of a member's flags

FOREIGN_ERRORS = (  # NotImplementedError is a RuntimeError, UnicodeDecodeError a ValueError
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What zipfile raises on archives that are damaged or meant to do damage."""


def check_member(member: zipfile.ZipInfo) -> None:
    """Prove that a member is a plain file that can be read.

    Raises:
        BadInputError: it is something else; the message says what.
    """
    reason = next((reason for reason, holds in REFUSALS.items() if holds(member)), None)
    if reason is not None:
        raise BadInputError(f"the archive's member {reason}; send PNGs alone")


def inflate(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Inflate a member that was checked, to no more bytes than the directory says that it has.

    Raises:
        BadImageError: it is damaged.
    """
    try:
        with archive.open(member) as file:
            content = file.read(member.file_size)
    except FOREIGN_ERRORS as error:
        raise BadImageError("the archive's member is damaged; pack it anew") from error
    if len(content) < member.file_size:
        raise BadImageError("the archive's member is cut short; pack it anew")
    return content


def is_folder(member: zipfile.ZipInfo) -> bool:
    """Say whether a member is called as folders are; Python 3.11's is_dir fails where it is called nothing.

    >>> is_folder(zipfile.ZipInfo("digits/")), is_folder(zipfile.ZipInfo(""))
    (True, False)
    """
    return member.filename.endswith("/")


def leads_out(name: str) -> bool:
    """Say whether a member's name, taken for a path, could lead out of the folder that it is unpacked in.

    >>> leads_out("digits/3.png"), leads_out("../3.png"), leads_out("C:3.png")
    (False, True, True)
    """
    parts = re.split(r"[/\\]", name)
    return ".." in parts or not parts[0] or ":" in parts[0] or not name.isprintable()


def _kind(member: zipfile.ZipInfo) -> int:
    """Return the kind of file in the way of Unix; 0 where whoever packed it did not say."""
    return stat.S_IFMT(member.external_attr >> 16)


REFUSALS: Mapping[str, Callable[[zipfile.ZipInfo], bool]] = MappingProxyType(
    {
        "is a folder": lambda member: is_folder(member) or _kind(member) == stat.S_IFDIR,
        "is a link or a device": lambda member: _kind(member) not in {0, stat.S_IFREG},
        # orig_filename, because filename ends at the first zero byte
        "has a name that leads elsewhere": lambda member: leads_out(member.orig_filename),
        "is encrypted": lambda member: bool(member.flag_bits & ENCRYPTED),
        "is neither stored nor deflated": lambda member: member.compress_type not in READ_METHODS,
    }
)
"""Why a member is not read."""
