"""Who may ask: whoever carries a key, whose name then stands in the log and in the metrics."""

from types import MappingProxyType

from flask import Flask

from service.web.errors import MissingKeyError
from service.web.exchange import Exchange, this_exchange
from service.web.metrics import Metrics
from service.web.state import State

__all__ = ["ask_for_keys"]

CHALLENGE = MappingProxyType({"WWW-Authenticate": 'Bearer realm="digits"'})


def ask_for_keys(app: Flask, state: State, metrics: Metrics, free: frozenset[str]) -> None:
    """Let a request through that carries a key, or that asks for a route which is free for all."""

    def check() -> None:
        keys, exchange = state.keys, this_exchange()
        if keys is None or exchange.path in free:  # whatever the method is
            return
        name = keys.name(_presented(exchange))
        if name is None:
            raise MissingKeyError("send a key, as Authorization: Bearer … or as X-API-Key: …", CHALLENGE)
        exchange.notes["key"] = name
        metrics.key_used(name)

    app.before_request(check)


def _presented(exchange: Exchange) -> str:
    scheme, _, token = exchange.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else exchange.headers.get("X-API-Key", "")
