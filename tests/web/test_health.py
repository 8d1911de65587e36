"""The probes, and what each depends on."""

import resource
from dataclasses import replace
from importlib.metadata import version

import pytest

from service.network import Network
from service.web.app import create_app
from service.web.state import State


@pytest.fixture
def state(settings_for):
    return State(settings_for())


@pytest.fixture
def client(state, log):
    return create_app(state.settings, state=state, log=log).test_client()


def spoil(state):
    """Turn the biases of the default model's last layer, as broken memory would."""
    default = state.current.default
    *layers, last = default.network.layers
    network = Network((*layers, replace(last, biases=last.biases + 1)))
    state.current = replace(
        state.current, default=replace(default, artifact=replace(default.artifact, network=network))
    )


@pytest.mark.parametrize(("probe", "answer"), [("/livez", {"live": True}), ("/readyz", {"ready": True})])
def test_a_service_that_has_loaded_its_model_is_well(client, probe, answer):
    assert (client.get(probe).status_code, client.get(probe).json) == (200, answer)


def test_health_says_what_is_served(client, state):
    told = client.get("/healthz").json
    artifact = state.current.default.artifact
    assert told.pop("uptime_seconds") >= 0
    assert told == {
        "ready": True,
        "version": version("digit-service"),
        "models": [{"name": "tiny", "version": "1", "sha256": artifact.sha256}],
        "reload_failures": {},
    }


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/v2"])
def test_what_is_asked_of_a_service_is_told_where_no_file_can_be_opened(client, path):
    client.get(path)  # what is imported at the first request is there
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        status = client.get(path).status_code
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert status == 200


@pytest.mark.parametrize("probe", ["/readyz", "/healthz"])
def test_a_draining_service_is_alive_and_not_ready(client, state, probe):
    state.draining.set()
    answer = client.get(probe)
    assert (answer.status_code, answer.json["code"], answer.json["ready"]) == (503, "not_ready", False)
    assert "draining" in answer.json["reason"]
    assert client.get("/livez").status_code == 200


def test_a_draining_service_still_classifies(client, state, png):
    state.draining.set()
    assert client.post("/v1/classify", data=png, content_type="image/png").status_code == 200


def test_a_network_that_no_longer_gives_its_golden_answers_is_not_ready(client, state):
    spoil(state)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "self-test" in answer.json["reason"]


def test_health_tells_the_same_facts_when_not_ready(client, state):
    state.draining.set()
    assert client.get("/healthz").json["models"][0]["name"] == "tiny"


def add_garbage(folder):
    (folder / "tiny" / "2.npz").write_bytes(b"garbage")


def lead_out(folder):
    (folder.parent / "2.npz").write_bytes(b"garbage")
    (folder / "tiny" / "2.npz").symlink_to(folder.parent / "2.npz")


def empty(folder):
    (folder / "tiny" / "1.npz").unlink()


def move(folder):
    folder.rename(folder.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("harm", "key"), [(add_garbage, "tiny@2"), (lead_out, "tiny@2"), (empty, "models"), (move, "models")]
)
def test_health_tells_what_was_wrong_at_the_last_reload_but_not_where(
    client, state, artifact_folder, harm, key
):
    harm(artifact_folder)
    state.reload()
    failures = client.get("/healthz").json["reload_failures"]
    assert list(failures) == [key]
    assert str(artifact_folder.parent) not in failures[key]


@pytest.mark.parametrize("probe", ["/livez", "/readyz", "/healthz", "/metrics"])
def test_probes_leave_no_line_in_the_log(client, lines, probe):
    client.get(probe)
    assert lines == []


@pytest.mark.parametrize("probe", ["/readyz", "/healthz", "/metrics"])
def test_a_probe_that_fails_in_here_leaves_what_its_answer_says_that_the_log_has(
    client, state, lines, monkeypatch, probe
):
    monkeypatch.setattr(state, "unready", lambda: 1 / 0)
    told = client.get(probe).json
    [line] = lines
    assert (told["code"], told["id"]) == ("internal_error", line["id"])
    assert "ZeroDivisionError" in line["traceback"]
