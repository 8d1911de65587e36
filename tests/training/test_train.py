import json
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version

import numpy as np
import pytest

from service.artifacts import load, save
from service.artifacts.history import load_history
from service.errors import BadArtifactError, BadDataError, BadInputError, ServiceError
from service.imaging.deskew import deskew
from service.network import Network
from service.training import ask, trash
from service.training.evaluate import calibration_error
from service.training.measure import measure
from service.training.report import report
from service.training.train import run
from service.verdict import accepted

OWN = """
name = "tiny"
description = "A tiny network for tests."
sizes = [784, 12, 10]
activations = ["relu", "sigmoid"]
preprocessing = "mnist-deskewed"
learning_rate = 0.02
mini_batch = 25
epochs = 4
averaging = 0.9
candidates = 2
trash_share = 0.2
trash = {uniform = 1, constant = 1}
validation = 200
seed = 3
[augmentation]
rotation = 5
elastic = 0.3
[rejection]
most_digits = 0.1
"""


@pytest.fixture(autouse=True)
def _less_trash(monkeypatch):
    monkeypatch.setattr(ask, "N_TRASH", 60)


@pytest.fixture
def train(tmp_path, drawn_once):
    """Run the tiny recipe on drawn digits, into a folder of that name; returns the artifact's path."""
    folder, sha256 = drawn_once

    def run_it(out="models", *, recipe=OWN, seed=None, version="1", report=lambda _line: None, processes=1):
        path = tmp_path / "tiny.toml"
        path.write_text(recipe)
        return run(
            str(path),
            data=folder,
            seed=seed,
            out=tmp_path / out,
            version=version,
            report=report,
            sha256=sha256,
            processes=processes,
        )

    return run_it


@pytest.fixture(scope="module")
def artifact(tmp_path_factory, drawn_once):
    """What the tiny recipe makes of the drawn digits."""
    folder, sha256 = drawn_once
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(OWN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ask, "N_TRASH", 60)
        out = path.parent
        return load(run(str(path), data=folder, seed=None, out=out, version="1", report=len, sha256=sha256))


def test_an_artifact_is_written_where_it_belongs(train, tmp_path):
    path = train(version="2.1")
    assert path == tmp_path / "models" / "tiny" / "2.1.npz"
    assert load(path).metadata.version == "2.1"


def test_the_artifact_is_the_network_that_the_recipe_describes(artifact):
    assert artifact.network.sizes == (784, 12, 10)
    assert [layer.activation.name for layer in artifact.network.layers] == ["relu", "sigmoid"]
    assert artifact.metadata.preprocessing.name == "mnist-deskewed"
    assert artifact.metadata.labels == tuple("0123456789")
    assert artifact.metadata.producer == f"digit-service {version('digit-service')}"


def test_the_artifact_tells_how_it_came_to_be(artifact, drawn_once):
    training = artifact.metadata.training
    assert (training.n_images, training.seed, training.epochs) == (500, 3, 4)
    assert training.data_sha256 == drawn_once[1]
    assert training.recipe["augmentation"]["rotation"] == 5
    assert [moment.epoch for moment in artifact.metadata.curve] == [1, 2, 3, 4]


def test_the_artifact_tells_how_good_it_is_on_the_test_set(artifact, drawn):
    measured = artifact.metadata.evaluation
    answers = artifact.network.forward(deskew(drawn.test.images)).argmax(axis=1)
    assert measured.accuracy == pytest.approx((answers == drawn.test.labels).mean())
    assert measured.accuracy > 0.6
    assert [sum(row) for row in measured.confusion] == [20] * 10
    assert set(measured.false_acceptance) == set(trash.KINDS)


def test_the_golden_samples_are_ten_typical_digits(artifact, drawn):
    learned = drawn.training[:500]
    mean = learned.images[learned.labels == 7].mean(axis=0, keepdims=True)
    assert len(artifact.metadata.golden.inputs) == 10
    np.testing.assert_allclose(artifact.metadata.golden.inputs[7], deskew(mean)[0], atol=1e-3)


