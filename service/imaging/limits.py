"""Which pictures are read: of which formats, and how large."""

from dataclasses import dataclass

from service.errors import ImageTooLargeError
from service.imaging.format import Format

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bound which pictures are read.

    Attributes:
        max_side: pixels along the longer side.
        max_pixels: width times height.
        formats: what a picture may be held in.
    """

    max_side: int = 4096
    max_pixels: int = 4096 * 4096
    formats: frozenset[Format] = frozenset({Format.PNG})

    def check_size(self, width: int, height: int) -> None:
        """Compare what a picture claims with what is read.

        Raises:
            ImageTooLargeError: it has more pixels.
        """
        has = f"the image has {width}x{height} pixels"
        if max(width, height) > self.max_side:
            raise ImageTooLargeError(f"{has}; at most {self.max_side}x{self.max_side} are read")
        if width * height > self.max_pixels:
            raise ImageTooLargeError(f"{has}, {width * height} in all; at most {self.max_pixels} are read")
