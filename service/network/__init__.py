"""The mathematics of the network: numpy in, numpy out."""

from service.network.activations import ACTIVATIONS, RELU, SIGMOID, TANH, Activation, FloatArray
from service.network.backprop import Gradient, Slope, backpropagate
from service.network.costs import COSTS, CROSS_ENTROPY, QUADRATIC, Cost
from service.network.mlp import INITIALISATIONS, WIDE, Layer, Network, Trace

__all__ = [
    "ACTIVATIONS",
    "COSTS",
    "CROSS_ENTROPY",
    "INITIALISATIONS",
    "QUADRATIC",
    "RELU",
    "SIGMOID",
    "TANH",
    "WIDE",
    "Activation",
    "Cost",
    "FloatArray",
    "Gradient",
    "Layer",
    "Network",
    "Slope",
    "Trace",
    "backpropagate",
]