def test_the_threshold_keeps_its_promise_about_validation_digits(artifact, drawn):
    reject = artifact.metadata.reject
    activations = artifact.network.forward(deskew(drawn.training[-200:].images))
    rejected = 1 - accepted(activations, reject.threshold).mean()
    assert f"200 validation digits, of which it rejects {rejected:.2%}" in reject.chosen


def test_no_trash_that_was_learned_from_is_chosen_on_or_measured_on(train, drawn_once, monkeypatch):
    """Noise that nothing varies any more, drawn for 500 digits to learn from and for 200 of the other two.

    A training with the seed that `digits evaluate` has draws none of what that asks about, either.
    """
    draw, learned, asked = trash.draw, set(), set()

    def watched(kind, rng, digits, n):
        images = draw(kind, rng, digits, n)
        if kind == "uniform":
            (learned if len(digits) == 500 else asked).update(image.tobytes() for image in images)
        return images

    monkeypatch.setattr(trash, "draw", watched)
    still = OWN.replace("rotation = 5\nelastic = 0.3\n", "").replace(", constant = 1", "")
    trained = load(train(recipe=still.replace("epochs = 4", "epochs = 2"), seed=0))
    assert len(asked) == 120
    folder, sha256 = drawn_once
    monkeypatch.setattr(ask, "N_TRASH", 5)
    measure(trained, folder, sha256=sha256)
    assert len(asked) == 125
    assert learned
    assert learned.isdisjoint(asked)


def test_the_same_seed_gives_the_same_bytes(train):
    assert train("one").read_bytes() == train("two").read_bytes()


def test_another_seed_gives_another_network(train, artifact):
    other = load(train(seed=4))
    assert other.metadata.training.seed == 4
    assert not np.array_equal(artifact.network.layers[0].weights, other.network.layers[0].weights)


def test_weights_may_be_kept_in_half_the_space(train):
    halves = load(train(recipe='dtype = "float16"' + OWN)).network.layers[0].weights
    np.testing.assert_array_equal(halves, halves.astype(np.float16).astype(np.float32))


def test_progress_is_told_from_the_first_line_to_the_file(train):
    lines = []
    path = train(report=lines.append)
    assert lines[0] == "tiny: 500 images to learn from, 200 to choose on"
    assert [line[:11] for line in lines[1:5]] == [f"epoch   {n}/4" for n in range(1, 5)]
    assert lines[5].startswith("threshold 0.")
    assert lines[6].startswith("test accuracy ")
    assert lines[7].startswith(f"{path} written after ")


def test_once_all_is_chosen_the_validation_images_are_learned_too(train, artifact):
    lines = []
    refitted = load(train(recipe="refit = true" + OWN, report=lines.append))
    assert refitted.metadata.training.n_images == 700
    assert refitted.metadata.curve == artifact.metadata.curve
    assert refitted.metadata.reject == artifact.metadata.reject
    assert not np.array_equal(refitted.network.layers[0].weights, artifact.network.layers[0].weights)
    assert lines[6] == "once more, on all 700 images"
    assert [line for line in lines[7:11] if "validation" in line] == []


def test_one_candidate_learns_from_all_images_beside_the_choice(train):
    recipe = "refit = true" + OWN.replace("candidates = 2", "candidates = 1")
    lines = []
    beside = train("beside", recipe=recipe, processes=2, report=lines.append)
    assert beside.read_bytes() == train("after", recipe=recipe).read_bytes()
    assert lines[6] == "once more, on all 700 images"
    assert lines[7].startswith("test accuracy")


def test_moments_of_the_way_lie_beside_the_artifact_and_end_with_it(train):
    path = train(recipe="moments = 3" + OWN)
    history = load_history(path.with_name("1.history.npz"))
    assert history.epochs == (0, 1, 4)
    last, shipped = history.networks[-1], load(path).network
    np.testing.assert_allclose(last.layers[0].weights, shipped.layers[0].weights, atol=1e-2)


def test_the_history_of_a_network_goes_when_another_one_takes_its_place(train, tmp_path):
    path = train(recipe="moments = 3" + OWN)
    train(seed=4)
    assert [file.name for file in path.parent.iterdir()] == ["1.npz"]
    assert "history" not in (tmp_path / "models" / "SHA256SUMS").read_text()


