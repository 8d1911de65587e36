import io
import json
import zipfile
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from service.artifacts import Repository, load, save
from service.artifacts.history import history_of, load_history, save_history
from service.errors import BadArtifactError
from service.network import ACTIVATIONS, Network

EPOCHS = (0, 1, 5, 40)


def on_the_way(sizes=(4, 3, 2)):
    return {epoch: Network.random(sizes, np.random.default_rng(epoch)) for epoch in EPOCHS}


@pytest.fixture
def metadata(network, metadata_for):
    return metadata_for(network)


@pytest.fixture
def saved(metadata, tmp_path):
    return save_history(on_the_way(), metadata, tmp_path)


def test_what_is_saved_is_loaded_to_the_precision_of_float16(saved):
    history = load_history(saved)
    assert (history.name, history.version, history.epochs) == ("tiny", "1", EPOCHS)
    for network, original in zip(history.networks, on_the_way().values(), strict=True):
        for layer, expected in zip(network.layers, original.layers, strict=True):
            assert layer.weights.dtype == np.float32
            assert np.array_equal(layer.weights, expected.weights.astype(np.float16))
            assert np.array_equal(layer.biases, expected.biases.astype(np.float16))
            assert layer.activation is ACTIVATIONS["sigmoid"]


def test_numpy_reads_it_too(saved):
    with np.load(saved) as file:
        assert file["layers/0/weights"].shape == (4, 3, 4)
        assert file["layers/0/weights"].dtype == np.float16
        assert json.loads(file["metadata.json"])["epochs"] == [*EPOCHS]


def test_it_lies_beside_its_artifact_and_has_its_line_in_the_sums(saved, tmp_path):
    assert saved == tmp_path / "tiny" / "1.history.npz"
    assert (
        f"{sha256(saved.read_bytes()).hexdigest()}  tiny/1.history.npz\n"
        in (tmp_path / "SHA256SUMS").read_text()
    )


def test_the_same_networks_give_the_same_bytes_in_whatever_order(saved, metadata, tmp_path):
    backwards = dict(reversed(on_the_way().items()))
    again = save_history(backwards, metadata, tmp_path / "again")
    assert again.read_bytes() == saved.read_bytes()


def test_the_weights_cannot_be_changed(saved):
    with pytest.raises(ValueError, match="read-only"):
        load_history(saved).networks[0].layers[0].weights[0, 0] = 1


def test_a_plain_network_at_twenty_moments_takes_half_a_megabyte(metadata_for, tmp_path):
    network = Network.random((784, 16, 16, 10), np.random.default_rng(0))
    path = save_history(dict.fromkeys(range(20), network), metadata_for(network), tmp_path)
    assert path.stat().st_size == pytest.approx(20 * 13_002 * 2, rel=0.01)


class TestTheHistoryOfAnArtifact:
    @pytest.fixture
    def artifact(self, network, metadata, tmp_path):
        return load(save(network, metadata, tmp_path))

    def test_is_none_where_none_was_kept(self, artifact, tmp_path):
        assert history_of(artifact, tmp_path) is None

    @pytest.mark.usefixtures("saved")
    def test_is_found_beside_it(self, artifact, tmp_path):
        assert history_of(artifact, tmp_path).epochs == EPOCHS

    @pytest.mark.usefixtures("saved")
    def test_does_not_disturb_the_artifacts(self, artifact, tmp_path):
        assert [found.sha256 for found in Repository(tmp_path).read()] == [artifact.sha256]

    def test_is_held_to_its_sum(self, artifact, saved, metadata, tmp_path):
        other = save_history({0: artifact.network}, metadata, tmp_path / "other")
        saved.write_bytes(other.read_bytes())
        with pytest.raises(BadArtifactError, match=r"sha256 is .* as expected"):
            history_of(artifact, tmp_path)

    def test_is_refused_where_it_is_that_of_another_version(self, artifact, saved, metadata, tmp_path):
        other = metadata.model_copy(update={"version": "2"})
        save_history(on_the_way(), other, tmp_path).rename(saved)
        (tmp_path / "SHA256SUMS").unlink()
        with pytest.raises(BadArtifactError, match="history of tiny@2"):
            history_of(artifact, tmp_path)

    def test_is_refused_where_its_networks_have_other_activations(self, artifact, metadata_for, tmp_path):
        tanh = Network.random((4, 3, 2), activations=[ACTIVATIONS["tanh"]] * 2)
        save_history({0: tanh}, metadata_for(tanh), tmp_path)
        with pytest.raises(BadArtifactError, match=r"history of tiny@1, Network 4-3-2, tanh"):
            history_of(artifact, tmp_path)

    def test_is_refused_where_it_is_a_link_out_of_the_folder(
        self, artifact, saved, tmp_path_factory, tmp_path
    ):
        outside = tmp_path_factory.mktemp("outside") / "history.npz"
        saved.rename(outside)
        saved.symlink_to(outside)
        with pytest.raises(BadArtifactError, match="leads out of"):
            history_of(artifact, tmp_path)


