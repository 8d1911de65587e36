"""GET /v1/models/<name>/weights/… and …/dream/…: what neurons listen to, and what they would like to see."""

import numpy as np
from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from service.classifier import Classifier
from service.imaging import sheet_shape, signed_png, square, to_png, weight_sheet
from service.web.drawing import parse_drawing
from service.web.dreams import Dreams
from service.web.exchange import this_exchange
from service.web.lasting import lasting
from service.web.segments import index
from service.web.state import State

__all__ = ["weights_routes"]

PNG = "image/png"


def weights_routes(state: State) -> Blueprint:
    """Serve what is inside the networks, drawn and in numbers; layers and neurons are counted from 0."""
    routes = Blueprint("weights", __name__, url_prefix="/v1/models")
    dreams = Dreams()

    @routes.get("/<name>/weights/<layer>.png")
    @routes.get("/<name>/versions/<version>/weights/<layer>.png")
    def layer_png(name: str, layer: str, version: str | None = None) -> ResponseReturnValue:
        """Draw the weights into all neurons of a layer, a grid for each."""
        classifier = state.current.version(name, version)
        return _drawn(classifier, version, _depth(classifier, layer), slice(None))

    @routes.get("/<name>/weights/<layer>/<neuron>.png")
    @routes.get("/<name>/versions/<version>/weights/<layer>/<neuron>.png")
    def neuron_png(name: str, layer: str, neuron: str, version: str | None = None) -> ResponseReturnValue:
        """Draw the weights into one neuron as a grid."""
        classifier = state.current.version(name, version)
        depth = _depth(classifier, layer)
        place = _place(classifier, depth, neuron)
        return _drawn(classifier, version, depth, slice(place, place + 1))

    @routes.get("/<name>/weights/<layer>/<neuron>.json")
    @routes.get("/<name>/versions/<version>/weights/<layer>/<neuron>.json")
    def neuron_json(name: str, layer: str, neuron: str, version: str | None = None) -> ResponseReturnValue:
        """Tell the weights into one neuron, and its bias."""
        classifier = state.current.version(name, version)
        depth = _depth(classifier, layer)
        return _in_numbers(classifier, version, depth, _place(classifier, depth, neuron))

    @routes.get("/<name>/dream/<neuron>.png")
    @routes.get("/<name>/versions/<version>/dream/<neuron>.png")
    def dream_png(name: str, neuron: str, version: str | None = None) -> ResponseReturnValue:
        """Draw what an output neuron would like to see: the network run backwards."""
        classifier = state.current.version(name, version)
        place = _place(classifier, len(classifier.network.layers) - 1, neuron)
        return _dreamt(classifier, version, place, dreams)

    return routes


def _depth(classifier: Classifier, layer: str) -> int:
    model = f"model {classifier.artifact.metadata.name}"
    return index(layer, len(classifier.network.layers), model, "layer")


def _place(classifier: Classifier, depth: int, neuron: str) -> int:
    return index(neuron, classifier.network.layers[depth].n_out, f"layer {depth}", "neuron")


def _shape(classifier: Classifier, depth: int) -> tuple[int, int]:
    """Return how the weights into a neuron lie: as the pixels do, behind hidden columns in a square."""
    layer = classifier.network.layers[depth]
    return square(layer.n_in) if depth else classifier.preprocessing.shape


def _drawn(classifier: Classifier, version: str | None, depth: int, neurons: slice) -> Response:
    exchange = this_exchange()
    drawing, shape = parse_drawing(exchange), _shape(classifier, depth)
    weights = classifier.network.layers[depth].weights[neurons]
    drawing.check(sheet_shape(len(weights), shape))
    return lasting(
        exchange,
        version,
        ("weights", classifier.artifact.sha256, depth, neurons, drawing),
        lambda: Response(weight_sheet(weights, shape, drawing.colours, drawing.scale), mimetype=PNG),
    )


def _in_numbers(classifier: Classifier, version: str | None, depth: int, neuron: int) -> Response:
    artifact, layer = classifier.artifact, classifier.network.layers[depth]
    members = {
        "model": artifact.metadata.name,
        "model_version": artifact.metadata.version,
        "layer": depth,
        "neuron": neuron,
        "activation_function": layer.activation.name,
        "shape": _shape(classifier, depth),
        "weights": np.ascontiguousarray(layer.weights[neuron]),
        "bias": layer.biases[neuron],
    }
    return lasting(
        this_exchange(),
        version,
        ("numbers", artifact.sha256, depth, neuron),
        lambda: jsonify(members),
    )


def _dreamt(classifier: Classifier, version: str | None, neuron: int, dreams: Dreams) -> Response:
    exchange, expected = this_exchange(), classifier.preprocessing
    drawing = parse_drawing(exchange)
    drawing.check(expected.shape)

    def draw() -> Response:
        dreamt = dreams.of(classifier, neuron)
        if drawing.palette is None:
            ink = (dreamt - expected.low) / (expected.high - expected.low)
            return Response(to_png(ink, drawing.scale), mimetype=PNG)
        return Response(signed_png(dreamt, drawing.colours, drawing.scale), mimetype=PNG)

    return lasting(exchange, version, ("dream", classifier.artifact.sha256, neuron, drawing), draw)
