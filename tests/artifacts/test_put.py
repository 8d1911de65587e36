"""What saving does to a folder: whole files or the old ones, and sums that are never wrong."""

import hashlib
import os
import stat
from threading import Thread

import pytest

from service.artifacts import load, save
from service.errors import BadArtifactError


def test_saving_twice_replaces_the_file_and_its_sum(tmp_path, network, metadata_for):
    save(network, metadata_for(network), tmp_path)
    path = save(network, metadata_for(network, description="Another."), tmp_path)

    assert load(path).metadata.description == "Another."
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (tmp_path / "SHA256SUMS").read_text() == f"{digest}  tiny/1.npz\n"


def test_sums_are_sorted_and_those_of_other_artifacts_kept(tmp_path, network, metadata_for):
    for name, version in (("b", "1"), ("a", "2"), ("a", "1")):
        save(network, metadata_for(network, name=name, version=version), tmp_path)

    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == ["a/1.npz", "a/2.npz", "b/1.npz"]


def test_two_that_save_into_one_folder_at_a_time_both_have_their_line(
    tmp_path, network, metadata_for, monkeypatch
):
    other = Thread(target=save, args=(network, metadata_for(network, name="b"), tmp_path))
    replace = os.replace

    def replace_while_another_saves(beside, path):
        if path.name == "1.npz" and other.ident is None:
            other.start()
            other.join(timeout=0.5)  # it would be through by then, if nothing held it back
        replace(beside, path)

    monkeypatch.setattr(os, "replace", replace_while_another_saves)
    save(network, metadata_for(network, name="a"), tmp_path)
    other.join()

    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == ["a/1.npz", "b/1.npz"]


def test_where_the_disk_knows_no_locks_files_are_saved_without(tmp_path, network, metadata_for, monkeypatch):
    def no_locks(_descriptor, _operation):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("service.artifacts.disk.flock", no_locks)

    assert load(save(network, metadata_for(network), tmp_path))


def test_only_the_artifact_and_the_sums_are_left(artifact_folder):
    files = {path.relative_to(artifact_folder).as_posix() for path in artifact_folder.rglob("*")}

    assert files == {"tiny", "tiny/1.npz", "SHA256SUMS"}


def test_others_may_read_the_file_as_the_umask_says(tmp_path, network, metadata_for):
    before = os.umask(0o027)
    try:
        path = save(network, metadata_for(network), tmp_path)
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o640


@pytest.fixture
def failing(monkeypatch):
    """Let one function of os fail as on a full disk, from its nth call on."""

    def fail(name, nth=1):
        calls = []
        real = getattr(os, name)

        def failing(*arguments, **options):
            calls.append(arguments)
            if len(calls) >= nth:
                raise OSError(28, "No space left on device")
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, failing)

    return fail


@pytest.mark.parametrize("function", ["replace", "fsync"])
@pytest.mark.parametrize("nth", range(1, 4))
def test_a_save_that_fails_anywhere_leaves_the_old_or_the_new_file_and_no_wrong_sum(
    artifact_folder, small_network, metadata_for, failing, function, nth
):
    path = artifact_folder / "tiny/1.npz"
    old = path.read_bytes()
    failing(function, nth)

    with pytest.raises(BadArtifactError, match="No space left on device"):
        save(small_network, metadata_for(small_network, description="New."), artifact_folder)

    content = path.read_bytes()
    assert content == old or load(path).metadata.description == "New."
    sums = (artifact_folder / "SHA256SUMS").read_text()
    assert sums in {"", f"{hashlib.sha256(content).hexdigest()}  tiny/1.npz\n"}
    assert list(artifact_folder.rglob(".*")) == []


def test_a_save_that_fails_before_the_rename_leaves_the_old_file(
    artifact_folder, small_network, metadata_for, failing
):
    path = artifact_folder / "tiny/1.npz"
    old = path.read_bytes()
    failing("replace")

    with pytest.raises(BadArtifactError):
        save(small_network, metadata_for(small_network, description="New."), artifact_folder)

    assert path.read_bytes() == old


def test_a_file_is_on_the_disk_before_it_is_renamed_and_its_folder_after(
    tmp_path, network, metadata_for, monkeypatch
):
    calls = []
    fsync, replace = os.fsync, os.replace

    def recorded_fsync(descriptor):
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def recorded_replace(beside, path):
        calls.append(path.name)
        replace(beside, path)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "replace", recorded_replace)
    save(network, metadata_for(network), tmp_path)

    assert calls == ["file", "1.npz", "folder", "file", "SHA256SUMS", "folder"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path, network, metadata_for):
    (tmp_path / "file").write_text("")

    with pytest.raises(BadArtifactError, match="cannot be written"):
        save(network, metadata_for(network), tmp_path / "file")
