import sys
from types import SimpleNamespace

import numpy as np
import pytest

from service.errors import ServiceError
from service.network import Network
from service.training.device import DEVICES, arrays, lies_here, moved


class OnCard:
    """Stands for an array that lies on a card."""

    def __init__(self, array):
        self.array = array

    def get(self):
        return self.array


CARD = SimpleNamespace(asarray=OnCard)


def test_without_cupy_a_card_is_refused_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(ServiceError, match="the device cuda needs CuPy, which is not installed"):
        arrays("cuda")


@pytest.mark.parametrize("there", [True, False])
def test_cupy_is_taken_where_it_finds_a_card(monkeypatch, there):
    cupy = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: there))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    if there:
        assert arrays("cuda") is cupy
    else:
        with pytest.raises(ServiceError, match="CuPy finds no graphics card; train on the device cpu"):
            arrays("cuda")


def test_the_processors_own_arrays_are_numpys():
    assert arrays("cpu") is np
    assert set(DEVICES) == {"cpu", "cuda"}


def test_a_network_comes_home_from_a_card_as_it_went():
    network = Network.random((4, 3, 2), np.random.default_rng(0))
    there = moved(network, CARD)
    assert not lies_here(there.layers[0].weights)
    for layer, same in zip(moved(there, np).layers, network.layers, strict=True):
        np.testing.assert_array_equal(layer.weights, same.weights)
        np.testing.assert_array_equal(layer.biases, same.biases)
        assert layer.activation is same.activation
