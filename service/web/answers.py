"""From a classification to what the client reads."""

import base64
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from service.artifacts.format import DIGITS
from service.classifier import Classifier
from service.imaging import to_png
from service.seen import Classification
from service.web.options import Include, Options
from service.web.schema import Classified

__all__ = ["answer"]


def answer(
    request_id: str, classifier: Classifier, classification: Classification, options: Options
) -> Classified:
    """Tell a client what a classifier made of its image, and of that what it asked for."""
    verdict, metadata = classification.verdict, classifier.artifact.metadata
    told: Classified = {
        "id": request_id,
        "model": metadata.name,
        "model_version": metadata.version,
        "activations": verdict.activations,
        "argmax": verdict.argmax,
        "digit": verdict.digit,
        "margin": verdict.margin,
        "rejected": verdict.rejected,
        "reason": verdict.reason,
        "reject_below": verdict.reject_below,
    }
    if metadata.labels != DIGITS:
        _name_label(told, metadata.labels)
    for include in options.include:
        EXTRAS[include](told, classifier, classification)
    return told


def _name_label(told: Classified, labels: tuple[str, ...]) -> None:
    digit = told.pop("digit")
    told["labels"] = labels
    told["label"] = None if digit is None else labels[digit]


def _image(told: Classified, classifier: Classifier, classification: Classification) -> None:
    preprocessing = classifier.preprocessing
    prepared = preprocessing.prepare(classification.seen.pixels[np.newaxis]).reshape(preprocessing.shape)
    png = to_png((prepared - preprocessing.low) / (preprocessing.high - preprocessing.low))
    told["image"] = f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _hidden(told: Classified, classifier: Classifier, classification: Classification) -> None:
    trace = classifier.trace(classification.seen.pixels)
    layers = zip(trace.z, trace.activations, strict=True)
    told["hidden"] = [{"z": z[0], "activations": activations[0]} for z, activations in layers]


def _preprocessing(told: Classified, _: Classifier, classification: Classification) -> None:
    normalized = classification.seen.normalized
    told["preprocessing"] = None
    if normalized is not None:
        told["preprocessing"] = {
            "inverted": normalized.inverted,
            "bounding_box": normalized.bounding_box,
            "scale": normalized.scale,
            "shift": normalized.shift,
            "ink": normalized.ink,
            "original_size": classification.seen.size,
            "mode": classification.seen.mode,
        }


EXTRAS: Mapping[Include, Callable[[Classified, Classifier, Classification], None]] = MappingProxyType(
    {Include.IMAGE: _image, Include.HIDDEN: _hidden, Include.PREPROCESSING: _preprocessing}
)
"""How each thing that may be asked for is added to an answer."""
