"""A network that looks for the same strokes at every place of the page: a teacher, never an artifact.

Pictures lie as (rows, channels, columns, n), the images side by side in memory: all that the kernels see of
some rows is then one matrix, and nothing but the neighbours in a row is copied to get it.
Sources: LeCun, Bottou, Bengio and Haffner (1998), "Gradient-based learning applied to document recognition";
Cho and Brand (2017), "MEC: memory-efficient convolution for deep neural network", for the products.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.imaging import SIDE
from service.network import RELU, SIGMOID, Cost, FloatArray, Gradient, Layer, Network, Slope
from service.training.device import Arrays, moved

__all__ = ["Convolutional", "Kernels", "backpropagate", "draw"]

N_OUT = 10
KERNELS = ((16, 5, True), (32, 5, True), (48, 3, False))  # how many, pixels a side, and whether pooled
HIDDEN = 160  # neurons that hear all of the last kernels
CHUNK = 64  # images computed in one go: what they need stays in a core's cache


@dataclass(frozen=True, slots=True, eq=False)
class Kernels:
    """What is looked for at every place, and whether the strongest of four neighbours speaks for them.

    Attributes:
        weights: (n_out, side, side, n_in), side odd: kernels, rows, columns, channels.
        biases: (n_out,).
        pooled: whether two by two answers become one, their largest.
    """

    weights: FloatArray
    biases: FloatArray
    pooled: bool


@dataclass(frozen=True, slots=True, eq=False)
class Convolutional:
    """Kernels, then layers that hear everything.

    Attributes:
        layers: the kernels first, each followed by ReLU.
    """

    layers: tuple[Kernels | Layer, ...]

    def forward(self, images: FloatArray) -> FloatArray:
        """Answer each image with its output activations: (n, 784) → (n, 10)."""
        return np.concatenate([_look(self, images[chunk]).columns[-1] for chunk in _chunks(images)])


class Seen(NamedTuple):
    """What kernels saw, and what they made of it.

    Attributes:
        neighbours: what stands around each place, as _neighbours lays it out.
        lower: where the lower of two rows was the larger, (rows / 2, channels, columns, n); None unpooled.
        right: where the right one of the two columns was, (rows / 2, channels, columns / 2, n).
        activations: (rows, channels, columns, n), pooled where they are.
    """

    neighbours: FloatArray
    lower: NDArray[np.bool_] | None
    right: NDArray[np.bool_] | None
    activations: FloatArray


class Look(NamedTuple):
    """Everything that a forward pass computes.

    Attributes:
        seen: one entry for each of the kernels.
        columns: what the first layer after them hears, (n, n_in), and the activations of each layer.
    """

    seen: tuple[Seen, ...]
    columns: tuple[FloatArray, ...]


def draw(rng: np.random.Generator, to: Arrays = np) -> Convolutional:
    """Draw one at random, its arrays in the module `to`: 5×5 and 3×3 pixels, ReLU (He et al. 2015)."""
    layers: list[Kernels] = []
    channels, side = 1, SIDE
    for n, size, pooled in KERNELS:
        spread = np.float32((RELU.gain / (size * size * channels)) ** 0.5)
        weights = rng.standard_normal((n, size, size, channels), dtype=np.float32) * spread
        layers.append(Kernels(to.asarray(weights), to.zeros(n, np.float32), pooled))
        channels, side = n, side // 2 if pooled else side
    sizes = (channels * side * side, HIDDEN, N_OUT)
    head = Network.random(sizes, rng, activations=(RELU, SIGMOID), initialisation="prior")
    return Convolutional((*layers, *moved(head, to).layers))


def backpropagate(network: Convolutional, images: FloatArray, targets: FloatArray, cost: Cost) -> Slope:
    """Return the cost of a mini-batch and its gradient for every layer.

    Args:
        network: the weights and biases at which the slope is taken.
        images: (n, 784).
        targets: (n, 10).
        cost: what is averaged over the n images.
    """
    total = 0.0
    sums: tuple[Gradient, ...] = ()
    for chunk in _chunks(images):
        share = len(images[chunk]) / len(images)
        value, gradients = _slope(network, images[chunk], targets[chunk], cost, share)
        total += value * share
        sums = tuple(map(_plus, sums, gradients)) if sums else gradients
    return Slope(total, sums)


def _plus(one: Gradient, other: Gradient) -> Gradient:
    return Gradient(one.weights + other.weights, one.biases + other.biases)


def _chunks(images: FloatArray) -> Iterator[slice]:
    return (slice(first, first + CHUNK) for first in range(0, len(images), CHUNK))


def _look(network: Convolutional, images: FloatArray) -> Look:
    pictures = images.T.reshape(SIDE, 1, SIDE, len(images))
    seen: list[Seen] = []
    columns: list[FloatArray] = []
    for layer in network.layers:
        if isinstance(layer, Kernels):
            seen.append(_see(layer, pictures))
            pictures = seen[-1].activations
            continue
        if not columns:
            columns.append(pictures.reshape(-1, len(images)).T)
        columns.append(layer.activation(layer.z(columns[-1])))
    return Look(tuple(seen), tuple(columns))


def _see(kernels: Kernels, pictures: FloatArray) -> Seen:
    """Look at pictures, (rows, channels, columns, n), with kernels."""
    neighbours = _neighbours(pictures, kernels.weights.shape[1])
    z = _correlated(neighbours, kernels.weights)
    z += kernels.biases[:, None, None]
    if not kernels.pooled:
        return Seen(neighbours, None, None, RELU(z))
    lower = z[1::2] > z[0::2]
    z = np.maximum(z[0::2], z[1::2])
    right = z[:, :, 1::2] > z[:, :, 0::2]
    return Seen(neighbours, lower, right, RELU(np.maximum(z[:, :, 0::2], z[:, :, 1::2])))


def _neighbours(pictures: FloatArray, side: int) -> FloatArray:
    """Lay the neighbours in a row beside each place: (rows + side − 1, side × channels, columns, n).

    Blank rows are added above and below, and blank columns where a neighbour lies beyond the page.
    """
    rows, channels, columns, n = pictures.shape
    far = side // 2
    spread = np.zeros_like(pictures, order="C", shape=(rows + 2 * far, side * channels, columns, n))
    for place in range(side):
        by = place - far
        first, last = max(0, -by), min(columns, columns - by)
        part = spread[far : far + rows, place * channels : (place + 1) * channels, first:last]
        part[...] = pictures[:, :, first + by : last + by]
    return spread


def _windows(neighbours: FloatArray, side: int) -> Iterator[FloatArray]:
    """Yield what stands around the places of each row, (side × side × channels, columns × n), uncopied."""
    rows, channels, columns, n = neighbours.shape
    for row in range(rows - side + 1):
        yield neighbours[row : row + side].reshape(side * channels, columns * n)


def _correlated(neighbours: FloatArray, weights: FloatArray) -> FloatArray:
    """Weigh what stands around each place: (rows, n_out, columns, n)."""
    n_out, side = weights.shape[:2]
    rows, _, columns, n = neighbours.shape
    z = np.empty_like(neighbours, order="C", shape=(rows - side + 1, n_out, columns, n))
    matrix = weights.reshape(n_out, -1)
    for row, window in enumerate(_windows(neighbours, side)):
        np.matmul(matrix, window, out=z[row].reshape(n_out, -1))
    return z


def _slope(
    network: Convolutional, images: FloatArray, targets: FloatArray, cost: Cost, share: float
) -> tuple[float, tuple[Gradient, ...]]:
    """Return the cost of a chunk, and the part that its images have in the gradient of their mini-batch."""
    seen, columns = _look(network, images)
    head = [layer for layer in network.layers if isinstance(layer, Layer)]
    kernels = [layer for layer in network.layers if isinstance(layer, Kernels)]
    delta = cost.output_delta(columns[-1], targets, head[-1].activation) * (share / len(images))
    gradients: list[Gradient] = []
    for layer, before in zip(reversed(head), columns[-2::-1], strict=True):
        gradients.append(Gradient(delta.T @ before, delta.sum(axis=0)))
        delta = (delta @ layer.weights) * RELU.slope(before)  # dC/dz of the column before
    delta = delta.T.reshape(seen[-1].activations.shape)
    for depth in reversed(range(len(kernels))):
        gradient, delta = _seen_back(kernels[depth], seen[depth], delta, further=depth > 0)
        gradients.append(gradient)
        if depth:
            delta = delta * RELU.slope(seen[depth - 1].activations)
    return cost(columns[-1], targets), tuple(reversed(gradients))


def _seen_back(
    kernels: Kernels, seen: Seen, delta: FloatArray, *, further: bool
) -> tuple[Gradient, FloatArray]:
    """Bring dC/dz of what kernels answered back to them, and further to what they saw."""
    if seen.lower is not None and seen.right is not None:
        delta = _unpooled(_unpooled(delta, seen.right, 2), seen.lower, 0)
    n_out, side = kernels.weights.shape[:2]
    windows = _windows(seen.neighbours, side)
    weights = sum(row.reshape(n_out, -1) @ window.T for row, window in zip(delta, windows, strict=True))
    gradient = Gradient(np.reshape(weights, kernels.weights.shape), delta.sum(axis=(0, 2, 3)))
    if not further:
        return gradient, delta
    turned = np.ascontiguousarray(kernels.weights[:, ::-1, ::-1].transpose(3, 1, 2, 0))
    return gradient, _correlated(_neighbours(delta, side), turned)


def _unpooled(delta: FloatArray, second: NDArray[np.bool_], axis: int) -> FloatArray:
    """Give each slope to the larger of two neighbours along an axis, and to the first of equal ones."""
    shape = (*delta.shape[:axis], 2 * delta.shape[axis], *delta.shape[axis + 1 :])
    both = np.empty_like(delta, order="C", shape=shape)
    before = (slice(None),) * axis
    np.multiply(delta, second, out=both[(*before, slice(1, None, 2))])
    np.multiply(delta, ~second, out=both[(*before, slice(0, None, 2))])
    return both
