"""How a zip archive ends: with a record that says where its directory is.

Source: APPNOTE.TXT 6.3.10, sections 4.3.15 and 4.3.16.
"""

import struct
from typing import NamedTuple

__all__ = ["END", "END_SIGNATURE", "LOCATOR_64", "LOCATOR_64_SIGNATURE", "TAIL_BYTES", "End", "end_of"]

END = struct.Struct("<4s4H2LH")  # signature, disks, entries, the directory's size and start, comment's length
LOCATOR_64 = struct.Struct("<4sLQL")  # signature, disk, where the record of zip64 is, disks
TAIL_BYTES = LOCATOR_64.size + END.size  # all that is to be seen of an archive to read its end
END_SIGNATURE, LOCATOR_64_SIGNATURE = b"PK\x05\x06", b"PK\x06\x07"


class End(NamedTuple):
    """What the end of an archive says.

    Attributes:
        start: of the directory, in bytes from the archive's beginning.
        size: of the directory, in bytes.
        at_64: where a larger record stands, whose numbers hold instead of these; None but in zip64.
    """

    start: int
    size: int
    at_64: int | None

    def fits(self, n_bytes: int) -> bool:
        """Say whether an archive of so many bytes consists of members, the directory and this end."""
        return self.at_64 is None and self.start + self.size + END.size == n_bytes


def end_of(tail: bytes) -> End | None:
    """Read the end of an archive, of which no entry of the directory is looked at.

    Args:
        tail: the archive, or at least its last TAIL_BYTES.

    Returns:
        None where this is no archive, or one that is cut short or ends in a comment.
    """
    if len(tail) < END.size:
        return None
    signature, *_, size, start, comment = END.unpack(tail[-END.size :])
    if signature != END_SIGNATURE or comment:
        return None
    before = tail[-TAIL_BYTES : -END.size]
    if len(before) < LOCATOR_64.size or not before.startswith(LOCATOR_64_SIGNATURE):
        return End(start, size, None)
    _, _, at, _ = LOCATOR_64.unpack(before)
    return End(start, size, at)
