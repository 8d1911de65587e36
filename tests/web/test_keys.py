"""Where keys are configured, everything but the probes needs one."""

import pytest
from pydantic import SecretStr

from service.errors import SettingsError
from service.web.keys import Keys

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


@pytest.mark.parametrize("lines", ["", "# nothing", "a b c", "ann x\nann y", "ann x\nbob x", "x\nkey1 y"])
def test_keys_that_cannot_be_told_apart_are_refused(lines):
    with pytest.raises(SettingsError, match="api_keys"):
        Keys.parse(SecretStr(lines))


def test_the_keys_themselves_are_forgotten():
    keys = Keys.parse(SecretStr(LINES))
    assert "s3cret" not in repr(vars(keys))
    assert (keys.name("s3cret"), keys.name("wrong")) == ("ann", None)
