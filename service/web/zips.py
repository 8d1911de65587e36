"""A zip archive in a request: its directory is bounded before it is read, each member is inflated by itself.

Source: APPNOTE.TXT 6.3.10, section 4.3.
"""

import io
import zipfile

from service.errors import BadInputError
from service.members import FOREIGN_ERRORS, check_member, inflate
from service.web.errors import BodyTooLargeError
from service.zip_end import end_of

__all__ = ["Archive", "open_zip"]

MAX_DIRECTORY_BYTES = 256 * 1024  # a thousand for each of 256 members


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
        check_member(member)
        if member.file_size > self._left:
            raise BodyTooLargeError(
                f"the archive's members may have {self._max_bytes} bytes in all, and this one has more than "
                "is left; send it in another request"
            )
        self._left -= member.file_size
        return inflate(self._archive, member)


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
    end = end_of(body)
    if end is None:
        raise BadInputError("the body is no zip archive, is cut short or ends in a comment; pack it anew")
    if end.size > MAX_DIRECTORY_BYTES:
        raise _too_many(max_members)
    if not end.fits(len(body)):
        raise BadInputError("the zip archive's directory is not where it should be; pack it anew")


def _too_many(max_members: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"the archive has more than {max_members} members, and no more are read")
