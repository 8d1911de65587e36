"""A file is found as it was or as it is to be, and never in between."""

import os

import pytest

from service.whole import whole


def test_a_file_is_found_as_it_was_until_it_is_whole(tmp_path):
    path = tmp_path / "card.md"
    path.write_text("before")
    with whole(path) as file:
        file.write(b"after")
        file.flush()
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert [*tmp_path.iterdir()] == [path]


def break_off(path):
    with whole(path) as file:
        file.write(b"aft")
        raise OSError("no room")


@pytest.mark.parametrize("before", ["before", None])
def test_what_cannot_be_finished_leaves_what_was_there(tmp_path, before):
    path = tmp_path / "card.md"
    if before:
        path.write_text(before)
    with pytest.raises(OSError, match="no room"):
        break_off(path)
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == (
        {"card.md": before} if before else {}
    )


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with whole(path) as file:
        file.write(b"a card")
    assert os.read(reader, 100) == b"a card"
    os.close(reader)
    assert path.is_fifo()
