"""What a variable part of a path may hold."""

from werkzeug.routing import BaseConverter

from service.web.errors import UnknownNeuronError

__all__ = ["Segment", "index"]


class Segment(BaseConverter):
    """Is everything up to the next slash or colon: `plain:predict` is never taken for a model's name."""

    regex = "[^/:]+"


def index(text: str, count: int, whole: str, part: str) -> int:
    """Read which of so many parts of a whole is meant, counted from 0.

    Raises:
        UnknownNeuronError: it has no such part.
    """
    short = text.isdecimal() and len(text) <= len(str(count))
    if not (short and str(int(text)) == text and int(text) < count):
        raise UnknownNeuronError(f"{whole} has no {part} {text[:20]!a}; its {part}s are 0 to {count - 1}")
    return int(text)
