"""How much the pictures of one request may cost together."""

from service.errors import ImageTooLargeError
from service.imaging import Limits, claimed_pixels

__all__ = ["PixelAllowance"]

LARGEST_PICTURES = 4  # that a request may bring, or as many pixels in smaller ones


class PixelAllowance:
    """Counts the pixels of a request's pictures.

    A PNG of 16 KiB may hold sixteen million pixels; without a bound on their sum, one request of 256 such
    pictures would keep a thread busy for a minute.
    """

    def __init__(self, limits: Limits) -> None:
        self._most = LARGEST_PICTURES * limits.max_pixels
        self._limits = limits
        self._left = self._most

    def take(self, picture: bytes) -> None:
        """Count the pixels that a picture claims to have; those that are too large anyway cost nothing.

        Raises:
            ImageTooLargeError: there are more than the request has left.
        """
        claimed = claimed_pixels(picture)
        if claimed > self._limits.max_pixels:
            return
        if claimed > self._left:
            raise ImageTooLargeError(
                f"the pictures of one request may have {self._most} pixels in all, and this one has more "
                "than are left; send it in another request"
            )
        self._left -= claimed
