"""The gradient of the cost over a mini-batch, by the chain rule from the output back to the first layer.

The derivation is in docs/backpropagation.md; the notation is that of Nielsen, "Neural Networks and Deep
Learning", chapter 2 (BP1 to BP4).
"""

from typing import NamedTuple

from service.network.activations import FloatArray
from service.network.costs import Cost
from service.network.mlp import Network

__all__ = ["Gradient", "Slope", "backpropagate"]


class Gradient(NamedTuple):
    """How the cost changes with the weights and biases of one layer.

    Attributes:
        weights: dC/dW, (n_out, n_in).
        biases: dC/db, (n_out,).
    """

    weights: FloatArray
    biases: FloatArray


class Slope(NamedTuple):
    """The cost of a mini-batch and which way is up.

    Attributes:
        cost: the mean over the mini-batch.
        gradients: one a layer, the first layer first.
    """

    cost: float
    gradients: tuple[Gradient, ...]


def backpropagate(network: Network, images: FloatArray, targets: FloatArray, cost: Cost) -> Slope:
    """Return the cost of a mini-batch and its gradient for every layer.

    Args:
        network: the weights and biases at which the slope is taken.
        images: (n, n_in).
        targets: (n, n_out).
        cost: what is averaged over the n images.
    """
    *_, output = network.layers
    columns = (images, *network.trace(images).activations)  # what goes into each layer, then the answer
    delta = cost.output_delta(columns[-1], targets, output.activation) / len(images)  # dC/dz, (n, n_out)
    gradients: list[Gradient] = []
    for depth in reversed(range(len(network.layers))):
        before, layer = columns[depth], network.layers[depth]
        gradients.append(Gradient(delta.T @ before, delta.sum(axis=0)))
        if depth:
            slope = network.layers[depth - 1].activation.slope(before)
            delta = (delta @ layer.weights) * slope  # dC/dz of the column before, (n, n_in)
    return Slope(cost(columns[-1], targets), tuple(reversed(gradients)))
