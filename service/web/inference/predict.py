"""V1, as TensorFlow Serving and KServe speak it: instances in, predictions out."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from service.errors import BadInputError
from service.web.bodies import read_json
from service.web.inference.data_plane import Call, DataPlane
from service.web.inference.inputs import read_images
from service.web.inference.request import MAX_ITEMS, Tensor
from service.web.inference.schema import Predicted

__all__ = ["predict_routes"]

HINT = 'send {"instances": [an image each, as rows of numbers or as {"b64": a PNG}]}'


def predict_routes(data_plane: DataPlane) -> Blueprint:
    """Serve predictions."""
    routes = Blueprint("predict", __name__, url_prefix="/v1/models")

    @routes.post("/<name>:predict")
    @routes.post("/<name>/versions/<version>:predict")
    def predict(name: str, version: str | None = None) -> ResponseReturnValue:
        """Answer each instance with its output activations."""
        with data_plane.call(name, version) as call:
            return _predicted(call)

    return routes


def _predicted(call: Call) -> Predicted:
    instances = _instances(read_json(call.body(), MAX_ITEMS, HINT))
    call.passed("decode")
    images = read_images(_tensor(instances), call.classifier)
    call.passed("preprocess")
    return {"predictions": call.judge(images).activations}


def _instances(members: dict[str, object]) -> list[object]:
    instances = members.get("instances")
    if not isinstance(instances, list) or not instances:
        raise BadInputError(f"instances is missing, empty or no list; {HINT}")
    return instances


def _tensor(instances: list[object]) -> Tensor:
    """Make the tensor that would hold the same images in V2."""
    pictures = [one["b64"] for one in instances if isinstance(one, dict) and isinstance(one.get("b64"), str)]
    if pictures:
        if len(pictures) != len(instances):
            raise BadInputError(f"some instances are pictures and some are not; {HINT}")
        return Tensor("png", "BYTES", (len(instances),), pictures)
    shape, first = [len(instances)], instances[0]
    while isinstance(first, list) and first:
        shape.append(len(first))
        first = first[0]
    return Tensor("image", "FP32", tuple(shape), instances)
