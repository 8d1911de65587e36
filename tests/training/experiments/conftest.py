"""A bench on digits drawn by code, with two untrained models to experiment on."""

import numpy as np
import pytest

from service.artifacts import save
from service.network import Network
from service.training.experiments import Bench


@pytest.fixture(scope="session")
def models(tmp_path_factory, metadata_for):
    """A folder that holds the models video and plain."""
    folder = tmp_path_factory.mktemp("models")
    for seed, name in enumerate(("video", "plain")):
        network = Network.random((784, 16, 16, 10), np.random.default_rng(seed))
        save(network, metadata_for(network, name=name), folder)
    return folder


@pytest.fixture
def bench(drawn_once, models):
    folder, sha256 = drawn_once
    return Bench(folder, models, 0, lambda _line: None, sha256)
