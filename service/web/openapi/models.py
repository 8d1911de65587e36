"""What is said of the routes that show the models and what is inside them."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from service.web.openapi.parts import Answer, Media, Operation
from service.web.openapi.schema import Everything, Models, Neuron

__all__ = ["MODELS", "WHICH", "kept"]

TOPIC = "Models"
WHICH: Mapping[str, object] = MappingProxyType(
    {
        "name": "four-pixel",
        "version": "1",
        "sha256": "fe6baab56569adadd28a8ff33d5bbcbe90a0b457596a69c0ed50ff5a851b76ae",
    }
)
SUMMARY: Mapping[str, object] = MappingProxyType(
    {
        **WHICH,
        "versions": ["1"],
        "aliases": [],
        "ready": True,
        "default": False,
        "description": "Names what a camera of four pixels sees.",
        "sizes": [4, 4, 4, 8, 4],
        "activation_functions": ["tanh", "tanh", "relu", "relu"],
        "parameters": 116,
        "labels": ["solid", "vertical", "diagonal", "horizontal"],
        "size_bytes": 7488,
        "accuracy": None,
    }
)
EVERYTHING: Mapping[str, object] = MappingProxyType(
    {
        **SUMMARY,
        "preprocessing": {"name": "four-pixel", "parameters": {}},
        "training": None,
        "evaluation": None,
        "reference": None,
        "reject": {
            "score": "largest_activation",
            "threshold": 0.5,
            "chosen": "half-way between the targets 0 and 1",
        },
        "curve": [{"epoch": 100, "cost": 0.18, "validation_accuracy": 0.0625}],
        "licence": "MIT",
        "producer": "digit-service 0.1.0",
    }
)
NEURON: Mapping[str, object] = MappingProxyType(
    {
        "model": "four-pixel",
        "model_version": "1",
        "layer": 0,
        "neuron": 3,
        "activation_function": "tanh",
        "shape": [2, 2],
        "weights": [0.71, -0.66, 0.52, -0.8],
        "bias": 0.01,
    }
)


def kept(
    description: str, media: Media | tuple[Media, ...], *headers: str, **links: object
) -> tuple[Answer, ...]:
    """Describe an answer that a client may keep, and what it is told when it has it already."""
    fields = ("ETag", "Cache-Control", *headers)
    known = Answer(
        "The answer that you have still holds.", status=HTTPStatus.NOT_MODIFIED, headers=fields[:2]
    )
    every = (media,) if isinstance(media, Media) else media
    return Answer(description, every, headers=fields, links=links), known


def _inside(description: str, media: Media, *parameters: str) -> Operation:
    drawn = ("bad_input",) if parameters else ()
    return Operation(
        topic=TOPIC,
        parameters=("If-None-Match", *parameters),
        answers=kept(description, media),
        problems=("unknown_model", "unknown_neuron", *drawn),
    )


def _whole(description: str, media: Media, *headers: str) -> Operation:
    return Operation(
        topic=TOPIC,
        parameters=("If-None-Match",),
        answers=kept(description, media, *headers),
        problems=("unknown_model",),
    )


FIRST = {
    "operationId": "models_model",
    "description": "Everything about the first of them.",
    "parameters": {"name": "$response.body#/models/0/name"},
}
PNG = Media("image/png")
MODELS: Mapping[str, Operation] = MappingProxyType(
    {
        "models.models": Operation(
            topic=TOPIC,
            parameters=("If-None-Match",),
            answers=kept(
                "Each model, and what each alias stands for.",
                Media(
                    "application/json",
                    Models,
                    {"models": [dict(SUMMARY)], "aliases": {"stable": "plain@1"}},
                ),
                first=FIRST,
            ),
        ),
        "models.model": _whole(
            "Everything that the artifact knows of itself.",
            Media("application/json", Everything, dict(EVERYTHING)),
        ),
        "models.model_artifact": _whole(
            "The file itself, which numpy.load reads.",
            Media("application/octet-stream"),
            "Repr-Digest",
            "Content-Disposition",
        ),
        "models.model_card": _whole("The model's card.", Media("text/markdown")),
        "weights.layer_png": _inside("A grid for each neuron of the layer.", PNG, "palette", "scale"),
        "weights.neuron_png": _inside("The weights into the neuron.", PNG, "palette", "scale"),
        "weights.neuron_json": _inside(
            "The weights into the neuron, and its bias.", Media("application/json", Neuron, dict(NEURON))
        ),
        "weights.dream_png": _inside(
            "The image that the neuron would most like to see.", PNG, "palette", "scale"
        ),
    }
)
"""By the view's endpoint."""
