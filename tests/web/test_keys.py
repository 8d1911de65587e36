"""Where keys are configured, everything but the probes needs one."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from service.errors import SettingsError

LINES = "# staff\nann s3cret\n\nbare-key\n"


@pytest.fixture
def client(client_for):
    return client_for(api_keys=SecretStr(LINES))


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"Authorization": "Bearer s3cret"}, "ann"),
        ({"Authorization": "bearer  s3cret "}, "ann"),
        ({"X-API-Key": "s3cret"}, "ann"),
        ({"X-API-Key": "bare-key"}, "key2"),
    ],
)
def test_a_key_opens_every_route_and_its_name_is_logged(client, lines, headers, name):
    assert client.get("/v1/models", headers=headers).status_code == 200
    assert lines[-1]["key"] == name
    assert "s3cret" not in str(lines)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic s3cret"},
        {"Authorization": "s3cret"},
        {"X-API-Key": ""},
        {"X-API-Key": "ann"},
        {"X-API-Key": "ann s3cret"},
        {"X-API-Key": "s3cret\u00e9"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/nowhere", "/errors"])
def test_without_a_right_key_nothing_is_told(client, headers, path):
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (401, "missing_key")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("probe", ["/livez", "/readyz", "/healthz", "/metrics"])
def test_a_probe_never_needs_a_key(client, probe):
    assert client.get(probe).status_code == 200


def test_without_keys_nobody_is_asked_for_one(client_for):
    assert client_for().get("/v1/models").status_code == 200


def test_requests_are_counted_by_the_name_of_their_key(client):
    client.get("/v1/models", headers={"X-API-Key": "s3cret"})
    client.get("/v1/models", headers={"X-API-Key": "s3cret"})
    client.get("/v1/models", headers={"X-API-Key": "wrong"})
    text = client.get("/metrics").text
    [keys] = [f for f in text_string_to_metric_families(text) if f.name == "digits_key_requests"]
    assert {sample.labels["key"]: sample.value for sample in keys.samples} == {"ann": 2, "key2": 0}


def test_the_metrics_may_need_a_key_too_and_who_guesses_at_it_is_logged(client_for, lines):
    client = client_for(api_keys=SecretStr(LINES), lock_metrics=True)
    assert client.get("/metrics").status_code == 401
    assert (lines[-1]["route"], lines[-1]["status"]) == ("/metrics", 401)
    assert client.get("/metrics", headers={"X-API-Key": "s3cret"}).status_code == 200
    assert client.get("/readyz").status_code == 200


def test_metrics_are_not_locked_where_nobody_has_a_key(client_for):
    with pytest.raises(SettingsError, match="lock_metrics"):
        client_for(lock_metrics=True)


def test_a_wrong_method_of_a_route_that_is_free_is_called_wrong_without_a_key(client):
    assert client.post("/livez").status_code == 405
    assert client.post("/v1/models").status_code == 401
