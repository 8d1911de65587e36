"""A network at moments of its training, served for replay."""

import numpy as np
import pytest

from service.artifacts.history import save_history
from service.network import Network

VERSIONED = "/v1/models/tiny/versions/1"


@pytest.fixture
def networks(small_network):
    """By epoch; at the end, what is served."""
    return {0: Network.random((784, 16, 16, 10), np.random.default_rng(7)), 5: small_network}


@pytest.fixture
def client(client_for, artifact_folder, networks, metadata_for, small_network):
    save_history(networks, metadata_for(small_network), artifact_folder)
    return client_for()


def test_the_epochs_are_listed(client):
    told = {"model": "tiny", "model_version": "1", "epochs": [0, 5]}
    assert client.get(f"{VERSIONED}/history").json == told
    assert client.get("/v1/models/tiny/history").json == told


def test_the_weights_after_an_epoch_are_told(client, networks):
    told = client.get(f"{VERSIONED}/history/0/weights/1/3.json").json
    layer = networks[0].layers[1]
    assert told["weights"] == pytest.approx(layer.weights[3], rel=1e-3)  # kept in float16
    assert told["bias"] == pytest.approx(layer.biases[3], rel=1e-3)
    assert (told["epoch"], told["layer"], told["neuron"]) == (0, 1, 3)


def test_a_picture_is_read_as_the_network_read_it_then(client, png):
    def ask(path):
        return client.post(f"{path}?reject_below=0", data=png, content_type="image/png").json["activations"]

    now = ask("/v1/classify")
    assert ask(f"{VERSIONED}/history/5/classify") == pytest.approx(now, abs=0.01)
    assert ask(f"{VERSIONED}/history/0/classify") != pytest.approx(now, abs=0.01)


def test_answers_of_then_are_not_counted(client, png):
    before = client.get("/metrics").text
    client.post(f"{VERSIONED}/history/0/classify", data=png, content_type="image/png")
    lines = [
        [line for line in text.splitlines() if line.startswith("digits_classifications_total")]
        for text in (before, client.get("/metrics").text)
    ]
    assert lines[0] == lines[1]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/history/1/weights/0/0.json", "unknown_model"),
        ("/history/0/weights/3/0.json", "unknown_neuron"),
        ("/history/0/weights/2/10.json", "unknown_neuron"),
        ("/history/x/weights/2/1.json", "unknown_model"),
        ("/history/0/weights/2/x.json", "unknown_neuron"),
    ],
)
def test_what_was_not_kept_is_not_found(client, path, code):
    answer = client.get(VERSIONED + path)
    assert (answer.status_code, answer.json["code"]) == (404, code)


def test_a_model_without_a_history_has_no_epochs(client_for):
    client = client_for()
    assert client.get(f"{VERSIONED}/history").json["epochs"] == []
    answer = client.get(f"{VERSIONED}/history/0/weights/0/0.json")
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_model")
    assert "kept those of none" in answer.json["detail"]


def test_the_path_alone_names_the_model(client, png):
    answer = client.post(f"{VERSIONED}/history/0/classify?model=tiny", data=png, content_type="image/png")
    assert (answer.status_code, answer.json["code"]) == (400, "bad_input")


def test_what_was_sent_once_is_not_sent_again(client):
    first = client.get(f"{VERSIONED}/history/0/weights/0/0.json")
    other = client.get(f"{VERSIONED}/history/5/weights/0/0.json")
    again = client.get(first.request.path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert first.headers["ETag"] != other.headers["ETag"]


@pytest.mark.parametrize("path", ["history", "history/0/weights/0/0.json"])
def test_a_history_that_takes_the_place_of_another_is_sent(
    client, artifact_folder, metadata_for, small_network, client_for, path
):
    before = client.get(f"{VERSIONED}/{path}")
    others = {0: Network.random((784, 16, 16, 10), np.random.default_rng(8)), 9: small_network}
    save_history(others, metadata_for(small_network), artifact_folder)
    known = {"If-None-Match": before.headers["ETag"]}
    after = client_for().get(f"{VERSIONED}/{path}", headers=known)
    assert after.status_code == 200
    assert after.json != before.json
