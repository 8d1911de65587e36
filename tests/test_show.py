"""`digits show`: one picture of all steps, for every format."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from service.cli import main

THREE = Path(__file__).parents[1] / "examples" / "three.png"


@pytest.fixture
def show(monkeypatch, capfd, artifact_folder):
    """Run the command in this process: its status and what it printed."""

    def run(*arguments, stdin=b""):
        command = ["digits", "show", "--models", str(artifact_folder), "--model", "tiny"]
        monkeypatch.setattr(sys, "argv", [*command, *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as exit_:
            main()
        return exit_.value.code or 0, "".join(capfd.readouterr())

    return run


def test_draws_every_step_side_by_side(show, tmp_path):
    out = tmp_path / "steps.png"

    status, told = show(THREE, "--out", out)

    assert status == 0
    assert told == (f"{out}: as it was sent, grey, paper removed, cut out, scaled, centred in 28 by 28\n")
    with Image.open(out) as drawn:
        assert drawn.width == 12 + 6 * (224 + 12)


def test_writes_into_this_folder_unless_told(show, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    show(THREE)

    assert (tmp_path / "three-steps.png").exists()


@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_reads_every_format_from_the_standard_input_too(show, tmp_path, name):
    sent = io.BytesIO()
    Image.open(THREE).save(sent, name)

    status, told = show("-", "--out", tmp_path / "steps.png", stdin=sent.getvalue())

    assert (status, "scaled" in told) == (0, True)


def test_obeys_the_options(show, tmp_path):
    boxes = [show(THREE, "--out", tmp_path / f"{choice}.png", "--invert", choice) for choice in ("yes", "no")]

    assert [status for status, _ in boxes] == [0, 0]
    one, other = (np.asarray(Image.open(tmp_path / f"{choice}.png").convert("L")) for choice in ("yes", "no"))
    assert one.shape != other.shape or (one != other).any()


@pytest.mark.parametrize(
    ("file", "hint"),
    [("missing.png", "name a file that can be read"), (__file__, "send one PNG or JPEG or WEBP")],
)
def test_says_what_is_wrong_with_the_file(show, tmp_path, file, hint):
    status, told = show(file, "--out", tmp_path / "steps.png")

    assert status == 1
    assert hint in told
    assert len(told.splitlines()) == 1


def test_says_when_it_cannot_write(show, tmp_path):
    status, told = show(THREE, "--out", tmp_path / "no" / "steps.png")

    assert status == 1
    assert "cannot be written (No such file or directory); name another file" in told


@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_classify_reads_every_format_too(monkeypatch, capfd, artifact_folder, tmp_path, name):
    with Image.open(THREE) as three:
        three.save(tmp_path / "three", name)
    flags = ["--models", str(artifact_folder), "--model", "tiny", "--reject-below", "0"]
    monkeypatch.setattr(sys, "argv", ["digits", "classify", *flags, str(tmp_path / "three")])

    with pytest.raises(SystemExit) as exit_:
        main()

    assert (exit_.value.code or 0, "strongest" in capfd.readouterr().out) == (0, True)
