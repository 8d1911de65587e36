"""`digits train`, `card` and `evaluate`: what is handed to the trainer, and what is told of it."""

import sys
from hashlib import sha256

import pytest

from service.settings.fields import usable_cores
from service.training.recipes import Rejection


class TestTraining:
    def test_train_hands_everything_to_the_trainer(self, digits, monkeypatch, tmp_path):
        calls = []
        monkeypatch.setattr(
            "service.cli.train.run",
            lambda recipe, *, report, **options: (calls.append((recipe, options)), report("epoch 1")),
        )
        where = ("--data", tmp_path, "--out", tmp_path, "--device", "cuda", "--processes", 3)
        done = digits("train", "video", "--seed", 7, "--version", "2", *where)
        assert done == (0, "epoch 1\n", "")
        given = {
            "data": tmp_path,
            "seed": 7,
            "out": tmp_path,
            "version": "2",
            "device": "cuda",
            "processes": 3,
        }
        assert calls == [("video", given)]

    def test_train_takes_the_processors_it_may_use(self, digits, monkeypatch):
        calls = []
        monkeypatch.setattr("service.cli.train.run", lambda _, **options: calls.append(options))
        digits("train", "video")
        assert (calls[0]["device"], calls[0]["processes"]) == ("cpu", usable_cores())

    def test_train_says_in_one_line_that_a_card_needs_cupy(self, digits, monkeypatch):
        monkeypatch.setitem(sys.modules, "cupy", None)
        done = digits("train", "video", "--device", "cuda")
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith("digits: the device cuda needs CuPy")
        assert done.err.count("\n") == 1

    def test_mnist_lies_where_the_environment_says(self, digits, monkeypatch, tmp_path):
        calls = []
        monkeypatch.setattr("service.cli.train.run", lambda _, **options: calls.append(options["data"]))
        monkeypatch.setenv("MNIST_DIR", str(tmp_path))
        digits("train", "plain")
        monkeypatch.delenv("MNIST_DIR")
        digits("train", "plain")
        assert calls == [tmp_path, None]

    def test_threshold_hands_over_everything(self, digits, monkeypatch, artifact_folder, tmp_path):
        calls = []
        monkeypatch.setattr(
            "service.cli.threshold.run",
            lambda artifact, *, report, **options: (
                calls.append((artifact.metadata.full_name, options)),
                report("threshold 0.5"),
            ),
        )
        limits = ("--most-digits", 0.04, "--most-trash", 0.005)
        where = ("--data", tmp_path, "--out", tmp_path, "--models", artifact_folder, "--processes", 3)
        assert digits("threshold", "tiny", *limits, *where, "--version", "2") == (0, "threshold 0.5\n", "")
        given = {
            "rejection": Rejection(most_digits=0.04, most_trash=0.005),
            "data": tmp_path,
            "out": tmp_path,
            "version": "2",
            "processes": 3,
        }
        assert calls == [("tiny@1", given)]

    def test_a_share_of_all_is_no_limit(self, digits, artifact_folder):
        done = digits("threshold", "tiny", "--most-digits", 1, "--models", artifact_folder)
        assert (done.status, done.out) == (2, "")
        assert "--most-digits" in done.err

    def test_train_names_the_recipes_that_exist(self, digits):
        done = digits("train", "planes")
        assert done.status == 1
        assert "plain" in done.err
        assert "video" in done.err

    @pytest.mark.parametrize("command", [["train", "plain"], ["evaluate", "plain"], ["experiment", "noise"]])
    def test_an_empty_variable_downloads_nothing(self, digits, monkeypatch, command):
        monkeypatch.setattr("service.training.mirror.download", lambda: pytest.fail("it was downloaded"))
        monkeypatch.setenv("MNIST_DIR", "")
        assert digits(*command) == (
            1,
            "",
            "digits: MNIST_DIR is empty; give it a value, or leave it out\n",
        )

    def test_card_prints_the_model_card_of_the_chosen_model(self, digits, artifact_folder):
        done = digits("card", "tiny@1", "--models", artifact_folder)
        assert (done.status, done.err) == (0, "")
        assert "\n# tiny\n" in done.out
        assert sha256((artifact_folder / "tiny" / "1.npz").read_bytes()).hexdigest() in done.out

    def test_card_writes_the_same_into_a_file(self, digits, artifact_folder, tmp_path):
        printed = digits("card", "tiny", "--models", artifact_folder).out
        assert digits("card", artifact_folder / "tiny" / "1.npz", "--out", tmp_path / "card.md") == (
            0,
            "",
            "",
        )
        assert (tmp_path / "card.md").read_text(encoding="utf-8") == printed

    def test_card_leaves_the_old_one_where_a_new_one_finds_no_room(
        self, digits, artifact_folder, tmp_path, little_room
    ):
        (tmp_path / "card.md").write_text("the old one")
        with little_room():
            done = digits("card", "tiny", "--models", artifact_folder, "--out", tmp_path / "card.md")
        assert (done.status, done.err.count("\n")) == (1, 1)
        assert "card.md: cannot be written (File too large)" in done.err
        assert (tmp_path / "card.md").read_text() == "the old one"

    def test_card_says_when_it_cannot_write(self, digits, artifact_folder, tmp_path):
        done = digits("card", "tiny", "--models", artifact_folder, "--out", tmp_path)
        assert done.status == 1
        assert f"{tmp_path}: cannot be written" in done.err

    def test_evaluate_prints_the_report_on_the_chosen_model(
        self, digits, monkeypatch, artifact_folder, tmp_path
    ):
        monkeypatch.setattr("service.cli.evaluate.measure", lambda *asked, processes: (*asked, processes))
        monkeypatch.setattr(
            "service.cli.evaluate.report",
            lambda measured: f"{measured[0].metadata.name} on {measured[1]} by {measured[2]}",
        )
        drawn = []
        monkeypatch.setattr("service.cli.evaluate.draw", lambda _, out: drawn.append(out))
        flags = ("--models", artifact_folder, "--data", tmp_path, "--processes", 3)
        arguments = ("evaluate", "tiny", *flags)
        assert digits(*arguments) == (0, f"tiny on {tmp_path} by 3\n", "")
        assert not drawn
        assert digits(*arguments, "--out", tmp_path / "pictures") == (0, f"tiny on {tmp_path} by 3\n", "")
        assert drawn == [tmp_path / "pictures"]

    def test_evaluate_says_before_it_measures_that_it_cannot_draw(
        self, digits, monkeypatch, artifact_folder, tmp_path
    ):
        monkeypatch.setattr("service.cli.evaluate.measure", lambda *_, **__: pytest.fail("it measured"))
        (tmp_path / "taken").write_text("a file")
        done = digits("evaluate", "tiny", "--models", artifact_folder, "--out", tmp_path / "taken")
        told = f"digits: {tmp_path / 'taken'}: cannot be written (File exists); name another folder\n"
        assert done == (1, "", told)
