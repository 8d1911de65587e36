"""The reference is what a service counts when it reads the same digits."""

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from service.artifacts import load
from service.artifacts.reference import INK_BOUNDS, SHARE_BOUNDS
from service.classifier import Classifier
from service.training.reference import reference
from service.web.metrics import Metrics


@pytest.fixture
def classifier(artifact_folder):
    return Classifier.of(load(artifact_folder / "tiny" / "1.npz"), reject_below=0.74)


@pytest.fixture
def images():
    """Pictures of much and of little ink."""
    rng = np.random.default_rng(5)
    return rng.random((60, 784), dtype=np.float32) * rng.random((60, 1), dtype=np.float32)


@pytest.fixture
def counted(classifier, images):
    """What a service has counted that read these images: samples by name and labels."""
    metrics = Metrics(CollectorRegistry())
    for pixels in images:
        metrics.classified(classifier.artifact, classifier.classify_pixels(pixels))
    samples = (sample for family in metrics.collector.collect() for sample in family.samples)
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


@pytest.fixture
def told(classifier, images):
    return reference(classifier.activations(images), images, classifier.reject_below)


def live_bins(counted, name):
    """Undo that a histogram's buckets hold those below them too."""
    buckets = [value for key, value in counted.items() if key[0] == f"{name}_bucket"]
    return tuple(np.diff(buckets, prepend=0).tolist())


def test_answers_are_those_that_the_service_counts(told, counted):
    labels = [*"0123456789", "rejected"]
    assert told.answers == tuple(counted["digits_classifications_total", "tiny", label] for label in labels)
    assert told.n_images == 60
    assert 0 < told.answers[-1] < 60


@pytest.mark.parametrize("name", ["largest_activation", "ink"])
def test_bins_are_those_that_the_service_counts(told, counted, name):
    assert getattr(told, name).counts == live_bins(counted, f"digits_{name}")


def test_a_number_on_a_bound_belongs_below_it():
    activations = np.array([[0.5, 0.0], [0.75, 0.0], [2.0, 0.0]], np.float32)
    images = np.full((3, 4), 0.25, np.float32)
    told = reference(activations, images, 0.5)
    expected = dict.fromkeys(SHARE_BOUNDS, 0) | {0.5: 1, 0.8: 1, "beyond": 1}
    assert told.largest_activation.counts == tuple(expected.values())
    assert told.ink.counts[INK_BOUNDS.index(0.25)] == 3
