import hashlib
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from service.artifacts import load
from service.errors import BadInputError, ServiceError
from service.training import chart
from service.training.ask import Answers
from service.training.evaluate import evaluate
from service.training.measure import Measurement
from service.training.pictures import PICTURES, draw
from service.training.report import report

NAMES = ["calibration", "confusion", "coverage", "mistakes", "passed", "rejection"]


@pytest.fixture
def measured(artifact_folder, digits):
    """Answers of a made-up network: 300 digits of 400 answered rightly, and three kinds of trash."""
    rng = np.random.default_rng(7)
    artifact = load(artifact_folder / "tiny" / "1.npz")
    answers = np.where(np.arange(len(digits)) % 4, digits.labels, (digits.labels + 1) % 10)
    activations = 0.3 * rng.random((len(digits), 10), np.float32)
    activations[np.arange(len(digits)), answers] = rng.uniform(0.4, 1, len(digits))
    trash = {kind: rng.random((500, 10), np.float32) * scale for kind, scale in (("loud", 1), ("quiet", 0.5))}
    trash["silent"] = np.zeros((500, 10), np.float32)
    trash = {kind: Answers(said, rng.random((3, 784), np.float32), said[:3]) for kind, said in trash.items()}
    return of(artifact, digits, activations, trash)


def of(artifact, digits, activations, trash):
    said = {kind: answers.activations for kind, answers in trash.items()}
    evaluation = evaluate(activations, digits.labels, said, artifact.metadata.reject.threshold, name="t10k")
    return Measurement(artifact, digits, activations, trash, evaluation)


def test_every_picture_is_a_png_of_a_size_to_read(measured, tmp_path):
    assert sorted(path.stem for path in draw(measured, tmp_path / "new" / "folder")) == NAMES
    for name in NAMES:
        with Image.open(tmp_path / "new" / "folder" / f"{name}.png") as image:
            assert image.format == "PNG"
            assert 400 < image.width < 1200
            assert len(image.getcolors(256)) > 5


def test_the_same_measurement_gives_the_same_bytes(measured, tmp_path):
    first, second = (
        [hashlib.sha256(path.read_bytes()).hexdigest() for path in draw(measured, tmp_path / folder)]
        for folder in ("first", "second")
    )
    assert first == second


def test_the_worst_mistakes_are_drawn_with_what_they_were_taken_for(measured):
    with chart.style():
        axes = PICTURES["mistakes"](measured).axes[0]
    told = [text.get_text() for text in axes.texts]
    wrong = [
        (float(activations.max()), f"{label} → {activations.argmax()}")
        for label, activations in zip(measured.digits.labels, measured.activations, strict=True)
        if activations.argmax() != label
    ]
    expected = sorted(wrong, reverse=True)[:40]
    assert told == [f"{pair}  {largest:.2f}" for largest, pair in expected]
    assert "100 of 400 answers are wrong" in axes.get_title(loc="left")


def test_the_trash_that_passes_is_drawn_with_what_it_is_taken_for(measured):
    with chart.style():
        axes = PICTURES["passed"](measured).axes[0]
    told = [text.get_text() for text in axes.texts]
    shares = measured.evaluation.false_acceptance
    expected = []
    for kind in sorted((kind for kind in shares if shares[kind]), key=lambda kind: -shares[kind]):
        expected += [f"{kind}  {shares[kind]:.2%}", *map(str, measured.trash[kind].said.argmax(axis=1))]
    assert told == expected
    assert len(axes.images) == sum(text.isdigit() for text in told)
    assert f"of {sum(not share for share in shares.values())} kinds none does" in axes.get_title(loc="left")


def test_the_confusion_shows_every_count(measured):
    axes = PICTURES["confusion"](measured).axes[0]
    told = {tuple(map(int, text.get_position()))[::-1]: int(text.get_text()) for text in axes.texts}
    counts = np.array(measured.evaluation.confusion)
    assert told == {(row, column): counts[row, column] for row, column in np.argwhere(counts).tolist()}


def test_the_curve_of_accepted_digits_is_what_each_threshold_takes(measured):
    axes = PICTURES["coverage"](measured).axes[0]
    shares, wrong = axes.lines[0].get_data()
    assert shares.min() >= 0.9
    largest, second = np.sort(measured.activations, axis=1)[:, :-3:-1].T
    right = measured.activations.argmax(axis=1) == measured.digits.labels
    points = set()
    for threshold in largest:
        taken = (largest >= threshold) & (second < threshold)
        points.add((round(taken.mean(), 6), round(1 - right[taken].mean(), 6)))
    assert set(zip(shares.round(6), wrong.round(6), strict=True)) <= points


def test_the_other_curve_is_of_those_that_lead_by_most(measured):
    shares, wrong = PICTURES["coverage"](measured).axes[0].lines[1].get_data()
    largest, second = np.sort(measured.activations, axis=1)[:, :-3:-1].T
    right = (measured.activations.argmax(axis=1) == measured.digits.labels)[np.argsort(second - largest)]
    expected = [1 - right[: round(share * len(right))].mean() for share in shares]
    np.testing.assert_allclose(wrong, expected, atol=1e-9)


