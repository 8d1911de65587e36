"""What is said of the routes that replay a training."""

from collections.abc import Mapping
from types import MappingProxyType

from service.web.history import Epochs, NeuronThen
from service.web.openapi.models import kept
from service.web.openapi.parts import Answer, Media, Operation
from service.web.openapi.pictures import CLASSIFIED, FORM, OTHER_FORMATS, PNG_BODIES, REFUSALS
from service.web.openapi.schema import PictureSent, PixelsSent
from service.web.options import OPTIONS
from service.web.schema import Classified

__all__ = ["HISTORY"]

TOPIC = "Models"
KEPT: Mapping[str, str] = MappingProxyType({"name": "plain"})  # of the shipped ones it has a history
WHICH: Mapping[str, object] = MappingProxyType({"model": "plain", "model_version": "1"})
THREE = (  # 8×8 pixels, a PNG in base64
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAIAQAAAADsdIMmAAAAF0lEQVR42mP4z3CY4Tf"
    "DcyD+zXCc4T8AOugHYaAXim4AAAAASUVORK5CYII="
)
IN_JSON = Media("application/json", PictureSent | PixelsSent, {"image": THREE, "reject_below": 0.5})
HISTORY: Mapping[str, Operation] = MappingProxyType(
    {
        "history.history": Operation(
            topic=TOPIC,
            path=KEPT,
            parameters=("If-None-Match",),
            answers=kept(
                "The epochs, rising; empty where nothing was kept.",
                Media("application/json", Epochs, {**WHICH, "epochs": [0, 1, 2, 4, 8, 16]}),
            ),
            problems=("unknown_model",),
        ),
        "history.neuron_then": Operation(
            topic=TOPIC,
            path=KEPT,
            parameters=("If-None-Match",),
            answers=kept(
                "The weights into the neuron as they were, and its bias.",
                Media(
                    "application/json",
                    NeuronThen,
                    {**WHICH, "epoch": 4, "layer": 2, "neuron": 3, "weights": [0.71, -0.66], "bias": 0.01},
                ),
            ),
            problems=("unknown_model", "unknown_neuron"),
        ),
        "history.classify_then": Operation(
            topic=TOPIC,
            path=KEPT,
            parameters=tuple(name for name in OPTIONS if name != "model"),
            bodies=(*PNG_BODIES, FORM, IN_JSON, *OTHER_FORMATS),
            answers=(
                Answer(
                    "What the network answered then.",
                    (Media("application/json", Classified, dict(CLASSIFIED)),),
                ),
            ),
            problems=REFUSALS,
        ),
    }
)
"""By the view's endpoint."""
