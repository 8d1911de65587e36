"""What is said of the routes that speak the languages of other model servers."""

from collections.abc import Mapping
from types import MappingProxyType

from service.web.inference.request import JSON_BYTES
from service.web.inference.schema import IndexEntry, InferenceRequest, ModelDescribed, Predicted
from service.web.openapi.parts import Answer, Media, Operation, in_json
from service.web.openapi.pictures import REFUSALS
from service.web.openapi.schema import (
    Inferred,
    Instances,
    Live,
    ModelReady,
    ReadyAndLive,
    RepositoryQuery,
    Server,
    Statistics,
    V2Models,
)
from service.web.statistics import DURATIONS

__all__ = ["PROTOCOLS"]

V2, V1 = "Open Inference Protocol (V2)", "TensorFlow Serving and KServe (V1)"
ZEROS: Mapping[str, object] = MappingProxyType({"count": 0, "ns": 0})
STATISTICS = Answer(
    "What was asked of each version, and how long it took.",
    (
        Media(
            "application/json",
            Statistics,
            {
                "model_stats": [
                    {
                        "name": "four-pixel",
                        "version": "1",
                        "last_inference": 0,
                        "inference_count": 0,
                        "execution_count": 0,
                        "inference_stats": {stage: dict(ZEROS) for stage in DURATIONS},
                        "batch_stats": [],
                    }
                ]
            },
        ),
    ),
)
DESCRIBED: Mapping[str, object] = MappingProxyType(
    {
        "name": "four-pixel",
        "versions": ["1"],
        "platform": "numpy",
        "inputs": [
            {"name": "image", "datatype": "FP32", "shape": [-1, 4]},
        ],
        "outputs": [
            {"name": "activations", "datatype": "FP32", "shape": [-1, 4]},
            {"name": "argmax", "datatype": "INT64", "shape": [-1]},
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "rejected", "datatype": "BOOL", "shape": [-1]},
        ],
    }
)
REQUEST: Mapping[str, object] = MappingProxyType(
    {
        "id": "7",
        "inputs": [{"name": "image", "shape": [1, 2, 2], "datatype": "FP32", "data": [1, -1, 1, -1]}],
        "outputs": [{"name": "label"}],
    }
)
INFERRED: Mapping[str, object] = MappingProxyType(
    {
        "model_name": "four-pixel",
        "model_version": "1",
        "id": "7",
        "parameters": {"reject_below": 0.5},
        "outputs": [{"name": "label", "datatype": "BYTES", "shape": [1], "data": ["vertical"]}],
    }
)


PROTOCOLS: Mapping[str, Operation] = MappingProxyType(
    {
        "inference.server": in_json(
            V2,
            "What this server is.",
            Server,
            {"name": "digits", "version": "0.1.0", "extensions": ["binary_tensor_data", "statistics"]},
        ),
        "inference.live": in_json(V2, "The process can answer.", Live, {"live": True}),
        "inference.ready": in_json(
            V2,
            "Inference requests may be sent here.",
            ReadyAndLive,
            {"ready": True, "live": True},
            "not_ready",
        ),
        "inference.models": in_json(V2, "The models' names.", V2Models, {"models": ["plain"]}),
        "inference.model": in_json(V2, "Its tensors.", ModelDescribed, dict(DESCRIBED), "unknown_model"),
        "inference.model_ready": in_json(
            V2, "It is ready.", ModelReady, {"name": "four-pixel", "ready": True}, "unknown_model"
        ),
        "inference.infer": Operation(
            topic=V2,
            parameters=(JSON_BYTES,),
            bodies=(
                Media("application/json", InferenceRequest, dict(REQUEST)),
                Media("application/octet-stream", curl=f"-H '{JSON_BYTES}: 0' --data-binary @five.png"),
            ),
            answers=(
                Answer(
                    "The tensors that were asked for.",
                    (
                        Media("application/json", Inferred, dict(INFERRED)),
                        Media("application/octet-stream"),
                    ),
                    headers=(JSON_BYTES,),
                ),
            ),
            problems=REFUSALS,
        ),
        "repository.index": Operation(
            topic=V2,
            bodies=(Media("application/json", RepositoryQuery, {"ready": True}),),
            body_required=False,
            answers=(
                Answer(
                    "Every version of every model, with its state.",
                    (
                        Media(
                            "application/json",
                            list[IndexEntry],
                            [{"name": "four-pixel", "version": "1", "state": "READY", "reason": ""}],
                        ),
                    ),
                ),
            ),
            problems=("bad_input", "slow_body", "body_too_large", "unsupported_body"),
        ),
        "repository.all_statistics": Operation(topic=V2, answers=(STATISTICS,)),
        "repository.model_statistics": Operation(
            topic=V2, answers=(STATISTICS,), problems=("unknown_model",)
        ),
        "repository.version_statistics": Operation(
            topic=V2, answers=(STATISTICS,), problems=("unknown_model",)
        ),
        "predict.predict": Operation(
            topic=V1,
            bodies=(Media("application/json", Instances, {"instances": [[1, -1, 1, -1]]}),),
            answers=(
                Answer(
                    "The output activations of each instance.",
                    (
                        Media(
                            "application/json",
                            Predicted,
                            {"predictions": [[0.0, 0.9966, 0.0, 0.0]]},
                        ),
                    ),
                ),
            ),
            problems=REFUSALS,
        ),
    }
)
"""By the view's endpoint."""
