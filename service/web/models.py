"""GET /v1/models: what is served, with everything that each artifact knows of itself, and the artifacts."""

from base64 import b64encode

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from service.artifacts import Artifact
from service.artifacts.card import card
from service.web.exchange import this_exchange
from service.web.lasting import lasting
from service.web.state import Snapshot, State

__all__ = ["models_routes"]

ARTIFACT, MARKDOWN = "application/octet-stream", "text/markdown; charset=utf-8; variant=CommonMark"


def models_routes(state: State) -> Blueprint:
    """Serve the models."""
    routes = Blueprint("models", __name__, url_prefix="/v1/models")

    @routes.get("")
    def models() -> ResponseReturnValue:
        """List the models, each by its newest version, and their aliases."""
        snapshot = state.current
        newest = [snapshot.catalogue.find(name) for name in snapshot.catalogue.artifacts]
        told = {"models": [_summary(artifact, snapshot) for artifact in newest]}
        return _json(told | {"aliases": dict(snapshot.catalogue.aliases)})

    @routes.get("/<name>")
    @routes.get("/<name>/versions/<version>")
    def model(name: str, version: str | None = None) -> ResponseReturnValue:
        """Tell everything about a version of a model, the newest unless one is named."""
        snapshot = state.current
        return _json(_everything(snapshot.version(name, version).artifact, snapshot))

    @routes.get("/<name>/artifact")
    @routes.get("/<name>/versions/<version>/artifact")
    def model_artifact(name: str, version: str | None = None) -> ResponseReturnValue:
        """Hand out the .npz itself, byte for byte what was verified."""
        return _file(state.current.version(name, version).artifact, version)

    @routes.get("/<name>/card")
    @routes.get("/<name>/versions/<version>/card")
    def model_card(name: str, version: str | None = None) -> ResponseReturnValue:
        """Tell people what a model is, how good it is and where it fails, in Markdown."""
        return _card(state.current.version(name, version).artifact, version)

    return routes


def _json(told: dict[str, object]) -> Response:
    """Answer with what any reload may change, as it tells of other artifacts too."""
    response = jsonify(told)
    return lasting(this_exchange(), None, ("json", response.data), lambda: response)


def _file(artifact: Artifact, version: str | None) -> Response:
    file = f"{artifact.metadata.name}-{artifact.metadata.version}.npz"
    digest = b64encode(bytes.fromhex(artifact.sha256)).decode()
    headers = {
        "Content-Disposition": f'attachment; filename="{file}"',
        "Repr-Digest": f"sha-256=:{digest}:",  # RFC 9530
    }
    return lasting(
        this_exchange(),
        version,
        ("artifact", artifact.sha256),
        lambda: Response(artifact.content, headers=headers, mimetype=ARTIFACT),
    )


def _card(artifact: Artifact, version: str | None) -> Response:
    return lasting(
        this_exchange(),
        version,
        ("card", artifact.sha256),
        lambda: Response(
            card(artifact.metadata, sha256=artifact.sha256, size_bytes=artifact.size_bytes),
            content_type=MARKDOWN,
        ),
    )


def _summary(artifact: Artifact, snapshot: Snapshot) -> dict[str, object]:
    metadata, catalogue = artifact.metadata, snapshot.catalogue
    return {
        "name": metadata.name,
        "version": metadata.version,
        "versions": [*catalogue.artifacts[metadata.name]],
        "aliases": catalogue.aliases_of(artifact),
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
