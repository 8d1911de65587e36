"""How much is asked of the service at this moment, and what it turns away."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge

__all__ = ["Load", "Shed"]


class Shed(StrEnum):
    """Why a request is turned away."""

    FULL = "full"
    STRAIN = "strain"
    LATE = "late"
    FILES = "files"


class Load:
    """Counts requests that wait and requests that are answered, over all processes that live."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._waiting = Gauge(
            "digits_requests_waiting",
            "Requests that wait for a thread.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._in_flight = Gauge(
            "digits_requests_in_flight",
            "Requests that are being answered, probes left out.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        shed = Counter("digits_requests_shed", "Requests turned away.", ["reason"], registry=registry)
        self._shed = {reason: shed.labels(reason) for reason in Shed}

    def begin(self) -> None:
        """Forget what a predecessor, that may have been killed, was doing when its slot became free."""
        self._waiting.set(0)
        self._in_flight.set(0)

    def queued(self) -> None:
        """Count a request that begins to wait."""
        self._waiting.inc()

    def taken(self) -> None:
        """Count a request that has waited, and is now answered."""
        self._waiting.dec()
        self._in_flight.inc()

    def done(self) -> None:
        """Count a request that has been answered."""
        self._in_flight.dec()

    def shed(self, reason: Shed) -> None:
        """Count a request that was turned away."""
        self._shed[reason].inc()
