import hashlib
import json

import numpy as np
import pytest

from service.artifacts import Artifact, load, save, self_test
from service.errors import BadArtifactError
from service.network import RELU, SIGMOID, Layer, Network


@pytest.fixture
def good(written, good_bytes):
    return written(good_bytes)


def test_numbers_come_back_as_numpy_itself_reads_them(good):
    layers = load(good).network.layers

    with np.load(good, allow_pickle=False) as arrays:
        for depth, layer in enumerate(layers):
            assert np.array_equal(layer.weights, arrays[f"layers/{depth}/weights"])
            assert np.array_equal(layer.biases, arrays[f"layers/{depth}/biases"])


def test_arrays_are_float32_contiguous_and_read_only(good):
    for layer in load(good).network.layers:
        for array in (layer.weights, layer.biases):
            assert array.dtype == np.float32
            assert array.flags.c_contiguous
            assert array.flags.aligned
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


def test_weights_of_a_wide_layer_lie_column_by_column_and_are_the_same(tmp_path, metadata_for):
    network = Network.random((784, 400, 10), np.random.default_rng(0), activations=[RELU, SIGMOID])

    wide, narrow = load(save(network, metadata_for(network), tmp_path)).network.layers

    assert wide.weights.flags.f_contiguous
    assert not wide.weights.flags.writeable
    assert narrow.weights.flags.c_contiguous
    for loaded, made in zip((wide, narrow), network.layers, strict=True):
        assert np.array_equal(loaded.weights, made.weights)


def test_size_and_sha256_are_those_of_the_file(good, good_bytes):
    artifact = load(good)

    assert artifact.size_bytes == len(good_bytes)
    assert artifact.sha256 == hashlib.sha256(good_bytes).hexdigest()


def test_an_artifact_prints_as_one_short_line(good):
    assert repr(load(good)) == "Artifact tiny@1, Network 4-3-2, sigmoid sigmoid: 23 weights and biases"


def test_the_expected_sha256_may_be_in_capitals(good, good_bytes):
    assert load(good, sha256=hashlib.sha256(good_bytes).hexdigest().upper())


def test_another_sha256_is_refused(good):
    with pytest.raises(BadArtifactError, match=r"sha256 is [0-9a-f]{64}, not 0{64}"):
        load(good, sha256="0" * 64)


def test_the_message_is_one_line_that_begins_with_the_path(described):
    path = described(labels=["a\nb", "c"])

    with pytest.raises(BadArtifactError) as refusal:
        load(path)

    message = str(refusal.value)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()


def test_control_characters_of_a_path_do_not_reach_the_message(tmp_path):
    with pytest.raises(BadArtifactError, match=r"\\x1b\[31m"):
        load(tmp_path / "\x1b[31m.npz")


def test_golden_samples_that_disagree_are_refused(described, members):
    golden = json.loads(members["metadata.json"])["golden"]
    golden["activations"][2][1] += 0.00011

    with pytest.raises(BadArtifactError, match=r"golden sample 2 .* 0\.00011 away"):
        load(described(golden=golden))


def test_golden_samples_may_differ_by_a_rounding(described, members):
    golden = json.loads(members["metadata.json"])["golden"]
    golden["activations"][2][1] += 0.00009

    assert load(described(golden=golden))


def test_golden_samples_with_the_inputs_of_another_sample_are_refused(described, members):
    golden = json.loads(members["metadata.json"])["golden"]
    golden["inputs"].reverse()

    with pytest.raises(BadArtifactError, match="golden"):
        load(described(golden=golden))


def test_finite_weights_whose_sums_are_not_numbers_fail_the_self_test(network, metadata_for):
    first, last = network.layers
    infinite = Layer(np.full_like(first.weights, 3e38), first.biases, RELU)
    difference = Layer(np.tile([1, -1, 0], (2, 1)).astype(np.float32), last.biases, last.activation)
    artifact = Artifact(metadata_for(network), Network((infinite, difference)), "", 0)

    with pytest.raises(BadArtifactError, match="golden sample 0 gives an activation inf away"):
        self_test(artifact)


def test_a_golden_input_beyond_float32_is_refused(described, members):
    golden = json.loads(members["metadata.json"])["golden"]
    golden["inputs"][0][0] = 1e300

    with pytest.raises(BadArtifactError, match="golden sample 0"):
        load(described(golden=golden))


def test_a_network_whose_weights_were_swapped_fails_its_self_test(network, metadata_for):
    first, last = network.layers
    swapped = Network((Layer(first.weights[::-1], first.biases, first.activation), last))

    with pytest.raises(BadArtifactError, match="train tiny anew"):
        self_test(Artifact(metadata_for(network), swapped, "", 0))
