"""Another threshold for a network that is trained: what changes, and that nothing else does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.artifacts import load
from service.artifacts.history import save_history
from service.errors import BadArtifactError, BadInputError
from service.imaging.deskew import deskew
from service.training import ask
from service.training.recipes import Rejection
from service.training.rethreshold import run
from service.training.train import run as train
from service.verdict import accepted

RECIPE = """
name = "tiny"
description = "A tiny network for tests."
sizes = [784, 12, 10]
activations = ["relu", "sigmoid"]
preprocessing = "mnist-deskewed"
learning_rate = 0.02
mini_batch = 25
epochs = 3
trash_share = 0.2
trash = {uniform = 1, strokes = 1, blobs = 1}
validation = 200
"""


def silent(_line):
    pass


@pytest.fixture(autouse=True)
def _less_trash(monkeypatch):
    monkeypatch.setattr(ask, "N_TRASH", 60)


@pytest.fixture(scope="module")
def made(tmp_path_factory, drawn_once):
    """Train by the recipe, with more lines to it; returns the artifact."""
    data, sha256 = drawn_once

    def make(more=""):
        folder = tmp_path_factory.mktemp("made")
        (folder / "tiny.toml").write_text(RECIPE + more)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ask, "N_TRASH", 60)
            recipe = str(folder / "tiny.toml")
            path = train(recipe, data=data, seed=4, out=folder, version="1", report=silent, sha256=sha256)
        return load(path)

    return make


@pytest.fixture(scope="module")
def artifact(made):
    return made()


@pytest.fixture
def choose(tmp_path, drawn_once):
    """Choose a threshold anew; returns the artifact that was written."""
    data, sha256 = drawn_once

    def run_it(artifact, most_digits=0.02, most_trash=0.01, version=None, report=silent):
        rejection = Rejection(most_digits=most_digits, most_trash=most_trash)
        options = {"data": data, "out": tmp_path / "out", "sha256": sha256}
        return load(run(artifact, rejection=rejection, version=version, report=report, **options))

    return run_it


def test_the_weights_stay_as_they_are(artifact, choose):
    after = choose(artifact, most_digits=0.3)
    for layer, before in zip(after.network.layers, artifact.network.layers, strict=True):
        np.testing.assert_array_equal(layer.weights, before.weights)
        np.testing.assert_array_equal(layer.biases, before.biases)


def test_what_the_threshold_has_no_part_in_stays_as_it_is(artifact, choose):
    before, after = artifact.metadata, choose(artifact, most_digits=0.3).metadata
    apart = {"training", "evaluation", "reference", "reject"}
    assert after.model_dump(exclude=apart) == before.model_dump(exclude=apart)
    assert after.training.recipe | {"rejection": None} == before.training.recipe | {"rejection": None}
    assert after.training.recipe["rejection"] == {"most_digits": 0.3, "most_trash": 0.01}
    assert after.evaluation.accuracy == before.evaluation.accuracy


def test_with_the_limits_of_the_training_it_is_the_threshold_of_the_training(artifact, choose):
    after = choose(artifact)
    assert after.metadata == artifact.metadata
    assert after.sha256 == artifact.sha256


def test_no_more_digits_are_rejected_than_asked_for(artifact, choose, drawn):
    """By counting: a limit of three in ten, and trash to keep out as far as that allows."""
    threshold = choose(artifact, most_digits=0.3, most_trash=0).metadata.reject.threshold
    answers = artifact.network.forward(deskew(drawn.training[-200:].images))
    shares = {t: 1 - accepted(answers, t).mean() for t in np.arange(1, 100) / 100}
    assert shares[threshold] <= 0.3
    assert threshold > artifact.metadata.reject.threshold


def test_it_is_measured_at_its_new_threshold(artifact, choose, drawn):
    after = choose(artifact, most_digits=0.3, most_trash=0).metadata
    answers = artifact.network.forward(deskew(drawn.training[-200:].images))
    rejected = 1 - accepted(answers, after.reject.threshold).mean()
    assert f"on 200 validation digits, of which it rejects {rejected:.2%}, and" in after.reject.chosen
    assert after.reference.answers[-1] == round(rejected * 200)
    before = artifact.metadata.evaluation.false_acceptance
    assert after.evaluation.false_acceptance["strokes"] <= before["strokes"]
    assert sum(after.evaluation.false_acceptance.values()) < sum(before.values())


def test_digits_that_were_learned_from_are_called_so(made, choose):
    after = choose(made("refit = true\n"))
    assert after.metadata.reject.chosen.startswith("on 200 digits that it learned from too, of which")


def test_it_keeps_its_version_unless_it_is_given_one(artifact, choose):
    assert choose(artifact).metadata.version == "1"
    told = []
    after = choose(artifact, version="2", report=told.append)
    assert after.metadata.full_name == "tiny@2"
    assert told[0] == f"threshold {after.metadata.reject.threshold:g}, {after.metadata.reject.chosen}"
    assert told[1].endswith("out/tiny/2.npz written")
    with pytest.raises(BadInputError, match="'two words' cannot be a version"):
        choose(artifact, version="two words")


def test_the_history_of_another_network_goes_and_its_own_stays(artifact, choose, made, tmp_path):
    """Both have one name, one version and one form."""
    other = made("averaging = 0.9")
    history = tmp_path / "out" / "tiny" / "1.history.npz"
    choose(other)
    save_history({0: other.network}, other.metadata, tmp_path / "out")
    choose(other, most_digits=0.3)
    assert history.exists()
    choose(artifact)
    assert not history.exists()


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_file_stays_as_small_as_it_was(made, choose, dtype):
    artifact = made(f'dtype = "{dtype}"\n')
    after = choose(artifact, most_digits=0.3)
    assert after.size_bytes == pytest.approx(artifact.size_bytes, rel=0.01)


def test_a_network_that_reads_something_else_is_refused(choose):
    with pytest.raises(BadInputError, match="four-pixel@1 was not trained on MNIST's digits; name one"):
        choose(load(Path("model_artifacts/four-pixel/1.npz")))


@pytest.mark.parametrize(("member", "value"), [("validation", 0), ("trash", "some"), ("refit", [])])
def test_a_recipe_that_cannot_be_is_told_by_its_member(artifact, choose, member, value):
    training = artifact.metadata.training
    other = training.model_copy(update={"recipe": training.recipe | {member: value}})
    metadata = artifact.metadata.model_copy(update={"training": other})
    with pytest.raises(
        BadInputError, match=rf"^the recipe in tiny@1 is none of ours \({member}: .*train it anew$"
    ):
        choose(replace(artifact, metadata=metadata))


def test_members_and_kinds_of_another_day_do_no_harm(artifact, choose):
    training = artifact.metadata.training
    more = {"momentum": 0.5, "trash": training.recipe["trash"] | {"dust": 1.0}}
    other = training.model_copy(update={"recipe": training.recipe | more})
    metadata = artifact.metadata.model_copy(update={"training": other})
    after = choose(replace(artifact, metadata=metadata)).metadata
    assert after.reject == artifact.metadata.reject
    assert after.training.recipe["momentum"] == 0.5


def test_a_folder_that_takes_nothing_is_told_first(artifact, choose, tmp_path, monkeypatch):
    (tmp_path / "out").write_text("a file")
    monkeypatch.setattr("service.training.mnist.read", lambda *_, **__: pytest.fail("it read MNIST first"))
    with pytest.raises(BadArtifactError):
        choose(artifact)
