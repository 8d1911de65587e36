"""Who may ask: whoever carries a key, whose name then stands in the log and in the metrics."""

from collections.abc import Callable
from types import MappingProxyType

from service.web.errors import MissingKeyError
from service.web.exchange import Exchange
from service.web.metrics import Metrics
from service.web.state import State

__all__ = ["key_check"]

CHALLENGE = MappingProxyType({"WWW-Authenticate": 'Bearer realm="digits"'})


def key_check(state: State, metrics: Metrics, free: frozenset[str]) -> Callable[[Exchange], None]:
    """Return what lets a request through that carries a key, or asks for a route which is free for all."""

    def check(exchange: Exchange) -> None:
        keys = state.keys
        if keys is None or exchange.path in free:  # whatever the method is
            return
        name = keys.name(_presented(exchange))
        if name is None:
            raise MissingKeyError("send a key, as Authorization: Bearer … or as X-API-Key: …", CHALLENGE)
        exchange.notes["key"] = name
        metrics.key_used(name)

    return check


def _presented(exchange: Exchange) -> str:
    scheme, _, token = exchange.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else exchange.headers.get("X-API-Key", "")
