"""How often artifacts and keys were read anew, and whether that went well."""

from prometheus_client import CollectorRegistry, Counter, Gauge

__all__ = ["Reloads"]


class Reloads:
    """Counts reloads of artifacts and keys, and says of the last whether all was good."""

    def __init__(self, registry: CollectorRegistry) -> None:
        reloads = Counter(
            "digits_reloads", "Times that artifacts and keys were read anew.", ["result"], registry=registry
        )
        self._reloads = {ok: reloads.labels("ok" if ok else "failed") for ok in (True, False)}
        self._ok = Gauge(
            "digits_last_reload_successful",
            "1 where what was read last was all good.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self._time = Gauge(
            "digits_last_reload_success_timestamp_seconds",
            "Unix time at which all was good last.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self._loaded(ok=True)

    def count(self, *, ok: bool) -> None:
        """Count one reload."""
        self._reloads[ok].inc()
        self._loaded(ok=ok)

    def _loaded(self, *, ok: bool) -> None:
        self._ok.set(ok)
        if ok:
            self._time.set_to_current_time()
