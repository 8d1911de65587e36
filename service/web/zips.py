"""A zip archive from anyone: its directory is bounded before it is read, each member is inflated by itself.

No member is ever written to disk, and no name is ever used as a path; names that would be dangerous there are
refused all the same, as whoever made them meant no good. Source: APPNOTE.TXT 6.3.10, sections 4.3 and 4.4.
"""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from service.errors import BadImageError, BadInputError
from service.web.errors import BodyTooLargeError

__all__ = ["Archive", "open_zip"]

END_BYTES = 22  # of the record that ends an archive and says where its directory is
MAX_DIRECTORY_BYTES = 256 * 1024  # a thousand for each of 256 members
ZIP64_LOCATOR_AT = END_BYTES + 20  # bytes before the end
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


class Archive:
    """The members of an archive, to be inflated one after the other.

    Attributes:
        members: in the order of the archive's directory.
    """

    def __init__(self, archive: zipfile.ZipFile, max_bytes: int) -> None:
        """Bound what all members together may inflate to."""
        self.members = archive.infolist()
        self._archive = archive
        self._max_bytes = self._left = max_bytes

    def read(self, member: zipfile.ZipInfo) -> bytes:
        """Inflate a member, to no more bytes than the directory says that it has.

        Raises:
            BadInputError: it is no plain file, or packed in a way that is not read.
            BodyTooLargeError: it would be more than all members may have together.
            BadImageError: it is damaged.
        """
        reason = next((reason for reason, holds in REFUSALS.items() if holds(member)), None)
        if reason is not None:
            raise BadInputError(f"the archive's member {reason}; send PNGs alone")
        if member.file_size > self._left:
            raise BodyTooLargeError(
                f"the archive's members may have {self._max_bytes} bytes in all, and this one has more than "
                "is left; send it in another request"
            )
        self._left -= member.file_size
        try:
            with self._archive.open(member) as file:
                content = file.read(member.file_size)
        except FOREIGN_ERRORS as error:
            raise BadImageError("the archive's member is damaged; pack it anew") from error
        if len(content) < member.file_size:
            raise BadImageError("the archive's member is cut short; pack it anew")
        return content


def open_zip(body: bytes, max_members: int, max_bytes: int) -> Archive:
    """Read the directory of an archive, inflating nothing.

    Args:
        body: the archive.
        max_members: folders counted too.
        max_bytes: that all members together may inflate to.

    Raises:
        BodyTooLargeError: it has more members.
        BadInputError: it is no zip archive, or a broken one.
    """
    _check_end(body, max_members)
    try:
        archive = zipfile.ZipFile(io.BytesIO(body))
    except FOREIGN_ERRORS as error:
        raise BadInputError("the zip archive's directory is damaged; pack it anew") from error
    if len(archive.infolist()) > max_members:
        raise _too_many(max_members)
    return Archive(archive, max_bytes)


def _check_end(body: bytes, max_members: int) -> None:
    """Bound the directory before zipfile makes an object of each entry that it may list."""
    end = body[-END_BYTES:]
    if len(end) < END_BYTES or not end.startswith(b"PK\x05\x06") or not end.endswith(b"\0\0"):
        raise BadInputError("the body is no zip archive, is cut short or ends in a comment; pack it anew")
    size, offset = struct.unpack_from("<2L", end, 12)
    if size > MAX_DIRECTORY_BYTES:
        raise _too_many(max_members)
    if body[-ZIP64_LOCATOR_AT:].startswith(b"PK\x06\x07") or offset + size + END_BYTES != len(body):
        raise BadInputError("the zip archive's directory is not where it should be; pack it anew")


def _too_many(max_members: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"the archive has more than {max_members} members, and no more are read")


def _kind(member: zipfile.ZipInfo) -> int:
    """Return the kind of file in the way of Unix; 0 where whoever packed it did not say."""
    return stat.S_IFMT(member.external_attr >> 16)


def _leads_out(member: zipfile.ZipInfo) -> bool:
    name = member.orig_filename  # filename ends at the first zero byte
    parts = re.split(r"[/\\]", name)
    return ".." in parts or not parts[0] or ":" in parts[0] or not name.isprintable()


REFUSALS: Mapping[str, Callable[[zipfile.ZipInfo], bool]] = MappingProxyType(
    {
        "is a folder": lambda member: member.is_dir() or _kind(member) == stat.S_IFDIR,
        "is a link or a device": lambda member: _kind(member) not in {0, stat.S_IFREG},
        "has a name that leads elsewhere": _leads_out,
        "is encrypted": lambda member: bool(member.flag_bits & ENCRYPTED),
        "is neither stored nor deflated": lambda member: member.compress_type not in READ_METHODS,
    }
)
"""Why a member is not read."""
