import json
from pathlib import Path
from shutil import copytree

import pytest
from click.testing import CliRunner

from service.artifacts.sums import read_sums
from service.cli import experiment
from service.errors import BadDataError, BadInputError
from service.training.experiments import EXPERIMENTS, publish, render
from service.training.experiments.markdown import reflow, table

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_in_docs_tells_the_numbers_that_lie_beside_it():
    assert (DOCS / "experiments.md").read_text() == render(DOCS / "pictures", "pictures")


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_a_picture_in_docs_is_light(name):
    assert (DOCS / "pictures" / f"{name}.png").stat().st_size < 100_000


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_the_numbers_in_docs_are_those_of_the_settings_in_the_code(name):
    """A changed setting makes the page stale: `make experiments` writes it anew."""
    found = json.loads((DOCS / "pictures" / f"{name}.json").read_text())
    settings = EXPERIMENTS[name].settings
    assert set(found["settings"]) == {*type(settings).__dataclass_fields__}
    for member, value in found["settings"].items():
        mine = getattr(settings, member)
        if isinstance(mine, (int, float, str)):
            assert value == mine, member


@pytest.mark.parametrize("name", ["dream", "hidden", "noise"])
def test_the_numbers_in_docs_are_about_the_artifacts_that_ship(name):
    """A network that is trained anew makes the page stale: `make experiments` writes it anew."""
    shipped = read_sums(DOCS.parent / "model_artifacts")
    about = json.loads((DOCS / "pictures" / f"{name}.json").read_text())["numbers"]["sha256"]
    assert about == {model: shipped[model.replace("@", "/") + ".npz"] for model in about}


def test_publishing_copies_pictures_and_numbers_beside_the_page(tmp_path):
    publish(DOCS / "pictures", tmp_path / "docs" / "page.md")
    assert (tmp_path / "docs" / "page.md").read_text() == (DOCS / "experiments.md").read_text()
    assert len(list((tmp_path / "docs" / "pictures").iterdir())) == 2 * len(EXPERIMENTS)


def test_missing_numbers_are_named_with_the_command_that_makes_them(tmp_path):
    copytree(DOCS / "pictures", tmp_path / "found")
    (tmp_path / "found" / "noise.json").unlink()
    with pytest.raises(BadDataError, match=r"noise\.json: cannot be told .*; run `digits experiment noise`"):
        render(tmp_path / "found", "pictures")


@pytest.mark.parametrize("content", ["{", "[]", '{"numbers": {}}', '{"numbers": []}'])
def test_numbers_of_another_kind_are_refused(tmp_path, content):
    copytree(DOCS / "pictures", tmp_path / "found")
    (tmp_path / "found" / "hidden.json").write_text(content)
    with pytest.raises(BadDataError, match=r"hidden\.json: cannot be told"):
        render(tmp_path / "found", "pictures")


def test_a_page_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(BadInputError, match=r"page\.md: cannot be written"):
        publish(DOCS / "pictures", tmp_path / "taken" / "page.md")


def test_a_page_without_room_for_its_pictures_leaves_nothing_half_written(tmp_path, little_room):
    with little_room(), pytest.raises(BadInputError, match=r"page\.md: cannot be written"):
        publish(DOCS / "pictures", tmp_path / "page.md")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_prose_is_reflowed_and_tables_are_not():
    rows = table(["a", "b"], [["1", "2"]])
    assert reflow(f"one\ntwo\n\n{rows}") == f"one two\n\n{rows}"


def test_the_command_conducts_one_experiment(drawn_once, models, tmp_path, monkeypatch):
    folder, _ = drawn_once
    called = []
    monkeypatch.setattr(experiment, "run", lambda name, **options: called.append((name, options)))
    arguments = [
        "hidden",
        "--data",
        str(folder),
        "--models",
        str(models),
        "--out",
        str(tmp_path),
        "--seed",
        "4",
    ]
    result = CliRunner().invoke(experiment.command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    [(name, options)] = called
    assert (name, options["seed"], options["out"], options["models"]) == ("hidden", 4, tmp_path, models)


def test_the_command_conducts_all_and_tells_them_on_a_page(tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(experiment, "run", lambda name, **_: called.append(name))
    arguments = ["all", "--out", str(DOCS / "pictures"), "--page", str(tmp_path / "page.md")]
    CliRunner().invoke(experiment.command, arguments, catch_exceptions=False)
    assert called == list(EXPERIMENTS)
    assert (tmp_path / "page.md").read_text().startswith("<!-- Written by")


def test_the_help_says_what_each_experiment_asks():
    told = CliRunner().invoke(experiment.command, ["--help"]).output
    assert all(each.sentence in " ".join(told.split()) for each in EXPERIMENTS.values())
