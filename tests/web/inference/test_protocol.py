"""What V2 clients ask before they send anything."""

import pytest

from service.artifacts import save
from service.network import Network
from service.web.app import create_app
from service.web.state import State


@pytest.fixture
def client(client_for, artifact_folder, metadata_for):
    """A service with two versions of one model, and a four-pixel camera."""
    network = Network.random((784, 10))
    save(network, metadata_for(network, version="2"), artifact_folder)
    camera = Network.random((4, 2))
    labels = {"labels": ("dark", "light"), "preprocessing": {"name": "four-pixel"}}
    save(camera, metadata_for(camera, name="camera", **labels), artifact_folder)
    return client_for()


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_the_server_says_what_it_speaks(client, path):
    told = client.get(path).json
    assert told["name"] == "digits"
    assert told["version"]
    assert told["extensions"] == ["binary_tensor_data", "statistics"]


def test_the_models_are_named(client):
    assert client.get("/v2/models").json == {"models": ["camera", "tiny"]}


@pytest.mark.parametrize("path", ["/v2/models/tiny", "/v2/models/tiny/versions/1"])
def test_a_digit_model_says_what_it_reads_and_gives(client, path):
    assert client.get(path).json == {
        "name": "tiny",
        "versions": ["1", "2"],
        "platform": "numpy",
        "inputs": [
            {"name": "image", "datatype": "FP32", "shape": [-1, 784]},
            {"name": "png", "datatype": "BYTES", "shape": [-1]},
        ],
        "outputs": [
            {"name": "activations", "datatype": "FP32", "shape": [-1, 10]},
            {"name": "argmax", "datatype": "INT64", "shape": [-1]},
            {"name": "digit", "datatype": "INT64", "shape": [-1]},
            {"name": "rejected", "datatype": "BOOL", "shape": [-1]},
        ],
    }


def test_a_model_with_labels_of_its_own_says_so(client):
    told = client.get("/v2/models/camera").json
    assert told["inputs"] == [{"name": "image", "datatype": "FP32", "shape": [-1, 4]}]
    assert {"name": "activations", "datatype": "FP32", "shape": [-1, 2]} in told["outputs"]
    assert {"name": "label", "datatype": "BYTES", "shape": [-1]} in told["outputs"]


@pytest.mark.parametrize("path", ["/v2/models/tiny/ready", "/v2/models/tiny/versions/2/ready"])
def test_a_model_that_exists_is_ready(client, path):
    assert client.get(path).json == {"name": "tiny", "ready": True}


@pytest.mark.parametrize("path", ["nobody", "nobody/ready", "tiny/versions/3", "tiny/versions/3/ready"])
def test_a_model_that_does_not_exist_is_not_ready(client, path):
    answer = client.get(f"/v2/models/{path}")
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_model")


def test_a_service_that_is_well_is_live_and_ready(client):
    assert client.get("/v2/health/live").json == {"live": True}
    assert client.get("/v2/health/ready").json == {"ready": True, "live": True}


def test_a_draining_service_is_live_and_not_ready(settings_for, log):
    state = State(settings_for())
    client = create_app(state.settings, state=state, log=log).test_client()
    state.draining.set()
    answer = client.get("/v2/health/ready")
    assert (answer.status_code, answer.json["code"]) == (503, "not_ready")
    assert (answer.json["ready"], answer.json["live"]) == (False, True)
    assert "draining" in answer.json["error"]
    assert client.get("/v2/health/live").status_code == 200


@pytest.mark.parametrize("probe", ["/v2/health/live", "/v2/health/ready"])
def test_the_probes_need_no_key_and_leave_no_line_in_the_log(client_for, lines, probe):
    assert client_for(api_keys="secret").get(probe).status_code == 200
    assert lines == []


def test_everything_else_needs_a_key_where_there_are_keys(client_for):
    client = client_for(api_keys="secret")
    assert client.get("/v2").status_code == 401
    assert client.post("/v2/models/tiny/infer").status_code == 401
    assert client.get("/v2", headers={"Authorization": "Bearer secret"}).status_code == 200


def test_an_alias_leads_to_what_it_stands_for(client_for, artifact_folder, tensor):
    (artifact_folder / "aliases.toml").write_text('stable = "tiny@1"\n')
    client = client_for()
    told = client.get("/v2/models/stable").json
    assert (told["name"], told["versions"]) == ("tiny", ["1"])
    assert client.get("/v2/models/stable/ready").json == {"name": "tiny", "ready": True}
    answer = client.post("/v2/models/stable/infer", json={"inputs": [tensor()]}).json
    assert (answer["model_name"], answer["model_version"]) == ("tiny", "1")
    [counted] = client.get("/v2/models/stable/stats").json["model_stats"]
    assert (counted["name"], counted["inference_count"]) == ("tiny", 2)
