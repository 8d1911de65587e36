"""What is told of the models is what their artifacts know."""

import pytest

from service.artifacts import save
from service.network import Network


@pytest.fixture
def client(client_for, artifact_folder, metadata_for):
    """A service with two versions of one model, and another that was never trained nor measured."""
    network = Network.random((784, 10))
    save(network, metadata_for(network, version="2"), artifact_folder)
    untold = metadata_for(network, name="blank", training=None, evaluation=None, curve=())
    save(network, untold, artifact_folder)
    return client_for()


def test_every_model_is_listed_by_its_newest_version(client):
    models = client.get("/v1/models").json["models"]
    assert [(m["name"], m["version"], m["versions"]) for m in models] == [
        ("blank", "1", ["1"]),
        ("tiny", "2", ["1", "2"]),
    ]
    assert [m["default"] for m in models] == [False, True]
    assert all(m["ready"] for m in models)


def test_a_model_tells_everything_that_its_artifact_knows(client, metadata_for, small_network):
    told = client.get("/v1/models/tiny/versions/1").json
    metadata = metadata_for(small_network).model_dump(mode="json")
    assert told["parameters"] == 13_002
    assert told["activation_functions"] == ["sigmoid"] * 3
    assert told["accuracy"] == metadata["evaluation"]["accuracy"]
    same = set(metadata) - {"schema_version", "activations", "golden"}
    assert {name: told[name] for name in same} == {name: metadata[name] for name in same}


def test_a_models_hash_and_size_are_those_of_its_file(client, artifact_folder):
    told = client.get("/v1/models/tiny/versions/1").json
    assert told["size_bytes"] == (artifact_folder / "tiny" / "1.npz").stat().st_size
    assert told["sha256"] in (artifact_folder / "SHA256SUMS").read_text()


def test_the_name_alone_means_the_newest_version(client):
    assert client.get("/v1/models/tiny").json == client.get("/v1/models/tiny/versions/2").json


def test_what_an_artifact_does_not_know_is_null(client):
    told = client.get("/v1/models/blank").json
    assert (told["training"], told["evaluation"], told["accuracy"], told["curve"]) == (None, None, None, [])
