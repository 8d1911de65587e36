"""What is served changes as a whole, and only for the better."""

import os

import numpy as np
import pytest

from service.artifacts import save
from service.errors import BadArtifactError, SettingsError, UnknownModelError
from service.network import Network
from service.settings import Settings
from service.web.state import Flag, State


@pytest.fixture
def state(settings_for):
    return State(settings_for())


@pytest.fixture
def add(artifact_folder, metadata_for):
    """Put another artifact into the folder."""

    def add(version, name="tiny", seed=1):
        network = Network.random((784, 10), np.random.default_rng(seed))
        save(network, metadata_for(network, name=name, version=version), artifact_folder)

    return add


def versions(state):
    return [f"{artifact.metadata.name}@{artifact.metadata.version}" for artifact in state.current.catalogue]


def test_a_missing_default_model_stops_the_start(settings_for):
    with pytest.raises(UnknownModelError, match="tiny"):
        State(settings_for(model="wide"))


def test_a_bad_artifact_stops_the_start(settings_for, artifact_folder):
    (artifact_folder / "tiny" / "2.npz").write_bytes(b"garbage")
    with pytest.raises(BadArtifactError):
        State(settings_for())


def test_an_artifact_that_imaging_cannot_feed_stops_the_start(settings_for, artifact_folder, metadata_for):
    network = Network.random((4, 10), np.random.default_rng(0))
    save(network, metadata_for(network, name="small"), artifact_folder)
    with pytest.raises(BadArtifactError, match="784"):
        State(settings_for())


@pytest.mark.parametrize("model", ["tiny", "tiny@1", None])
def test_a_classifier_is_found_by_each_of_its_names(state, model):
    assert state.current.classifier(model) is state.current.default


@pytest.mark.parametrize("model", ["", "wide", "tiny@2", "tiny@", "@1"])
def test_an_unknown_name_is_refused(state, model):
    with pytest.raises(UnknownModelError):
        state.current.classifier(model)


def test_a_named_version_is_the_default_where_the_settings_say_so(settings_for, add):
    add("2")
    assert State(settings_for(model="tiny@1")).current.default.artifact.metadata.version == "1"
    assert State(settings_for(model="tiny")).current.default.artifact.metadata.version == "2"


def test_a_reload_serves_what_was_added(state, add):
    add("2")
    assert state.reload()
    assert versions(state) == ["tiny@1", "tiny@2"]
    assert state.current.default.artifact.metadata.version == "2"


def test_a_reload_keeps_the_last_good_artifact(state, artifact_folder):
    (artifact_folder / "tiny" / "1.npz").write_bytes(b"garbage")
    before = state.current.default.artifact
    assert not state.reload()
    assert state.current.default.artifact is before
    assert list(state.failures) == ["tiny@1"]


def test_one_that_imaging_cannot_feed_is_refused_alone_at_a_reload(state, add, artifact_folder, metadata_for):
    network = Network.random((784, 10), np.random.default_rng(2))
    metadata = metadata_for(network, name="odd", preprocessing={"name": "of-another-year"})
    save(network, metadata, artifact_folder)
    add("2")
    assert not state.reload()
    assert versions(state) == ["tiny@1", "tiny@2"]
    assert list(state.failures) == ["odd@1"]
    assert "'of-another-year'" in state.failures["odd@1"]


def test_a_reload_without_the_default_model_changes_nothing(state, add, artifact_folder):
    add("1", name="other")
    (artifact_folder / "tiny" / "1.npz").unlink()
    before = state.current
    assert not state.reload()
    assert state.current is before
    assert "tiny" in state.failures["reload"]


def test_failures_are_forgotten_after_a_good_reload(state, artifact_folder):
    bad = artifact_folder / "tiny" / "2.npz"
    bad.write_bytes(b"garbage")
    state.reload()
    bad.unlink()
    assert state.reload()
    assert state.failures == {}


def test_a_request_keeps_the_snapshot_that_it_began_with(state, add):
    before = state.current
    add("2")
    state.reload()
    assert before.classifier("tiny").artifact.metadata.version == "1"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # the child touches no lock
def test_a_flag_raised_in_one_process_is_seen_in_another():
    flag = Flag()
    child = os.fork()
    if child == 0:
        flag.set()
        os._exit(0)
    os.waitpid(child, 0)
    assert flag
    assert not Flag()


@pytest.fixture
def keyed(artifact_folder, tmp_path):
    """A state whose keys are in a file, and that file."""
    file = tmp_path / "keys"
    file.write_text("ann one")
    environ = {
        "DIGITS_MODELS": str(artifact_folder),
        "DIGITS_MODEL": "tiny",
        "DIGITS_API_KEYS_FILE": str(file),
    }
    return State(Settings.load(environ=environ)), file


def test_keys_are_read_anew(keyed):
    state, file = keyed
    file.write_text("ann two")
    state.reload_keys()
    assert (state.keys.name("one"), state.keys.name("two")) == (None, "ann")
    assert state.failures == {}


@pytest.mark.parametrize("lines", ["", "a b c", None])
def test_keys_that_cannot_be_read_anew_leave_those_before(keyed, lines):
    state, file = keyed
    file.unlink() if lines is None else file.write_text(lines)
    with pytest.raises(SettingsError):
        state.reload_keys()
    assert state.keys.name("one") == "ann"
    assert str(file) not in state.failures["keys"]


def test_keys_do_not_go_away_while_the_service_runs(artifact_folder, tmp_path):
    config = tmp_path / "digits.toml"
    config.write_text('api_keys = "one"')
    flags = {"models": artifact_folder, "model": "tiny"}
    state = State(Settings.load(flags, {}, config))
    config.write_text("")
    with pytest.raises(SettingsError, match="restart"):
        state.reload_keys()
    assert state.keys.name("one") == "key1"


def test_without_keys_there_is_nothing_to_read(settings_for):
    state = State(settings_for())
    state.reload_keys()
    assert state.keys is None
