"""The probes: is the process alive, should classifications be sent to it, and what does it serve."""

import time

from flask import Blueprint
from flask.typing import ResponseReturnValue

from service.errors import NotReadyError
from service.release import VERSION
from service.web.problems import problem_response
from service.web.state import State

__all__ = ["PROBES", "health_routes", "readiness"]

PROBES = frozenset({"/livez", "/readyz", "/healthz", "/metrics", "/v2/health/live", "/v2/health/ready"})
"""Routes that leave no line in the log unless they fail, and need no key unless /metrics is locked."""


def health_routes(state: State) -> Blueprint:
    """Serve the three probes."""
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def live() -> ResponseReturnValue:
        """Say that this process can answer, which depends on nothing."""
        return {"live": True}

    @routes.get("/readyz")
    def ready() -> ResponseReturnValue:
        """Say whether classifications may be sent here."""
        return readiness(state, {})

    @routes.get("/healthz")
    def health() -> ResponseReturnValue:
        """Say whether classifications may be sent here, and what is served."""
        return readiness(state, _facts(state))

    return routes


def readiness(state: State, facts: dict[str, object]) -> ResponseReturnValue:
    """Say whether classifications may be sent here, with facts beside that."""
    reason = state.unready()
    if reason is None:
        return {"ready": True, **facts}
    return problem_response(NotReadyError(reason), ready=False, reason=reason, **facts)


def _facts(state: State) -> dict[str, object]:
    artifacts = [
        {"name": artifact.metadata.name, "version": artifact.metadata.version, "sha256": artifact.sha256}
        for artifact in state.current.catalogue
    ]
    return {
        "version": VERSION,
        "models": artifacts,
        "uptime_seconds": round(time.monotonic() - state.started, 3),
        "reload_failures": dict(state.failures),
    }
