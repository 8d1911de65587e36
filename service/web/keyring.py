"""The keys themselves: read from lines of text, and kept as hashes alone."""

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Self

from pydantic import SecretStr

from service.errors import SettingsError

__all__ = ["Keys"]

NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
WORDS = (1, 2)  # on a line: the key, or a name and the key


class Keys:
    """Names by the hashes of the keys; the keys themselves are forgotten."""

    def __init__(self, names: Mapping[bytes, str]) -> None:
        self._names = dict(names)

    @classmethod
    def parse(cls, lines: SecretStr) -> Self:
        """Read one key a line, with or without a name before it; blank lines and those with # are left out.

        Raises:
            SettingsError: a line of more than two words, an odd name, a key or name given twice, or no key.
        """
        words = [line.split() for line in lines.get_secret_value().splitlines()]
        given = [parts for parts in words if parts and not parts[0].startswith("#")]
        if any(len(parts) not in WORDS for parts in given):
            raise SettingsError(
                "api_keys has a line of more than two words; write a name, a space and the key"
            )
        numbered = ((f"key{i}", parts) for i, parts in enumerate(given, 1))
        named = {_hash(parts[-1]): number if len(parts) == 1 else parts[0] for number, parts in numbered}
        if not named or len(set(named.values())) < len(given):
            raise SettingsError(
                "api_keys has no key, or a key or name twice; write one key a line, each once"
            )
        if not all(map(NAME.fullmatch, named.values())):
            raise SettingsError(
                "api_keys has an odd name; use up to 64 letters, digits, dots, dashes, underscores and @"
            )
        return cls(named)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names, in the order of the lines."""
        return tuple(self._names.values())

    def name(self, key: str) -> str | None:
        """Name the key, or return None for a wrong one; every key is compared, however early one agrees."""
        presented = _hash(key)
        found = [name for known, name in self._names.items() if hmac.compare_digest(known, presented)]
        return found[0] if found else None


def _hash(key: str) -> bytes:
    return sha256(key.encode()).digest()
