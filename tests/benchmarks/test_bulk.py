"""The benchmark of bulk work compares what it says it does."""

import numpy as np
import pytest

from benchmarks import bulk
from service.artifacts.load import load
from service.bulk import Job
from service.classifier import Classifier
from service.imaging import Limits
from service.training.mnist import Digits


@pytest.fixture
def digits():
    """Four bars of ink, each in another place."""
    drawn = np.zeros((4, 28, 28), np.float32)
    for number, picture in enumerate(drawn):
        picture[4:24, 8 + number : 13 + number] = 1
    return Digits(drawn.reshape(4, 784), np.arange(4, dtype=np.uint8))


@pytest.mark.parametrize("side", bulk.SIDES)
def test_the_bare_loop_comes_to_the_input_that_the_service_reads(digits, tmp_path, artifact_folder, side):
    classifier = Classifier.of(load(artifact_folder / "tiny" / "1.npz"))
    for file in bulk.write(digits, side, 4, tmp_path):
        seen = classifier.see(file.read_bytes())
        assert bulk.pixels(file) == pytest.approx(seen.pixels, abs=0.02)
        assert np.array_equal(bulk.checked_pixels(file), seen.pixels)


def test_a_row_names_the_picture_and_compares_both_ways(digits, tmp_path, artifact_folder):
    job = Job((artifact_folder / "tiny" / "1.npz").read_bytes(), Limits())
    row = bulk.compare(bulk.write(digits, 28, 300, tmp_path), job, n_processes=1, rounds=1)
    assert row[:2] == ("28×28 L", "1")
    assert float(row[2]) > 0
    assert len(row) == 10