def test_moments_too_large_to_be_kept_do_not_cost_the_network(train, tmp_path):
    lines = []
    path = train(recipe="moments = 3\nspread = 1e6" + OWN, report=lines.append)
    assert load(path).network.layers[0].weights.max() > np.finfo(np.float16).max
    assert [file.name for file in path.parent.iterdir()] == ["1.npz"]
    assert "history" not in (tmp_path / "models" / "SHA256SUMS").read_text()
    assert [line for line in lines if line.startswith("no moments kept: a weight or bias was too large")]


def test_outputs_that_grow_beyond_one_can_be_measured(train):
    """Every number starts from N(0, 1) and hardly moves, so that outputs are sums of dozens of pixels."""
    slow = OWN.replace('"sigmoid"]', '"relu"]').replace("rate = 0.02", "rate = 1e-6").replace("= 4", "= 1")
    artifact = load(train(recipe='cost = "quadratic"\ninitialisation = "normal"' + slow))
    assert np.max(artifact.metadata.golden.activations) > 2
    assert 0 <= artifact.metadata.evaluation.calibration_error <= 1


def test_no_history_is_written_where_none_is_asked_for(train):
    assert [file.name for file in train().parent.iterdir()] == ["1.npz"]


def test_calibrated_outputs_agree_better_with_the_share_that_is_right(train, drawn):
    short = OWN.replace("epochs = 4", "epochs = 1")  # so that some are wrong
    images, labels = deskew(drawn.training[-200:].images), drawn.training[-200:].labels
    flat, steep = (
        load(train(recipe=beginning + short)).network.forward(images)
        for beginning in ("", "calibrate = true")
    )
    assert 0 < (flat.argmax(axis=1) != labels).sum() < 60
    np.testing.assert_array_equal(flat.argmax(axis=1), steep.argmax(axis=1))
    assert calibration_error(steep, labels) < calibration_error(flat, labels)


def test_the_reference_counts_the_validation_digits_as_a_service_would(artifact, drawn):
    counted = artifact.metadata.reference
    activations = artifact.network.forward(deskew(drawn.training[-200:].images))
    taken = accepted(activations, artifact.metadata.reject.threshold)
    assert counted.n_images == 200
    assert counted.answers[-1] == (~taken).sum()
    assert counted.answers[7] == (activations.argmax(axis=1)[taken] == 7).sum()


@pytest.mark.parametrize("bad", ["", "a b", "../1", "1.history", "x" * 33])
def test_a_version_that_cannot_be_is_refused_before_the_training(train, bad):
    lines = []
    with pytest.raises(BadInputError, match="cannot be a version"):
        train(version=bad, report=lines.append)
    assert lines == []


@pytest.mark.parametrize("bad", [-1, 2**63])
def test_a_seed_out_of_bounds_is_refused(train, bad):
    with pytest.raises(BadInputError, match=f"seed {bad} is out of bounds"):
        train(seed=bad)


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ("", "1 × 784-22000-10 in float32: 69960040 bytes"),
        ('dtype = "float16"\nmoments = 2', "2 × 784-22000-10 in float16: 69960040 bytes"),
    ],
    ids=["the network", "its moments"],
)
def test_what_would_be_too_large_to_be_saved_is_refused_before_the_training(train, members, fault):
    lines = []
    with pytest.raises(BadArtifactError, match=fault):
        train(recipe=members + OWN.replace("784, 12, 10", "784, 22000, 10"), report=lines.append)
    assert lines == []


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda models: models.write_text(""), "models: cannot be written .File exists"),
        (lambda models: (models.mkdir(), (models / "tiny").touch()), "tiny: cannot be written .File exists"),
        (lambda models: (models.mkdir(), (models / "SHA256SUMS").write_text("?")), "SHA256SUMS: line 1"),
        (lambda models: models.symlink_to("/proc"), "models: cannot be written"),  # where root writes nothing
    ],
    ids=["a file", "a file within", "sums", "unwritable"],
)
def test_a_folder_that_takes_no_artifact_is_refused_before_the_training(train, tmp_path, spoil, fault):
    spoil(tmp_path / "models")
    lines = []
    with pytest.raises(BadArtifactError, match=fault):
        train(report=lines.append)
    assert lines == []


