"""What a client may choose about one classification, in the query, a form or a JSON object."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from service.errors import BadInputError
from service.imaging import Choice

__all__ = ["NOTHING_CHOSEN", "OPTIONS", "Include", "Options", "only_once", "parse_options"]

AnyEnum = TypeVar("AnyEnum", bound=StrEnum)


class Include(StrEnum):
    """What an answer may carry beside the verdict."""

    IMAGE = "image"
    HIDDEN = "hidden"
    PREPROCESSING = "preprocessing"


@dataclass(frozen=True, slots=True)
class Options:
    """The choices of one request.

    Attributes:
        model: "name" or "name@version"; None is the service's default.
        reject_below: 0..1; None is the model's own threshold, 0 turns rejection off.
        invert: whether ink is darker than paper.
        center: whether the ink is framed as MNIST frames it.
        include: what the answer carries beside the verdict.
    """

    model: str | None = None
    reject_below: float | None = None
    invert: Choice = Choice.AUTO
    center: Choice = Choice.AUTO
    include: frozenset[Include] = frozenset()


NOTHING_CHOSEN = Options()


def parse_options(*sources: Mapping[str, object]) -> Options:
    """Check options that were sent as text, or as JSON values; an earlier source wins over a later one.

    Raises:
        BadInputError: an option that does not exist, or a value that is not allowed.
    """
    if not any(sources):
        return NOTHING_CHOSEN
    given = [(name, value) for source in reversed(sources) for name, value in source.items()]
    unknown = [name for name, _ in given if name not in OPTIONS]
    if unknown:
        raise BadInputError(f"there is no option {_shown(unknown[0])}; there are {', '.join(OPTIONS)}")
    parsed = {name: OPTIONS[name](name, value) for name, value in given if value is not None}
    return Options(**parsed)  # type: ignore[arg-type]  # each parser returns what its field holds


def only_once(pairs: Iterable[tuple[str, list[str]]]) -> dict[str, object]:
    """Take options of which each was sent once.

    Raises:
        BadInputError: one was sent more often, so that nobody can say which value counts.
    """
    single: dict[str, object] = {}
    for name, values in pairs:
        if len(values) > 1:
            raise BadInputError(f"option {_shown(name)} is given {len(values)} times; give it once")
        single[name] = values[0]
    return single


def _model(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadInputError(f'{name} {_shown(value)} is not a name; send "name" or "name@version"')
    return value


def _fraction(name: str, value: object) -> float:
    number = _number(value)
    if not 0 <= number <= 1:  # nor is NaN
        raise BadInputError(f"{name} {_shown(value)} is not allowed; send a number from 0 to 1")
    return number


def _number(value: object) -> float:
    """Read a number, or a text that is one; NaN stands for what is neither."""
    if isinstance(value, bool) or _is_odd(value):
        return math.nan
    try:
        return float(value)  # type: ignore[arg-type]  # what float does not take, it says
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _is_odd(value: object) -> bool:
    """Say whether a text is one that only Python takes for a number, as "0_5" and digits of other scripts."""
    return isinstance(value, str) and not (value.isascii() and "_" not in value)


def _choice(name: str, value: object) -> Choice:
    return _member(Choice, name, value)


def _includes(name: str, value: object) -> frozenset[Include]:
    parts = value if isinstance(value, list) else str(value).split(",")
    return frozenset(_member(Include, name, part) for part in parts if part != "")


def _member(kind: type[AnyEnum], name: str, value: object) -> AnyEnum:
    try:
        return kind(str(value).strip())
    except ValueError as error:
        raise BadInputError(f"{name} {_shown(value)} is not allowed; send {', '.join(kind)}") from error


def _shown(value: object) -> str:
    """Quote what a client sent, shortened, in ASCII."""
    return ascii(str(value)[:60])


OPTIONS: Mapping[str, Callable[[str, object], object]] = MappingProxyType(
    {"model": _model, "reject_below": _fraction, "invert": _choice, "center": _choice, "include": _includes}
)
"""How the value of each option is checked."""
