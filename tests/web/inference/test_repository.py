"""The index of the models, and the statistics of each."""

import json

import pytest

from service.artifacts import save
from service.network import Network
from service.web.app import create_app
from service.web.state import State


@pytest.fixture
def state(settings_for, artifact_folder, metadata_for):
    """A service with two versions of one model."""
    network = Network.random((784, 10))
    save(network, metadata_for(network, version="2"), artifact_folder)
    return State(settings_for())


@pytest.fixture
def client(state, log):
    return create_app(state.settings, state=state, log=log).test_client()


def ready(version, reason=""):
    return {"name": "tiny", "version": version, "state": "READY", "reason": reason}


@pytest.mark.parametrize("body", [b"", b" ", b"{}", b'{"ready": false}', b'{"ready": null}', b'{"more": 1}'])
def test_every_version_is_listed(client, body):
    assert client.post("/v2/repository/index", data=body).json == [ready("1"), ready("2")]


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"ready": 1}', b'{"ready": "yes"}'])
def test_a_request_that_cannot_be_understood_is_refused(client, body):
    answer = client.post("/v2/repository/index", data=body)
    assert answer.status_code == 400
    assert '{"ready": true}' in answer.json["error"] or "JSON" in answer.json["error"]


def test_a_request_that_is_longer_than_any_needs_to_be_is_refused(client):
    assert client.post("/v2/repository/index", data=b" " * 5000).status_code == 413


def test_what_was_refused_at_a_reload_is_listed_with_the_reason(client, state, artifact_folder):
    for version in ("2", "3"):
        (artifact_folder / "tiny" / f"{version}.npz").write_bytes(b"garbage")
    (artifact_folder / "stray.npz").write_bytes(b"garbage")
    state.reload()
    first, second, third = client.post("/v2/repository/index").json
    assert first == ready("1")
    assert second == ready("2", second["reason"])  # the last good one is still served
    assert (third["version"], third["state"]) == ("3", "UNAVAILABLE")
    assert second["reason"]
    assert third["reason"]
    assert str(artifact_folder) not in third["reason"]
    only = client.post("/v2/repository/index", data=b'{"ready": true}').json
    assert [entry["version"] for entry in only] == ["1", "2"]


@pytest.fixture
def ask(client, tensor):
    """Send two images to a version of the model, or something else than a request."""

    def send(version, *, good=True):
        body = json.dumps({"inputs": [tensor()]}) if good else "{}"
        return client.post(f"/v2/models/tiny/versions/{version}/infer", data=body)

    return send


def stats(client, path):
    return {model["version"]: model for model in client.get(path).json["model_stats"]}


def test_statistics_count_images_requests_and_failures_by_version(client, ask):
    for version, good in [("1", True), ("1", True), ("1", False), ("2", False)]:
        ask(version, good=good)
    told = stats(client, "/v2/models/tiny/stats")
    one, two = told["1"], told["2"]
    assert (one["inference_count"], one["execution_count"]) == (4, 2)
    assert (two["inference_count"], two["execution_count"]) == (0, 0)
    assert [one["inference_stats"][name]["count"] for name in ("success", "fail")] == [2, 1]
    assert [two["inference_stats"][name]["count"] for name in ("success", "fail")] == [0, 1]


def test_the_stages_of_a_request_are_part_of_its_time(client, ask):
    ask("1")
    told = stats(client, "/v2/models/stats")["1"]["inference_stats"]
    stages = [told[name]["ns"] for name in ("compute_input", "compute_infer", "compute_output")]
    assert all(0 < stage < 10e9 for stage in stages)
    assert sum(stages) <= told["success"]["ns"]
    assert told["queue"] == told["cache_hit"] == told["cache_miss"] == {"count": 0, "ns": 0}


def test_v1_is_counted_too(client, images):
    client.post("/v1/models/tiny/versions/1:predict", json={"instances": images.tolist()})
    told = stats(client, "/v2/models/tiny/versions/1/stats")["1"]
    assert (told["inference_count"], told["inference_stats"]["success"]["count"]) == (2, 1)


def test_the_last_request_is_told_in_milliseconds_since_1970(client, ask, monkeypatch):
    assert stats(client, "/v2/models/stats")["1"]["last_inference"] == 0
    monkeypatch.setattr("time.time", lambda: 1_700_000_000.25)
    ask("1")
    assert stats(client, "/v2/models/stats")["1"]["last_inference"] == 1_700_000_000_250


def test_statistics_are_told_of_all_of_one_model_or_of_one_version(client, ask):
    ask("1")
    assert [*stats(client, "/v2/models/stats")] == ["1", "2"]
    assert [*stats(client, "/v2/models/tiny/stats")] == ["1", "2"]
    assert [*stats(client, "/v2/models/tiny/versions/2/stats")] == ["2"]


def test_a_name_with_a_version_is_that_version_alone(client):
    assert [*stats(client, "/v2/models/tiny@1/stats")] == ["1"]


@pytest.mark.parametrize("model", ["nobody", "tiny/versions/9", "tiny@9", "tiny@", "tiny@1@1", "nobody@1"])
def test_an_unknown_model_has_no_statistics(client, model):
    answer = client.get(f"/v2/models/{model}/stats")
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_model")
