import numpy as np
import pytest

from service.imaging import PREPROCESSINGS
from service.network import Network
from service.training import ask as asking
from service.training import trash
from service.training.ask import ask

KINDS = ("uniform", "strokes", "framed")


@pytest.fixture
def answers(monkeypatch, digits):
    monkeypatch.setattr(asking, "N_TRASH", 1_100)
    monkeypatch.setattr(asking, "N_FRAMED", 30)

    def of(**how):
        network = Network.random((784, 12, 10), np.random.default_rng(4))
        return ask(network, PREPROCESSINGS["mnist"], digits, [3], kinds=KINDS, **how), network

    return of


def test_so_many_of_each_kind_are_asked_about_and_fewer_that_imaging_frames(answers):
    asked, _ = answers()
    assert {kind: len(of.activations) for kind, of in asked.items()} == {
        "uniform": 1_100,
        "strokes": 1_100,
        "framed": 30,
    }


def test_what_passes_with_the_largest_activations_is_kept(answers):
    asked, network = answers(reject_below=0.6)
    for of in asked.values():
        np.testing.assert_allclose(network.forward(of.passed), of.said, rtol=1e-5)
        second, largest = np.sort(of.activations, axis=1)[:, -2:].T
        expected = np.sort(largest[(largest >= 0.6) & (second < 0.6)])[::-1][: asking.N_PASSED]
        np.testing.assert_allclose(of.said.max(axis=1), expected, rtol=1e-6)
    assert any(len(of.passed) for of in asked.values())


def test_the_same_seed_gives_the_same_in_two_processes(answers):
    alone, beside = answers()[0], answers(processes=2)[0]
    for kind in KINDS:
        for one, other in zip(alone[kind], beside[kind], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)


def test_every_kind_is_asked_about_where_none_is_named(monkeypatch, digits):
    monkeypatch.setattr(asking, "N_TRASH", 2)
    network = Network.random((784, 10), np.random.default_rng(4))
    assert list(ask(network, PREPROCESSINGS["mnist"], digits, [3])) == list(trash.KINDS)
