"""GET /v1/models: what is served, with everything that each artifact knows of itself."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from service.artifacts import Artifact
from service.web.state import Snapshot, State

__all__ = ["models_routes"]


def models_routes(state: State) -> Blueprint:
    """Serve the models."""
    routes = Blueprint("models", __name__, url_prefix="/v1/models")

    @routes.get("")
    def models() -> ResponseReturnValue:
        """List the models, each by its newest version."""
        snapshot = state.current
        newest = [snapshot.catalogue.find(name) for name in snapshot.catalogue.artifacts]
        return {"models": [_summary(artifact, snapshot) for artifact in newest]}

    @routes.get("/<name>")
    def model(name: str) -> ResponseReturnValue:
        """Tell everything about the newest version of a model."""
        snapshot = state.current
        return _everything(snapshot.catalogue.find(name), snapshot)

    @routes.get("/<name>/versions/<version>")
    def model_version(name: str, version: str) -> ResponseReturnValue:
        """Tell everything about one version of a model."""
        snapshot = state.current
        return _everything(snapshot.catalogue.find(f"{name}@{version}"), snapshot)

    return routes


def _summary(artifact: Artifact, snapshot: Snapshot) -> dict[str, object]:
    metadata = artifact.metadata
    return {
        "name": metadata.name,
        "version": metadata.version,
        "versions": [*snapshot.catalogue.artifacts[metadata.name]],
        "ready": True,  # KServe's V1 clients ask for it; what is listed has been verified and loaded
        "default": artifact is snapshot.default.artifact,
        "description": metadata.description,
        "sizes": metadata.sizes,
        "activation_functions": metadata.activations,
        "parameters": artifact.network.n_parameters,
        "labels": metadata.labels,
        "sha256": artifact.sha256,
        "size_bytes": artifact.size_bytes,
        "accuracy": None if metadata.evaluation is None else metadata.evaluation.accuracy,
    }


def _everything(artifact: Artifact, snapshot: Snapshot) -> dict[str, object]:
    told_otherwise = {"schema_version", "activations", "golden"}
    return _summary(artifact, snapshot) | artifact.metadata.model_dump(mode="json", exclude=told_otherwise)