class TestSavingRefuses:
    def test_no_moment_at_all(self, metadata, tmp_path):
        with pytest.raises(BadArtifactError, match="0 moments; keep 1 to 256"):
            save_history({}, metadata, tmp_path)

    def test_more_moments_than_are_read(self, network, metadata, tmp_path):
        with pytest.raises(BadArtifactError, match="257 moments"):
            save_history(dict.fromkeys(range(257), network), metadata, tmp_path)

    def test_another_network(self, metadata, tmp_path):
        with pytest.raises(BadArtifactError, match=r"4-5-2.* of epoch 3 is not the network of the metadata"):
            save_history({3: Network.random((4, 5, 2))}, metadata, tmp_path)

    def test_other_activations(self, network, metadata, tmp_path):
        layers = tuple(replace(layer, activation=ACTIVATIONS["tanh"]) for layer in network.layers)
        with pytest.raises(BadArtifactError, match="is not the network of the metadata"):
            save_history({3: Network(layers)}, metadata, tmp_path)

    def test_what_float16_cannot_hold(self, network, metadata, tmp_path):
        first = replace(network.layers[0], weights=network.layers[0].weights * np.float32(1e6))
        with pytest.raises(BadArtifactError, match="does not fit float16"):
            save_history({0: Network((first, *network.layers[1:]))}, metadata, tmp_path)

    def test_an_epoch_before_the_start(self, network, metadata, tmp_path):
        with pytest.raises(BadArtifactError, match="before the start"):
            save_history({-1: network}, metadata, tmp_path)


class TestLoadingRefuses:
    @pytest.fixture
    def members(self, saved):
        with zipfile.ZipFile(io.BytesIO(saved.read_bytes())) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    @pytest.fixture
    def document(self, members, forged):
        """Change members of metadata.json and return the path."""

        def change(**changes):
            members["metadata.json"] = json.dumps(json.loads(members["metadata.json"]) | changes).encode()
            return forged(members)

        return change

    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"epochs": [0, 5, 1, 40]}, "epochs are not rising"),
            ({"epochs": [0, 1, 1, 40]}, "epochs are not rising"),
            ({"epochs": []}, "epochs"),
            ({"epochs": [*range(257)]}, "epochs"),
            ({"epochs": [-1, 1, 5, 40]}, r"epochs\.0"),
            ({"epochs": [0, 1, 5]}, "has the header"),
            ({"epochs": [0, 1, 5, 40.5]}, r"epochs\.3"),
            ({"sizes": [4, 3, 3]}, "has the header"),
            ({"sizes": [65536, 65536, 2]}, r"4 networks of sizes 65536-65536-2 take \d+ bytes"),
            ({"activations": ["sigmoid"]}, "activations are not one a layer"),
            ({"activations": ["sigmoid", "softmax"]}, r"activations\.1"),
            ({"schema_version": 2}, "schema_version"),
            ({"name": "../tiny"}, "name"),
            ({"golden": {}}, "golden"),
        ],
    )
    def test_a_document_that_is_not_sound(self, document, changes, fault):
        with pytest.raises(BadArtifactError, match=fault):
            load_history(document(**changes))

    def test_json_that_says_a_thing_twice(self, members, forged):
        members["metadata.json"] = members["metadata.json"].replace(b"{", b'{"epochs": [1], ', 1)
        with pytest.raises(BadArtifactError, match="stands there twice"):
            load_history(forged(members))

    def test_a_member_too_many_and_one_too_few(self, members, forged):
        with pytest.raises(BadArtifactError, match="not expected"):
            load_history(forged(members | {"more.npy": b""}))
        del members["layers/1/biases.npy"]
        with pytest.raises(BadArtifactError, match="is missing"):
            load_history(forged(members))

    def test_numbers_that_are_none(self, members, forged):
        weights = bytearray(members["layers/0/weights.npy"])
        weights[-2:] = np.float16(np.nan).tobytes()
        with pytest.raises(BadArtifactError, match="NaN or infinity"):
            load_history(forged(members | {"layers/0/weights.npy": bytes(weights)}))

    def test_an_artifact(self, network, metadata, tmp_path):
        with pytest.raises(BadArtifactError, match=r"metadata\.json"):
            load_history(save(network, metadata, tmp_path / "models"))

    def test_a_file_that_is_missing(self, tmp_path):
        with pytest.raises(BadArtifactError, match="cannot be read"):
            load_history(tmp_path / "1.history.npz")
