"""Two of the protocol's extensions: the index of the models, and the statistics of each."""

from collections.abc import Iterator

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from service.errors import BadInputError
from service.web.bodies import read_json
from service.web.exchange import this_exchange
from service.web.inference.body import read_inflated
from service.web.inference.data_plane import DataPlane
from service.web.inference.schema import IndexEntry
from service.web.state import State

__all__ = ["repository_routes"]

MAX_INDEX_BYTES = 4096  # of a request that has one member
READY, UNAVAILABLE = "READY", "UNAVAILABLE"


def repository_routes(data_plane: DataPlane) -> Blueprint:
    """Serve the index and the statistics."""
    routes = Blueprint("repository", __name__, url_prefix="/v2")
    state, statistics = data_plane.state, data_plane.metrics.statistics

    @routes.post("/repository/index")
    def index() -> ResponseReturnValue:
        """List every version of every model, those included that could not be read at the last reload."""
        body = read_inflated(this_exchange(), MAX_INDEX_BYTES, state.settings.timeout_seconds)
        only_ready = _only_ready(body)
        return jsonify([entry for entry in _index(state) if entry["state"] == READY or not only_ready])

    @routes.get("/models/stats")
    def all_statistics() -> ResponseReturnValue:
        """Tell what was asked of every version of every model."""
        return {"model_stats": statistics.tell(state.current.catalogue)}

    @routes.get("/models/<name>/stats")
    def model_statistics(name: str) -> ResponseReturnValue:
        """Tell what was asked of every version of a model."""
        return {"model_stats": statistics.tell(state.current.catalogue.versions(name).values())}

    @routes.get("/models/<name>/versions/<version>/stats")
    def version_statistics(name: str, version: str) -> ResponseReturnValue:
        """Tell what was asked of one version of a model."""
        return {"model_stats": statistics.tell([state.current.version(name, version).artifact])}

    return routes


def _only_ready(body: bytes) -> bool:
    hint = 'send {"ready": true}, {} or nothing'
    ready = read_json(body, MAX_INDEX_BYTES, hint).get("ready") if body.strip() else None
    if not isinstance(ready, (bool, type(None))):
        raise BadInputError(f"ready is neither true nor false; {hint}")
    return ready is True


def _index(state: State) -> Iterator[IndexEntry]:
    """Go through what is served, and then through what is on disk and was refused."""
    failures = dict(state.failures)
    for artifact in state.current.catalogue:
        name, version = artifact.metadata.name, artifact.metadata.version
        reason = failures.pop(f"{name}@{version}", "")  # then the last good one is served
        yield {"name": name, "version": version, "state": READY, "reason": reason}
    for key, reason in failures.items():
        name, at, version = key.partition("@")
        if at:
            yield {"name": name, "version": version, "state": UNAVAILABLE, "reason": reason}
