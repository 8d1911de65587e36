"""A file on disk, read to the end or refused at once."""

import os
import stat

from service.errors import BadInputError, ImageTooLargeError

__all__ = ["LARGEST_FILE_BYTES", "check_size", "read"]

LARGEST_FILE_BYTES = 64 * 2**20  # four times what the service reads by default


def read(path: str) -> bytes:
    """Read a regular file; links are followed, and a pipe is not waited for.

    Raises:
        BadInputError: it cannot be read, or is something else.
        ImageTooLargeError: it has more bytes than are read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise BadInputError("this is no regular file; name a file")
            check_size(status.st_size)
            with open(descriptor, "rb", buffering=0, closefd=False) as file:
                return file.read(status.st_size)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:  # a zero byte in the name is a ValueError
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise BadInputError(f"{reason}; name a file that can be read") from error


def check_size(n_bytes: int) -> None:
    """Prove that a file is small enough to be held in memory.

    Raises:
        ImageTooLargeError: it is larger.
    """
    if not 0 <= n_bytes <= LARGEST_FILE_BYTES:
        raise ImageTooLargeError(f"the file has {n_bytes} bytes; at most {LARGEST_FILE_BYTES} are read")
