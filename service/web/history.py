"""GET /v1/models/<name>/history/…: a network at moments of its training, to look inside and to try."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

from service.artifacts.history import History, history_of
from service.classifier import Classifier
from service.errors import BadInputError, UnknownModelError
from service.web.answers import answer
from service.web.exchange import this_exchange
from service.web.lasting import lasting
from service.web.schema import Number, Numbers
from service.web.segments import index
from service.web.state import State
from service.web.uploads import read_upload

__all__ = ["Epochs", "NeuronThen", "history_routes"]

MOST_KEPT = 4  # histories in memory: that of 784-16-16-10 at twenty moments takes 1 MB


class Epochs(TypedDict):
    """Of which moments of a training the weights were kept.

    Attributes:
        model: its name.
        model_version: its version.
        epochs: rising; 0 is the start. Empty where none were kept.
    """

    model: str
    model_version: str
    epochs: list[int]


class NeuronThen(TypedDict):
    """What one neuron listened to at a moment of the training.

    Attributes:
        model: its name.
        model_version: its version.
        epoch: after which it was so.
        layer: counted from 0 behind the input.
        neuron: counted from 0.
        weights: one for each neuron of the column before, row by row.
        bias: added to the weighted sum.
    """

    model: str
    model_version: str
    epoch: int
    layer: int
    neuron: int
    weights: Numbers
    bias: Number


def history_routes(state: State) -> Blueprint:
    """Serve the moments; what is classified with them is counted nowhere, because nobody relies on it."""
    routes = Blueprint("history", __name__, url_prefix="/v1/models")
    settings = state.settings
    read = lru_cache(MOST_KEPT)(history_of)

    def at(epoch: str, name: str, version: str | None) -> tuple[Classifier, History]:
        classifier = state.current.version(name, version)
        history = read(classifier.artifact, settings.models)
        networks = dict(zip(map(str, history.epochs), history.networks, strict=True)) if history else {}
        if history is None or epoch not in networks:
            raise UnknownModelError(
                f"{classifier.artifact.metadata.full_name} kept no weights of epoch {epoch[:20]!a}; "
                f"it kept those of {', '.join(networks) or 'none'}"
            )
        network = networks[epoch]
        return replace(classifier, artifact=replace(classifier.artifact, network=network)), history

    @routes.get("/<name>/history")
    @routes.get("/<name>/versions/<version>/history")
    def history(name: str, version: str | None = None) -> ResponseReturnValue:
        """List the epochs of which a model's weights were kept."""
        classifier = state.current.version(name, version)
        kept = read(classifier.artifact, settings.models)
        told: Epochs = {**_which(classifier), "epochs": [*kept.epochs] if kept else []}
        return _kept(version, ("history", classifier.artifact.sha256, kept and kept.sha256), told)

    @routes.get("/<name>/history/<epoch>/weights/<layer>/<neuron>.json")
    @routes.get("/<name>/versions/<version>/history/<epoch>/weights/<layer>/<neuron>.json")
    def neuron_then(
        name: str, epoch: str, layer: str, neuron: str, version: str | None = None
    ) -> ResponseReturnValue:
        """Tell the weights into one neuron after an epoch, and its bias."""
        classifier, kept = at(epoch, name, version)
        layers = classifier.network.layers
        depth = index(layer, len(layers), classifier.artifact.metadata.full_name, "layer")
        place = index(neuron, layers[depth].n_out, f"layer {depth}", "neuron")
        told: NeuronThen = {
            **_which(classifier),
            "epoch": int(epoch),
            "layer": depth,
            "neuron": place,
            "weights": layers[depth].weights[place],
            "bias": layers[depth].biases[place],
        }
        return _kept(version, ("then", classifier.artifact.sha256, kept.sha256, epoch, depth, place), told)

    @routes.post("/<name>/history/<epoch>/classify")
    @routes.post("/<name>/versions/<version>/history/<epoch>/classify")
    def classify_then(name: str, epoch: str, version: str | None = None) -> ResponseReturnValue:
        """Read the digit in one picture with the weights after an epoch."""
        (classifier, _), exchange = at(epoch, name, version), this_exchange()
        upload = read_upload(exchange, settings.max_body_bytes, settings.timeout_seconds)
        if upload.options.model is not None:
            raise BadInputError("the path names the model; leave the option out")
        classification = upload.classified_by(classifier, exchange.start_stopwatch().passed)
        return answer(exchange.id, classifier, classification, upload.options)

    return routes


class _Which(TypedDict):
    model: str
    model_version: str


def _which(classifier: Classifier) -> _Which:
    metadata = classifier.artifact.metadata
    return {"model": metadata.name, "model_version": metadata.version}


def _kept(version: str | None, ingredients: tuple[object, ...], told: Mapping[str, object]) -> Response:
    return lasting(this_exchange(), version, ingredients, lambda: jsonify(told))
