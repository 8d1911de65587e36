"""Settings in words: what documents, flags and messages say of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

from service.settings.sources import PREFIX

__all__ = ["FORMATS", "Setting"]

FORMATS = ("png", "jpeg", "webp")
"""As imaging names them, which is not imported for a list of settings."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the list of settings.

    Attributes:
        name: as in Settings and in the TOML file.
        default: in words.
        allowed: in words.
        sentence: what it does.
        secret: never printed, and given as a file rather than as a flag.
        switch: true or false, given as a flag without a value.
    """

    name: str
    default: str
    allowed: str
    sentence: str
    secret: bool
    switch: bool

    @property
    def variable(self) -> str:
        """Name its environment variable."""
        return f"{PREFIX}{self.name.upper()}"

    @property
    def flag(self) -> str:
        """Name its command-line flag."""
        return f"--{self.name.replace('_', '-')}{'-file' if self.secret else ''}"

    @classmethod
    def of(cls, name: str, schema: Mapping[str, Any]) -> Self:
        """Put into words what the JSON schema of one setting says."""
        kind = schema.get("anyOf", [schema])[0]  # the other one is null
        default = "none" if schema["default"] is None else str(schema["default"]).lower()
        is_secret = kind.get("format") == "password"
        return cls(name, default, _allowed(kind), schema["description"], is_secret, kind["type"] == "boolean")


KINDS: Mapping[str, str] = MappingProxyType(
    {
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "path": "a folder",
        "string": "text",
        "formats": f"a comma list of {', '.join(FORMATS)}",
        "password": "lines of text",
    }
)


def _allowed(kind: Mapping[str, Any]) -> str:
    if "enum" in kind:
        return ", ".join(kind["enum"])
    words = KINDS[kind.get("format", kind["type"])]
    if "maximum" in kind:
        return f"{words} from {kind['minimum']} to {kind['maximum']}"
    return f"{words}, {kind['minimum']} or more" if "minimum" in kind else words
