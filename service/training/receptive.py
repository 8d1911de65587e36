"""Receptive fields: the part of the picture that a neuron listens to, and no more.

A neuron of an early layer stands at a place of the page and hears only what is near it, as in an eye. Beyond
its field its weights are zero and stay so; the network is a plain one, with every weight written down.
Source: LeCun (1989), "Generalization and network design strategies", whose Net-3 is so connected.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from service.network import FloatArray, Gradient, Network
from service.training.device import Arrays

__all__ = ["ALL", "Fields", "draw", "narrowed", "within"]

SIDE = 28  # pixels
PAGE = (5, 22)  # pixels, the middles of the outermost fields: digits are written between them

Fields: TypeAlias = tuple[FloatArray, ...]
"""Of each narrowed layer, from the first on: (n_out, n_in) float32, 1 where a neuron listens, 0 elsewhere."""

ALL: Fields = ()


def draw(sizes: Sequence[int], radii: Sequence[float], rng: np.random.Generator, to: Arrays = np) -> Fields:
    """Place the neurons of the first layers at random, and let each hear the column before within a radius.

    Args:
        sizes: neurons in each column, 784 pixels first.
        radii: of the fields of each narrowed layer's neurons, in pixels.
        rng: draws the places.
        to: the module of the device's arrays.
    """
    places = [np.indices((SIDE, SIDE), np.float64).reshape(2, -1).T]  # (row, column), of the pixels
    places += [rng.uniform(*PAGE, (n, 2)) for n in sizes[1 : len(radii) + 1]]
    return tuple(
        to.asarray(_near(here, before, radius))
        for (before, here), radius in zip(pairwise(places), radii, strict=True)
    )


def _near(here: FloatArray, before: FloatArray, radius: float) -> FloatArray:
    distances = np.linalg.norm(here[:, None] - before, axis=2)
    near: FloatArray = (distances <= radius).astype(np.float32)
    return near


def narrowed(network: Network, fields: Fields) -> Network:
    """Return the network without the weights beyond the fields; those within make up for their length."""
    narrow = []
    for layer, field in zip(network.layers, fields, strict=False):
        weights = layer.weights * field
        longer = (_lengths(layer.weights) / _lengths(weights)) ** 0.5
        narrow.append(replace(layer, weights=weights * longer))
    return Network((*narrow, *network.layers[len(fields) :]))


def _lengths(weights: FloatArray) -> FloatArray:
    """Sum the squares of each neuron's weights, (n_out, 1); at least a trifle, should it hear nothing."""
    lengths: FloatArray = (weights * weights).sum(axis=1, keepdims=True) + np.float32(1e-12)
    return lengths


def within(gradients: Sequence[Gradient], fields: Fields) -> tuple[Gradient, ...]:
    """Return the gradients with zeros beyond the fields."""
    return (*_narrow(gradients, fields), *gradients[len(fields) :])


def _narrow(gradients: Sequence[Gradient], fields: Fields) -> Iterator[Gradient]:
    return (
        Gradient(gradient.weights * field, gradient.biases)
        for gradient, field in zip(gradients, fields, strict=False)
    )
