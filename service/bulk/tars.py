"""The members of a tar archive on disk, of any number, compressed or not, from its beginning to its end."""

import bz2
import gzip
import tarfile
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from service.bulk.found import Found, is_wanted, refused
from service.bulk.read import check_size
from service.errors import BadImageError, BadInputError
from service.members import leads_out

__all__ = ["tar_members"]

MAX_HEADER_BYTES = 1024 * 1024  # that belong to one member: its long name, its attributes
MAX_HEADER_READS = 32  # of them: each header and what it says, and the further parts of a sparse one
END = bytes(tarfile.BLOCKSIZE)  # what follows the last member

DAMAGED = (  # RecursionError is a RuntimeError, OverflowError an ArithmeticError
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    ArithmeticError,
)
"""What tarfile and those that inflate for it raise on archives that are damaged or meant to do damage."""


class _Bounded:
    """A stream that never makes more bytes than it was told to, whatever an archive promises.

    tarfile reads a header's extension in one piece, as long as the header says that it is. It holds all
    that stand before one member at once, and with each a copy of what those before it say.

    Attributes:
        last: what the last read returned.
    """

    def __init__(self, stream: BufferedIOBase) -> None:
        self.last = b""
        self._stream = stream
        self.allow(MAX_HEADER_BYTES, MAX_HEADER_READS)

    def allow(self, n_bytes: int, n_reads: int) -> None:
        """Make so many bytes from here on, in so many pieces."""
        self._n_bytes, self._n_reads = n_bytes, n_reads

    def read(self, size: int) -> bytes:
        if size > self._n_bytes or not self._n_reads:
            raise tarfile.ReadError(f"{size} bytes more than are read")
        self.allow(self._n_bytes - size, self._n_reads - 1)
        self.last = self._stream.read(size)
        return self.last

    def seek(self, offset: int) -> int:
        return self._stream.seek(offset)

    def tell(self) -> int:
        return self._stream.tell()


def tar_members(path: Path) -> Iterator[Found]:
    """Go through the members of a tar archive; folders are passed over, damage to the whole is told last.

    Each member is to be read before the next one is asked for.
    """
    try:
        with _opened(path) as file:
            stream: Any = _Bounded(file)  # reads as a file as far as tarfile goes
            with tarfile.open(fileobj=stream, mode="r:") as archive:
                while (member := archive.next()) is not None:
                    archive.members.clear()  # type: ignore[attr-defined]  # tarfile would keep them all
                    archive.pax_headers.clear()  # type: ignore[attr-defined]  # and what is said of all
                    if member.size < 0 or archive.offset <= member.offset:
                        raise tarfile.ReadError("a member that leads back")
                    if not member.isdir():
                        yield _found(path, archive, stream, member)
                    stream.allow(MAX_HEADER_BYTES, MAX_HEADER_READS)
            if stream.last != END:  # tarfile takes what it cannot read for the end
                raise tarfile.ReadError("no end")
    except DAMAGED:
        yield refused(str(path), BadInputError("the tar archive is damaged or cut short; pack it anew"))


def _opened(path: Path) -> BufferedIOBase:
    """Open an archive and see by its first bytes how it is compressed."""
    with path.open("rb") as file:
        beginning = file.read(3)
    if beginning.startswith(b"\x1f\x8b"):
        return gzip.open(path, "rb")
    if beginning == b"BZh":
        return bz2.open(path, "rb")
    return path.open("rb")


def _found(path: Path, archive: tarfile.TarFile, stream: _Bounded, member: tarfile.TarInfo) -> Found:
    def content() -> bytes:
        if not member.isreg():
            raise BadInputError("the archive's member is a link or a device; send PNGs alone")
        if leads_out(member.name):
            raise BadInputError("the archive's member has a name that leads elsewhere; send PNGs alone")
        check_size(member.size)
        stream.allow(member.size, member.size)  # a sparse one is read in pieces of a byte or more
        return _read(archive, member)

    return Found(f"{path}/{member.name}", content, is_wanted(member.name))


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    try:
        file = archive.extractfile(member)
        content = b"" if file is None else file.read()
    except DAMAGED as error:
        raise BadImageError("the archive's member is damaged; pack it anew") from error
    if len(content) < member.size:
        raise BadImageError("the archive's member is cut short; pack it anew")
    return content