def test_too_few_images_are_refused(train):
    with pytest.raises(
        BadDataError, match="700 training images, and tiny needs 720; lower its validation or"
    ):
        train(recipe=OWN.replace("validation = 200", "validation = 700"))


@pytest.mark.parametrize(
    ("validation", "said"),
    [
        (1, r"among the 1 images to choose on, and tiny needs all ten; raise its validation"),
        (693, r"among the 7 images to learn from, and tiny needs all ten; lower its validation"),
    ],
)
def test_digits_that_are_missing_are_told_before_the_training(train, validation, said):
    """Over a single digit no other one can be laid, and of a missing one there is no typical image."""
    recipe = OWN.replace("validation = 200", f"validation = {validation}")
    lines = []
    with pytest.raises(BadDataError, match=said):
        train(recipe=recipe.replace("mini_batch = 25", "mini_batch = 5"), report=lines.append)
    assert lines == []


@pytest.mark.parametrize(
    ("output", "cost"), [("relu", "quadratic"), ("tanh", "quadratic"), ("sigmoid", "cross-entropy")]
)
def test_a_recipe_that_diverges_in_its_last_step_is_told_before_anything_is_written(
    train, tmp_path, output, cost
):
    """One step in all: its cost is measured before it, and what comes after is beyond all numbers."""
    far = OWN.replace('"sigmoid"]', f'"{output}"]').replace("0.02", "1e37").replace("= 25", "= 500")
    with pytest.raises(BadInputError, match=r"^tiny diverges in its last step; lower its learning_rate$"):
        train(recipe=f'cost = "{cost}"' + far.replace("epochs = 4", "epochs = 1"))
    assert [file for file in tmp_path.rglob("*") if file.suffix == ".npz"] == []


def test_without_the_extra_the_command_that_brings_it_is_named(train, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(ServiceError, match=r"needs tqdm, .* pip install 'digit-service\[train\]'"):
        train()


def test_an_artifact_is_measured_anew(artifact, drawn_once):
    folder, sha256 = drawn_once
    lines = report(measure(artifact, folder, sha256=sha256)).splitlines()
    measured = artifact.metadata.evaluation
    assert lines[0] == "tiny@1  Network 784-12-10, relu sigmoid: 9,550 weights and biases"
    assert lines[1] == "MNIST t10k: 200 images"
    assert lines[2].split() == ["accuracy", f"{measured.accuracy:.2%}"]
    table = [[int(count) for count in line.split()] for line in lines[8:18]]
    assert table == [list(row) for row in measured.confusion]
    assert len([line for line in lines if line.startswith(("     0.", "     1."))]) == 21


def test_the_report_tells_trash_that_was_never_seen(artifact, drawn_once):
    folder, sha256 = drawn_once
    lines = report(measure(artifact, folder, sha256=sha256)).splitlines()
    unseen = {line.split()[0] for line in lines if line.endswith("never seen in training")}
    assert unseen == set(trash.KINDS) - {"uniform", "constant"}


def test_an_artifact_without_a_history_is_measured_too(artifact_folder, drawn_once):
    folder, sha256 = drawn_once
    found = load(artifact_folder / "tiny" / "1.npz")
    bare = replace(found, metadata=found.metadata.model_copy(update={"training": None}))
    assert "tiny@1" in report(measure(bare, folder, sha256=sha256))


def test_a_network_that_reads_something_else_is_refused(metadata_for, tmp_path):
    network = Network.random((784, 3), np.random.default_rng(0))
    other = load(save(network, metadata_for(network), tmp_path))
    with pytest.raises(BadInputError, match=r"784-3, sigmoid.* does not read MNIST"):
        measure(other, tmp_path)


def test_the_server_never_loads_the_trainer():
    code = "import json, sys, service.web; print(json.dumps([m for m in sys.modules if 'training' in m]))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(found.stdout) == []
