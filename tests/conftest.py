"""What tests of every folder build upon: a small network, its artifact on disk, MNIST where it is at hand."""

import gzip
import os
import resource
import signal
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from service.artifacts import Metadata, golden_samples, save
from service.network import Network

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets its background jobs ignore Ctrl-C, and what tests start and interrupt would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def small_network():
    """The network of the videos, untrained: 784-16-16-10, sigmoid, always the same numbers."""
    return Network.random((784, 16, 16, 10), np.random.default_rng(0))


@pytest.fixture(scope="session")
def metadata_for():
    """Describe any network truthfully; keyword arguments replace members of the metadata."""
    return describe


@pytest.fixture
def artifact_folder(tmp_path, small_network):
    """A folder of artifacts that holds one small model, "tiny" version "1"."""
    folder = tmp_path / "models"
    save(small_network, describe(small_network), folder)
    return folder


@pytest.fixture
def little_room():
    """Let no file grow beyond half a kilobyte in there, as where the disk is nearly full."""

    @contextmanager
    def little_room():
        before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, most))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))

    return little_room


@pytest.fixture
def picture():
    """An image as MNIST frames it: (28, 28) uint8, 0 paper to 255 ink."""
    picture = np.zeros((28, 28), np.uint8)
    picture[4:24, 10:18] = np.random.default_rng(1).integers(100, 256, (20, 8))
    return picture


@pytest.fixture(scope="session")
def mnist_folder():
    """The folder of the four MNIST files, gzipped or not."""
    if "MNIST_DIR" not in os.environ:
        pytest.skip("set MNIST_DIR to the folder of the four MNIST files")
    return Path(os.environ["MNIST_DIR"])


@pytest.fixture(scope="session")
def mnist_test_images(mnist_folder):
    """(10000, 28, 28) uint8, read without the trainer's reader."""
    return idx(mnist_folder, "t10k-images-idx3-ubyte", header_bytes=16).reshape(-1, 28, 28)


@pytest.fixture(scope="session")
def mnist_test_labels(mnist_folder):
    """(10000,) uint8, read without the trainer's reader."""
    return idx(mnist_folder, "t10k-labels-idx1-ubyte", header_bytes=8)


def idx(folder, name, header_bytes):
    raw = folder / name
    content = raw.read_bytes() if raw.exists() else gzip.decompress((folder / f"{name}.gz").read_bytes())
    return np.frombuffer(content, np.uint8, offset=header_bytes)


def describe(network, **changes):
    n_in, *_, n_out = network.sizes
    inputs = np.random.default_rng(0).random((3, n_in), dtype=np.float32)
    members = {
        "name": "tiny",
        "version": "1",
        "description": "An untrained network for tests.",
        "sizes": network.sizes,
        "activations": tuple(layer.activation.name for layer in network.layers),
        "labels": tuple(map(str, range(n_out))),
        "preprocessing": {"name": "mnist"},
        "training": {
            "data": "MNIST",
            "data_sha256": {"train-images-idx3-ubyte": "0" * 64},
            "n_images": 50_000,
            "seed": 0,
            "recipe": {"mini_batch": 10},
            "cost": "cross-entropy",
            "epochs": 2,
            "code_version": "0.1.0",
        },
        "evaluation": evaluation(n_out),
        "reject": {"threshold": 0.5, "chosen": "by hand, for tests"},
        "curve": (
            {"epoch": 1, "cost": 0.7, "validation_accuracy": 0.5},
            {"epoch": 2, "cost": 0.3, "validation_accuracy": 0.75},
        ),
        "golden": golden_samples(network, inputs),
        "licence": "MIT",
        "producer": "digit-service tests",
    }
    return Metadata.model_validate(members | changes)


def evaluation(n_out):
    """Four images of each label, three of them right."""
    confusion = 3 * np.eye(n_out, dtype=int) + np.roll(np.eye(n_out, dtype=int), 1, axis=1)
    return {
        "data": "MNIST t10k",
        "n_images": 4 * n_out,
        "accuracy": float(np.trace(confusion)) / (4 * n_out),
        "confusion": confusion.tolist(),
        "calibration_error": 0.01,
        "operating_curve": [
            {
                "threshold": step / 20,
                "coverage": 1 - step / 40,
                "accuracy": 0.75 + step / 100,
                "false_acceptance": 1 - step / 20,
            }
            for step in range(21)
        ],
        "false_acceptance": {"uniform noise": 0.01},
    }
