"""The Open Inference Protocol (V2): what is served, whether it is ready, and inference itself."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from service.release import VERSION
from service.web.health import readiness
from service.web.inference.data_plane import Call, DataPlane
from service.web.inference.inputs import input_kinds, read_images
from service.web.inference.outputs import output_kinds, wanted_outputs, write
from service.web.inference.request import JSON_BYTES, parse_inference
from service.web.inference.schema import ModelDescribed
from service.web.state import Snapshot

__all__ = ["protocol_routes"]

EXTENSIONS = ("binary_tensor_data", "statistics")


def protocol_routes(data_plane: DataPlane) -> Blueprint:
    """Serve the protocol."""
    routes = Blueprint("inference", __name__, url_prefix="/v2")
    state = data_plane.state

    @routes.get("")
    @routes.get("/")
    def server() -> ResponseReturnValue:
        """Name the server, its version and the extensions of the protocol that it speaks."""
        return {"name": "digits", "version": VERSION, "extensions": EXTENSIONS}

    @routes.get("/health/live")
    def live() -> ResponseReturnValue:
        """Say that this process can answer, which depends on nothing."""
        return {"live": True}

    @routes.get("/health/ready")
    def ready() -> ResponseReturnValue:
        """Say whether inference requests may be sent here."""
        return readiness(state, {"live": True})

    @routes.get("/models")
    def models() -> ResponseReturnValue:
        """Name the models."""
        return {"models": [*state.current.catalogue.artifacts]}

    @routes.get("/models/<name>")
    @routes.get("/models/<name>/versions/<version>")
    def model(name: str, version: str | None = None) -> ResponseReturnValue:
        """Tell which tensors a model reads and gives."""
        return _described(state.current, name, version)

    @routes.get("/models/<name>/ready")
    @routes.get("/models/<name>/versions/<version>/ready")
    def model_ready(name: str, version: str | None = None) -> ResponseReturnValue:
        """Say that a model is ready, as all are that exist."""
        return {"name": state.current.version(name, version).artifact.metadata.name, "ready": True}

    @routes.post("/models/<name>/infer")
    @routes.post("/models/<name>/versions/<version>/infer")
    def infer(name: str, version: str | None = None) -> ResponseReturnValue:
        """Read the digits in the images of one tensor."""
        with data_plane.call(name, version) as call:
            return _inferred(call)

    return routes


def _described(snapshot: Snapshot, name: str, version: str | None) -> ModelDescribed:
    classifier = snapshot.version(name, version)
    metadata = classifier.artifact.metadata
    return {
        "name": metadata.name,
        "versions": [*snapshot.catalogue.versions(name)],
        "platform": "numpy",
        "inputs": input_kinds(classifier),
        "outputs": output_kinds(metadata),
    }


def _inferred(call: Call) -> Response:
    classifier, exchange = call.classifier, call.exchange
    metadata = classifier.artifact.metadata
    inference = parse_inference(call.body(), exchange.headers.get(JSON_BYTES), classifier.preprocessing.n_in)
    wanted = wanted_outputs(inference, metadata)
    call.passed("decode")
    images = read_images(inference.tensor, classifier)
    call.passed("preprocess")
    verdicts = call.judge(images, inference.reject_below)
    head = {
        "model_name": metadata.name,
        "model_version": metadata.version,
        "id": exchange.id if inference.id is None else inference.id,
        "parameters": {"reject_below": verdicts.reject_below},
    }
    written = write(head, verdicts, metadata, wanted)
    call.passed("encode")
    if written.json_bytes is None:
        return Response(written.body, content_type="application/json")
    headers = {JSON_BYTES: str(written.json_bytes)}
    return Response(written.body, headers=headers, content_type="application/octet-stream")
