"""What is told of the models is what their artifacts know."""

import base64
import hashlib

import pytest

from service.artifacts import save
from service.network import Network
from service.web.app import create_app
from service.web.state import State


@pytest.fixture
def models(artifact_folder, metadata_for):
    """A folder of two versions of one model, and another that was never trained nor measured."""
    network = Network.random((784, 10))
    save(network, metadata_for(network, version="2"), artifact_folder)
    untold = metadata_for(network, name="blank", training=None, evaluation=None, curve=())
    save(network, untold, artifact_folder)
    return artifact_folder


@pytest.fixture
def client(client_for, models):
    """A service of these models."""
    return client_for(models=models)


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


def test_what_is_listed_is_not_sent_twice(client):
    for path in ("/v1/models", "/v1/models/tiny", "/v1/models/tiny/versions/1"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert first.headers["Cache-Control"] == "no-cache"


def test_what_is_told_of_a_model_has_another_tag_when_it_is_the_default(client, client_for):
    other = client_for(model="blank")
    path = "/v1/models/tiny"
    assert client.get(path).headers["ETag"] != other.get(path).headers["ETag"]


# The file itself


@pytest.mark.parametrize(("path", "version"), [("tiny/artifact", "2"), ("tiny/versions/1/artifact", "1")])
def test_the_artifact_is_the_file_byte_for_byte(client, artifact_folder, path, version):
    answer = client.get(f"/v1/models/{path}")
    file = (artifact_folder / "tiny" / f"{version}.npz").read_bytes()
    assert answer.data == file
    assert answer.headers["Content-Disposition"] == f'attachment; filename="tiny-{version}.npz"'
    digest = base64.b64encode(hashlib.sha256(file).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"


def test_the_artifact_is_the_file_that_was_verified_whatever_lies_there_now(client, artifact_folder):
    path = artifact_folder / "tiny" / "1.npz"
    verified = path.read_bytes()
    path.write_bytes(b"something else")
    assert client.get("/v1/models/tiny/versions/1/artifact").data == verified


def test_a_card_is_markdown_about_the_version_that_was_named(client):
    newest, first = (client.get(f"/v1/models/tiny{path}/card") for path in ("", "/versions/1"))
    assert newest.mimetype == "text/markdown"
    assert "**Version 2.**" in newest.text
    assert "**Version 1.**" in first.text


@pytest.mark.parametrize("part", ["artifact", "card"])
def test_a_version_that_does_not_exist_has_no_files(client, part):
    answer = client.get(f"/v1/models/tiny/versions/7/{part}")
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_model")


# Aliases


@pytest.fixture
def named(client_for, models):
    """The same service, where "stable" is the first version of "tiny" and "best" its newest one."""
    (models / "aliases.toml").write_text('stable = "tiny@1"\nbest = "tiny"\n')
    return client_for()


def test_aliases_are_listed_and_told_with_what_they_stand_for(named):
    listed = named.get("/v1/models").json
    assert listed["aliases"] == {"stable": "tiny@1", "best": "tiny"}
    assert [model["aliases"] for model in listed["models"]] == [[], ["best"]]
    assert named.get("/v1/models/tiny/versions/1").json["aliases"] == ["stable"]


@pytest.mark.parametrize(
    ("path", "same"),
    [
        ("stable", "tiny/versions/1"),
        ("stable/versions/1", "tiny/versions/1"),
        ("best", "tiny/versions/2"),
        ("best/versions/1", "tiny/versions/1"),
        ("stable/artifact", "tiny/versions/1/artifact"),
        ("stable/card", "tiny/versions/1/card"),
        ("stable/weights/0/3.json", "tiny/versions/1/weights/0/3.json"),
        ("best/weights/0.png", "tiny/versions/2/weights/0.png"),
        ("stable/dream/3.png", "tiny/versions/1/dream/3.png"),
    ],
)
def test_an_alias_is_as_good_as_the_name(named, path, same):
    assert named.get(f"/v1/models/{path}").data == named.get(f"/v1/models/{same}").data


@pytest.mark.parametrize("model", ["stable", "stable@1"])
def test_an_alias_names_a_model_to_classify_with(named, png, model):
    answer = named.post(f"/v1/classify?model={model}", data=png, content_type="image/png").json
    assert (answer["model"], answer["model_version"]) == ("tiny", "1")


@pytest.mark.usefixtures("named")
def test_an_alias_may_be_the_default_model(client_for, png):
    answer = client_for(model="stable").post("/v1/classify", data=png, content_type="image/png").json
    assert (answer["model"], answer["model_version"]) == ("tiny", "1")


def test_an_alias_of_one_version_has_no_other(named):
    answer = named.get("/v1/models/stable/versions/2")
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_model")
    assert answer.json["detail"] == "model 'stable' has no version '2'; those that exist: 1"


def test_whoever_errs_in_a_name_is_told_of_the_aliases_too(named):
    assert "those that exist: blank, tiny, stable, best" in named.get("/v1/models/nobody").json["detail"]


@pytest.fixture
def state(settings_for, models):
    """What such a service serves, "stable" being the first version of "tiny"."""
    (models / "aliases.toml").write_text('stable = "tiny@1"')
    return State(settings_for())


def test_aliases_are_read_anew(state, artifact_folder):
    client = create_app(state.settings, state=state).test_client()
    (artifact_folder / "aliases.toml").write_text('stable = "tiny@2"')
    assert client.get("/v1/models/stable").json["version"] == "1"
    assert state.reload()
    assert client.get("/v1/models/stable").json["version"] == "2"


def test_after_a_bad_change_aliases_stay_and_health_says_why(state, artifact_folder):
    client = create_app(state.settings, state=state).test_client()
    (artifact_folder / "aliases.toml").write_text('stable = "tiny@3"')
    assert not state.reload()
    assert client.get("/v1/models/stable").json["version"] == "1"
    reason = client.get("/healthz").json["reload_failures"]["aliases.toml"]
    assert reason.startswith("aliases.toml: alias 'stable' stands for 'tiny@3', but model 'tiny' has no")
