"""How a client wants numbers drawn: in which colours, and how large."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from service.errors import BadInputError
from service.imaging import PALETTES, Palette
from service.web.exchange import Exchange
from service.web.options import only_once

__all__ = ["DRAWING", "LARGEST_SCALE", "Drawing", "parse_drawing"]

LARGEST_SCALE = 32
MOST_PIXELS = 4 * 2**20  # of one PNG


@dataclass(frozen=True, slots=True)
class Drawing:
    """The choices of one request.

    Attributes:
        palette: a name from PALETTES; None where the client has none in mind.
        scale: pixels of the PNG along each side of a number.
    """

    palette: str | None = None
    scale: int = 1

    @property
    def colours(self) -> Palette:
        """Return the colours; blue and vermilion unless others were chosen."""
        return PALETTES["blue-orange" if self.palette is None else self.palette]

    def check(self, shape: tuple[int, int]) -> None:
        """Refuse to draw so many rows and columns of numbers so large.

        Raises:
            BadInputError: the PNG would have more pixels than are drawn.
        """
        height, width = shape
        fitting = [scale for scale in range(1, LARGEST_SCALE + 1) if height * width * scale**2 <= MOST_PIXELS]
        if not fitting:
            raise BadInputError(
                f"{height}x{width} numbers are more than one PNG shows, {MOST_PIXELS}; take single neurons"
            )
        if self.scale not in fitting:
            raise BadInputError(
                f"scale {self.scale} makes more than {MOST_PIXELS} pixels here; send at most {fitting[-1]}"
            )


def parse_drawing(exchange: Exchange) -> Drawing:
    """Check the query of a request for a PNG.

    Raises:
        BadInputError: an option that does not exist or is given twice, or a value that is not allowed.
    """
    given = only_once(exchange.args.lists())
    unknown = [name for name in given if name not in DRAWING]
    if unknown:
        raise BadInputError(f"there is no option {unknown[0][:60]!a}; there are {', '.join(DRAWING)}")
    parsed = {name: DRAWING[name](str(value)) for name, value in given.items()}
    return Drawing(**parsed)  # type: ignore[arg-type]  # each parser returns what its field holds


def _palette(value: str) -> str:
    if value not in PALETTES:
        raise BadInputError(f"palette {value[:60]!a} is not allowed; send {', '.join(PALETTES)}")
    return value


def _scale(value: str) -> int:
    allowed = {str(scale): scale for scale in range(1, LARGEST_SCALE + 1)}
    if value not in allowed:
        raise BadInputError(
            f"scale {value[:60]!a} is not allowed; send a whole number from 1 to {LARGEST_SCALE}"
        )
    return allowed[value]


DRAWING: Mapping[str, Callable[[str], object]] = MappingProxyType({"palette": _palette, "scale": _scale})
"""How the value of each option is checked."""
