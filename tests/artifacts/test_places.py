"""Paths at which no file lies, or one that is not the folder's own."""

import os
from pathlib import Path

import pytest

from service.artifacts import load
from service.errors import BadArtifactError


@pytest.mark.timeout(10)
def test_a_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path, refused):
    path = tmp_path / "1.npz"
    os.mkfifo(path)

    refused(path, "is a named pipe")


def test_a_folder_is_refused(tmp_path, refused):
    refused(tmp_path, "is a folder")


def test_a_device_is_refused():
    with pytest.raises(BadArtifactError, match="is a device"):
        load(Path("/dev/zero"))


def test_a_missing_file_is_refused(tmp_path, refused):
    refused(tmp_path / "1.npz", "cannot be read .No such file")


def test_a_path_with_a_zero_byte_is_refused(tmp_path, refused):
    refused(tmp_path / "a\0b", "cannot be read .*null")


def test_a_loop_of_links_is_refused(tmp_path, refused):
    path = tmp_path / "1.npz"
    path.symlink_to(path)

    refused(path, "cannot be read .*loop|cannot be read .*symbolic links")


def test_bytes_that_cannot_be_read_are_refused(written, good_bytes, monkeypatch, refused):
    path = written(good_bytes)

    def fail(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", fail)

    refused(path, "cannot be read .Permission denied")


def test_a_link_out_of_the_folder_is_refused(written, good_bytes, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "1.npz").symlink_to(written(good_bytes))

    with pytest.raises(BadArtifactError, match="leads out of"):
        load(folder / "1.npz", inside=folder)


def test_a_path_that_climbs_out_of_the_folder_is_refused(written, good_bytes, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()

    with pytest.raises(BadArtifactError, match="leads out of"):
        load(folder / ".." / written(good_bytes).name, inside=folder)


def test_a_link_within_the_folder_is_followed_as_config_maps_need(written, good_bytes, tmp_path):
    path = written(good_bytes)
    (tmp_path / "..data").symlink_to(tmp_path)
    (tmp_path / "1.npz").symlink_to(tmp_path / "..data" / path.name)

    assert load(tmp_path / "1.npz", inside=tmp_path).metadata.name == "tiny"


def test_a_folder_that_is_itself_reached_by_a_link_holds_its_files(written, good_bytes, tmp_path):
    path = written(good_bytes)
    (tmp_path / "elsewhere").symlink_to(tmp_path)

    assert load(tmp_path / "elsewhere" / path.name, inside=tmp_path / "elsewhere")
