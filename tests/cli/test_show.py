"""`digits show`: one picture of all steps, for every format."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

THREE = Path(__file__).parents[2] / "examples" / "three.png"


@pytest.fixture
def show(digits, tiny):
    """Run the command with the small model: its status and what it printed."""

    def run(*arguments, stdin=b""):
        done = digits("show", *tiny, *arguments, stdin=stdin)
        return done.status, done.out + done.err

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


def test_calls_what_came_on_the_standard_input_so(show, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    show("-", stdin=THREE.read_bytes())

    assert [file.name for file in tmp_path.glob("*-steps.png")] == ["stdin-steps.png"]


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


def test_leaves_the_old_picture_where_a_new_one_finds_no_room(show, tmp_path, little_room):
    out = tmp_path / "steps.png"
    out.write_text("the old one")
    with little_room():
        status, told = show(THREE, "--out", out)

    assert status == 1
    assert f"{out}: cannot be written (File too large); name another file" in told
    assert out.read_text() == "the old one"