def test_the_kinds_that_pass_most_often_come_first(measured):
    axes = PICTURES["rejection"](measured).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()][:3] == ["loud", "quiet", "silent"]


def test_the_curves_of_a_network_that_rejects_much_at_every_threshold_are_seen(measured):
    """Two neurons are sure of each third digit, so no threshold accepts more than two thirds."""
    activations = measured.activations.copy()
    activations[::3] = 1
    weak = of(measured.artifact, measured.digits, activations, measured.trash)
    for picture, accepted in (("coverage", lambda x: x), ("rejection", lambda x: 1 - x)):
        axes = PICTURES[picture](weak).axes[0]
        low, high = sorted(map(accepted, axes.get_xlim()))
        shares = accepted(np.asarray(axes.lines[0].get_xdata()))
        assert len(shares) > 20
        assert low <= shares.min() < shares.max() < 0.7 < high


def test_a_network_that_is_never_wrong_and_one_that_is_never_sure_are_drawn_too(measured, tmp_path):
    labels = measured.digits.labels
    perfect = np.eye(10, dtype=np.float32)[labels]
    for activations in (perfect, np.zeros_like(perfect)):
        assert len(
            draw(of(measured.artifact, measured.digits, activations, measured.trash), tmp_path)
        ) == len(NAMES)


def test_a_folder_that_cannot_be_written_to_is_named(measured, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInputError, match="file"):
        draw(measured, tmp_path / "file")


def test_a_picture_without_room_is_not_there_by_half(measured, tmp_path, little_room):
    with little_room(), pytest.raises(BadInputError, match="cannot be written"):
        draw(measured, tmp_path / "new")
    assert not [*(tmp_path / "new").iterdir()]


def test_without_the_extra_the_command_that_brings_it_is_named(measured, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ServiceError, match=r"pip install 'digit-service\[train\]'"):
        draw(measured, tmp_path)


class TestTheReport:
    def test_tells_what_the_highest_thresholds_cost_at_each_coverage(self, measured):
        lines = report(measured).splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("digits     threshold"))
        largest, second = np.sort(measured.activations, axis=1)[:, :-3:-1].T
        for line, share in zip(lines[start + 1 : start + 4], (0.99, 0.98, 0.95), strict=True):
            told = line.split()
            threshold = max(t for t in largest if ((largest >= t) & (second < t)).mean() >= share)
            assert told[:2] == [f"{share:.0%}", f"{threshold:.4f}"]

    def test_tells_the_margins_that_so_many_digits_reach(self, measured):
        lines = report(measured).splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("digits        margin"))
        largest, second = np.sort(measured.activations, axis=1)[:, :-3:-1].T
        right = measured.activations.argmax(axis=1) == measured.digits.labels
        for line, share in zip(lines[start + 1 : start + 4], (0.99, 0.98, 0.95), strict=True):
            kept = np.argsort(second - largest)[: round(share * len(largest))]
            margin = (largest - second)[kept[-1]]
            assert line.split() == [f"{share:.0%}", f"{margin:.4f}", f"{right[kept].mean():.2%}"]

    def test_says_when_no_threshold_accepts_so_many(self, measured):
        """Every second digit wakes two neurons."""
        activations = measured.activations.copy()
        activations[::2] = 1
        lines = report(of(measured.artifact, measured.digits, activations, measured.trash)).splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("digits     threshold"))
        assert [line.split()[1:] for line in lines[start + 1 : start + 4]] == [["–"] * 3] * 3
        assert next(line for line in lines if line.startswith("silent")).split()[:3] == [
            "silent",
            "0.00%",
            "–",
        ]

    def test_tells_the_trash_that_passes_where_95_percent_of_digits_do(self, measured):
        largest, second = np.sort(measured.activations, axis=1)[:, :-3:-1].T
        threshold = max(t for t in largest if ((largest >= t) & (second < t)).mean() >= 0.95)
        share = ((measured.trash["quiet"].activations >= threshold).sum(axis=1) == 1).mean()
        line = next(line for line in report(measured).splitlines() if line.startswith("quiet"))
        assert line.split()[2] == f"{share:.2%}"

    def test_knows_a_kind_by_its_whole_name(self, measured):
        """A network that saw gaussian-uploaded has not seen gaussian."""
        metadata = measured.artifact.metadata
        training = metadata.training.model_copy(update={"recipe": {"trash": ["loud-and-quiet", "loud"]}})
        artifact = replace(measured.artifact, metadata=metadata.model_copy(update={"training": training}))
        lines = report(replace(measured, artifact=artifact)).splitlines()
        unseen = {line.split()[0] for line in lines if line.endswith("never seen in training")}
        assert unseen == {"quiet", "silent"}
