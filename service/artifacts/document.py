"""The bytes of metadata.json: written in one canonical form, read with suspicion."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from service.artifacts.format import SCHEMA_VERSION, Metadata
from service.artifacts.record import Record
from service.errors import BadArtifactError

__all__ = ["parse", "render", "sound", "validated"]

Kind = TypeVar("Kind", bound=Record)

MOST_DIGITS = 19  # of an integer; JSON writers and databases downstream hold 64 bits
MOST_MEMBERS = 1000  # of one object; pydantic reports each unknown one, which takes seconds and gigabytes
LONGEST_MESSAGE = 300  # characters of what others wrote that one message may repeat


def render(metadata: Record) -> bytes:
    """Write metadata as JSON, the same bytes for the same metadata: sorted, a line for each member."""
    members = metadata.model_dump(mode="json")
    lines = (f"{_json(name)}: {_json(members[name])}" for name in sorted(members))
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


def parse(text: bytes) -> Metadata:
    """Read the bytes of a metadata.json.

    Raises:
        BadArtifactError: not JSON, a member twice, a number that is none, another schema version, or
            metadata that contradict themselves.
    """
    _check_members(sound(text))
    return validated(Metadata, text)


def sound(text: bytes) -> object:
    """Read JSON that says each thing once and has no numbers that are none.

    Raises:
        BadArtifactError: it is not such JSON.
    """
    try:
        return json.loads(
            text.decode(),  # UTF-8 alone; json would guess UTF-16 and UTF-32
            object_pairs_hook=_each_once,
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_whole,
        )
    except (ValueError, RecursionError) as error:
        raise BadArtifactError(f"metadata.json is not sound JSON ({error}); write it anew") from error


def validated(kind: type[Kind], text: bytes) -> Kind:
    """Read a record from JSON that is sound.

    Raises:
        BadArtifactError: a member is missing, unknown or out of bounds; the message names the first.
    """
    try:
        return kind.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise BadArtifactError(
            f"metadata.json: {_in_one_line(error)}; correct it with its producer"
        ) from error


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_MEMBERS:
        raise ValueError(f"an object has {len(pairs)} members, at most {MOST_MEMBERS} are read")
    members = dict(pairs)
    if len(members) != len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"member {twice[:60]!a} stands there twice")
    return members


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError(f"{literal[:20]} is no finite number")
    return number


def _whole(literal: str) -> int:
    if len(literal) > MOST_DIGITS:
        raise ValueError(f"{literal[:20]}… does not fit 64 bits")
    return int(literal)


def _check_members(members: object) -> None:
    if not isinstance(members, dict):
        raise BadArtifactError("metadata.json is not a JSON object; write it anew")
    found = members.get("schema_version")
    if type(found) is not int or found != SCHEMA_VERSION:
        raise BadArtifactError(
            f"metadata.json has schema version {str(found)[:20]!a}, known here is {SCHEMA_VERSION}; "
            "install the digit-service that wrote it, or train it anew with `digits train`"
        )
    # pydantic would say so too, with a copy of the whole document in each of its errors
    missing = [name for name, field in Metadata.model_fields.items() if field.is_required()]
    missing = [name for name in missing if name not in members]
    if missing:
        raise BadArtifactError(f"metadata.json lacks {', '.join(missing)}; write it anew")


def _in_one_line(error: ValidationError) -> str:
    """Name the first fault and count the others; what others wrote is escaped and cut short."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    first = faults[0]
    place = ".".join(map(str, first["loc"]))
    what = first["msg"].removeprefix("Value error, ")
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    text = f"{place}: {what}" if place else what
    return (text if text.isprintable() else ascii(text))[:LONGEST_MESSAGE] + more
