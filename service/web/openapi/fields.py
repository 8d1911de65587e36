"""Parameters and header fields, each described once."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from service.imaging import PALETTES, Choice
from service.web.drawing import LARGEST_SCALE
from service.web.inference.request import JSON_BYTES
from service.web.options import Include

__all__ = ["EVERYWHERE", "HEADERS", "ON_EVERY_ANSWER", "PARAMETERS", "PATH", "SOMETIMES", "Json"]

Json: TypeAlias = dict[str, object]


def _query(description: str, schema: Json, example: object, **more: object) -> Json:
    return {"in": "query", "description": description, "schema": schema, "example": example, **more}


def _header(description: str, example: str) -> Json:
    return {"in": "header", "description": description, "schema": {"type": "string"}, "example": example}


PATH: Mapping[str, Json] = MappingProxyType(
    {
        "name": {"description": "A model's name, or an alias.", "example": "four-pixel"},
        "version": {"description": "One of its versions.", "example": "1"},
        "epoch": {"description": "An epoch of the training, 0 for its start.", "example": "4"},
        "layer": {"description": "A layer, counted from 0 behind the input.", "example": "0"},
        "neuron": {"description": "A neuron of the layer, counted from 0.", "example": "3"},
    }
)
"""What stands in a path."""
PARAMETERS: Mapping[str, Json] = MappingProxyType(
    {
        "model": _query(
            "Which model answers: a name or an alias, or name@version. Without it, the default model.",
            {"type": "string"},
            "plain",
        ),
        "reject_below": _query(
            "Reject where no activation reaches this; 0 turns every rejection off.",
            {"type": "number", "minimum": 0, "maximum": 1},
            0.5,
        ),
        "invert": _query(
            "Whether ink is darker than paper.",
            {"type": "string", "enum": [*Choice], "default": Choice.AUTO},
            Choice.AUTO,
        ),
        "center": _query(
            "Whether the ink is cropped, scaled and centred as MNIST does it; no only scales the picture.",
            {"type": "string", "enum": [*Choice], "default": Choice.AUTO},
            Choice.AUTO,
        ),
        "include": _query(
            "What the answer carries beside the verdict.",
            {"type": "array", "items": {"type": "string", "enum": [*Include]}},
            [Include.PREPROCESSING],
            style="form",
            explode=False,
        ),
        "palette": _query(
            "The colours of positive and negative numbers.",
            {"type": "string", "enum": [*PALETTES]},
            "blue-orange",
        ),
        "scale": _query(
            "Pixels along each side of a number.",
            {"type": "integer", "minimum": 1, "maximum": LARGEST_SCALE, "default": 1},
            8,
        ),
        "If-None-Match": _header(
            "The ETag of the answer that you have; 304 says that it still holds.", '"0"'
        ),
        "X-Request-ID": _header(
            "The request's id, if it matches [A-Za-z0-9._-]{1,128}; any other is replaced.", "my-request-7"
        ),
        "traceparent": _header(
            "The trace that the request belongs to (W3C Trace Context); a malformed one is ignored.",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
        JSON_BYTES: {
            "in": "header",
            "description": "How long the JSON is, where the bytes of a binary tensor follow it; "
            "0 says that the body is one tensor and nothing else.",
            "schema": {"type": "integer", "minimum": 0},
        },
    }
)
"""What a client may send beside the body and the path."""
EVERYWHERE = ("X-Request-ID", "traceparent")
"""Parameters of every route."""

ON_EVERY_ANSWER: Mapping[str, str] = MappingProxyType(
    {
        "X-Request-ID": "The request's id: its own where that is fit to be logged, else a new one.",
        "Server-Timing": "How many milliseconds each stage took, and the whole.",
        "X-Content-Type-Options": "Always nosniff.",
    }
)
"""Header fields of every answer."""
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        **ON_EVERY_ANSWER,
        "ETag": "Names these bytes; send it in If-None-Match to be told whether they still hold.",
        "Cache-Control": "How long the answer may be kept.",
        "Repr-Digest": "The sha256 of the artifact (RFC 9530).",
        "Content-Disposition": "The name to keep the file under.",
        "Allow": "The methods that the route answers to.",
        "Retry-After": "Seconds after which to send the request again.",
        "WWW-Authenticate": "How to send a key.",
        JSON_BYTES: "How long the JSON is, where binary tensors follow it.",
    }
)
"""Header fields of answers, with what they say."""
SOMETIMES = frozenset({"Retry-After", JSON_BYTES})
"""Those that an answer may lack although its status has them."""
