"""API keys: kept as hashes, compared in constant time, named in the log."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Self

from flask import Flask
from pydantic import SecretStr

from service.errors import SettingsError
from service.web.errors import MissingKeyError
from service.web.exchange import Exchange, this_exchange

__all__ = ["Keys", "ask_for_keys"]

CHALLENGE = MappingProxyType({"WWW-Authenticate": 'Bearer realm="digits"'})


class Keys:
    """Names by the hashes of the keys; the keys themselves are forgotten."""

    def __init__(self, names: Mapping[bytes, str]) -> None:
        self._names = dict(names)

    @classmethod
    def parse(cls, lines: SecretStr) -> Self:
        """Read one key a line, with or without a name before it; blank lines and those with # are left out.

        Raises:
            SettingsError: a line of more than two words, a key or name given twice, or no key at all.
        """
        words = [line.split() for line in lines.get_secret_value().splitlines()]
        given = [parts for parts in words if parts and not parts[0].startswith("#")]
        if any(len(parts) not in {1, 2} for parts in given):
            raise SettingsError(
                "api_keys has a line of more than two words; write a name, a space and the key"
            )
        numbered = ((f"key{i}", parts) for i, parts in enumerate(given, 1))
        named = {_hash(parts[-1]): number if len(parts) == 1 else parts[0] for number, parts in numbered}
        if not named or len(set(named.values())) < len(given):
            raise SettingsError(
                "api_keys has no key, or a key or name twice; write one key a line, each once"
            )
        return cls(named)

    def name(self, key: str) -> str | None:
        """Name the key, or return None for a wrong one; every key is compared, however early one agrees."""
        presented = _hash(key)
        found = [name for known, name in self._names.items() if hmac.compare_digest(known, presented)]
        return found[0] if found else None


def _hash(key: str) -> bytes:
    return sha256(key.encode()).digest()


def ask_for_keys(app: Flask, keys: Keys, free: frozenset[str]) -> None:
    """Let a request through that carries a key, or that asks for a route which is free for all."""

    def check() -> None:
        exchange = this_exchange()
        if exchange.route in free:
            return
        name = keys.name(_presented(exchange))
        if name is None:
            raise MissingKeyError("send a key, as Authorization: Bearer … or as X-API-Key: …", CHALLENGE)
        exchange.notes["key"] = name

    app.before_request(check)


def _presented(exchange: Exchange) -> str:
    scheme, _, token = exchange.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else exchange.headers.get("X-API-Key", "")
