"""How far a neuron hears: a part of the page, and no more.

A neuron of an early layer stands at a place of the page and hears what is near it, as one in an eye does.
Beyond its reach its weights are zero and stay so; the network is a plain one, with every weight written down.
Source: LeCun (1989), "Generalization and network design strategies", whose Net-3 is connected like that.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from service.imaging import SIDE
from service.network import FloatArray, Gradient, Network
from service.training.device import Arrays

__all__ = ["EVERYTHING", "Heard", "draw", "narrowed", "within"]

PAGE = (5, 22)  # pixels, where neurons stand: digits are written between them

Heard: TypeAlias = tuple[FloatArray, ...]
"""Of each layer of limited reach, the first ones: (n_out, n_in) float32, 1 where a neuron hears, else 0."""

EVERYTHING: Heard = ()


def draw(sizes: Sequence[int], reach: Sequence[float], rng: np.random.Generator, to: Arrays = np) -> Heard:
    """Place the neurons of the first layers at random, and let each hear the column before within its reach.

    Args:
        sizes: neurons in each column, 784 pixels first.
        reach: of each such layer's neurons, in pixels.
        rng: draws the places.
        to: the module of the device's arrays.
    """
    places = [np.indices((SIDE, SIDE), np.float64).reshape(2, -1).T]  # (row, column), of the pixels
    places += [rng.uniform(*PAGE, (n, 2)) for n in sizes[1 : len(reach) + 1]]
    return tuple(
        to.asarray(_near(here, before, far))
        for (before, here), far in zip(pairwise(places), reach, strict=True)
    )


def _near(here: FloatArray, before: FloatArray, far: float) -> FloatArray:
    distances = np.linalg.norm(here[:, None] - before, axis=2)
    near: FloatArray = (distances <= far).astype(np.float32)
    return near


def narrowed(network: Network, heard: Heard) -> Network:
    """Return the network without the weights beyond reach; those within make up for their length."""
    narrow = []
    for layer, hears in zip(network.layers, heard, strict=False):
        weights = layer.weights * hears
        longer = (_lengths(layer.weights) / _lengths(weights)) ** 0.5
        narrow.append(replace(layer, weights=weights * longer))
    return Network((*narrow, *network.layers[len(heard) :]))


def _lengths(weights: FloatArray) -> FloatArray:
    """Sum the squares of each neuron's weights, (n_out, 1); at least a trifle, should it hear nothing."""
    lengths: FloatArray = (weights * weights).sum(axis=1, keepdims=True) + np.float32(1e-12)
    return lengths


def within(gradients: Sequence[Gradient], heard: Heard) -> tuple[Gradient, ...]:
    """Return the gradients with zeros beyond reach, in their own arrays: nobody else asks for them."""
    for gradient, hears in zip(gradients, heard, strict=False):
        np.multiply(gradient.weights, hears, out=gradient.weights)
    return tuple(gradients)
