"""The convolutional teacher, against convolution written out in loops and slopes taken by nudging."""

from dataclasses import replace

import numpy as np
import pytest

from service.network import CROSS_ENTROPY, Layer
from service.training import convolutional
from service.training.convolutional import CHUNK, Convolutional, Kernels, backpropagate, draw


def double(network):
    """Return the network in float64, its biases away from zero, where ReLU has no slope."""
    layers = (
        replace(
            layer,
            weights=layer.weights.astype(np.float64),
            biases=layer.biases + np.linspace(0.05, 0.1, len(layer.biases)),
        )
        for layer in network.layers
    )
    return Convolutional(tuple(layers))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def network(rng):
    return double(draw(rng))


@pytest.fixture
def images(rng):
    return rng.random((3, 784))


def looked_at(picture, kernels):
    """What kernels make of one picture, (rows, columns, channels), place by place."""
    side = kernels.weights.shape[1]
    rows, columns, _ = picture.shape
    padded = np.pad(picture, ((side // 2, side // 2), (side // 2, side // 2), (0, 0)))
    z = np.array(
        [
            [
                [
                    (kernel * padded[row : row + side, column : column + side]).sum() + bias
                    for kernel, bias in zip(kernels.weights, kernels.biases, strict=True)
                ]
                for column in range(columns)
            ]
            for row in range(rows)
        ]
    )
    if kernels.pooled:
        z = z.reshape(rows // 2, 2, columns // 2, 2, -1).max(axis=(1, 3))
    return np.maximum(z, 0)


def answered(network, image):
    """What a network answers, by the book."""
    picture = image.reshape(28, 28, 1)
    kernels = [layer for layer in network.layers if isinstance(layer, Kernels)]
    hidden, output = [layer for layer in network.layers if isinstance(layer, Layer)]
    for layer in kernels:
        picture = looked_at(picture, layer)
    column = np.maximum(hidden.weights @ picture.transpose(0, 2, 1).ravel() + hidden.biases, 0)
    return 1 / (1 + np.exp(-(output.weights @ column + output.biases)))


def test_it_answers_as_convolution_by_the_book_does(network, images):
    expected = [answered(network, image) for image in images]
    np.testing.assert_allclose(network.forward(images), expected, rtol=1e-9)


def test_its_slope_is_what_nudging_finds(network, images, rng):
    targets = np.eye(10)[[3, 1, 4]]
    cost, gradients = backpropagate(network, images, targets, CROSS_ENTROPY)
    assert cost == pytest.approx(CROSS_ENTROPY(network.forward(images), targets))
    for layer, gradient in zip(network.layers, gradients, strict=True):
        for numbers, slopes in ((layer.weights, gradient.weights), (layer.biases, gradient.biases)):
            assert slopes.shape == numbers.shape
            for place in rng.integers(numbers.size, size=4):
                found = nudged(network, numbers.reshape(-1), place, images, targets)
                assert slopes.flat[place] == pytest.approx(found, rel=1e-4, abs=1e-9)


def nudged(network, numbers, place, images, targets, by=1e-5):
    """The slope of the cost along one number of a network, which is turned a little and turned back."""
    stood, costs = numbers[place], []
    for turned in (stood + by, stood - by):
        numbers[place] = turned
        costs.append(CROSS_ENTROPY(network.forward(images), targets))
    numbers[place] = stood
    return (costs[0] - costs[1]) / (2 * by)


def test_blank_paper_is_no_steeper_for_being_pooled(rng):
    """All places of a blank page answer alike, and the slope of the largest of four goes to one of them."""
    network, blank = double(draw(rng)), np.zeros((1, 784))
    targets = np.eye(10)[[3]]
    gradient = backpropagate(network, blank, targets, CROSS_ENTROPY).gradients[0]
    found = nudged(network, network.layers[0].biases, 2, blank, targets)
    assert gradient.biases[2] == pytest.approx(found, rel=1e-4)


def test_images_are_computed_in_chunks_with_the_same_answer_and_slope(network, images, monkeypatch):
    targets = np.eye(10)[[3, 1, 4]]
    together = backpropagate(network, images, targets, CROSS_ENTROPY)
    answers = network.forward(images)
    assert len(images) < CHUNK
    monkeypatch.setattr(convolutional, "CHUNK", 2)
    apart = backpropagate(network, images, targets, CROSS_ENTROPY)
    assert apart.cost == pytest.approx(together.cost)
    np.testing.assert_allclose(network.forward(images), answers, rtol=1e-12)
    for one, other in zip(apart.gradients, together.gradients, strict=True):
        np.testing.assert_allclose(one.weights, other.weights, rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(one.biases, other.biases, rtol=1e-9, atol=1e-15)


def test_it_begins_by_saying_one_in_ten(rng, images):
    answers = draw(rng).forward(images.astype(np.float32))
    assert answers.dtype == np.float32
    assert np.median(answers) == pytest.approx(0.1, abs=0.08)
