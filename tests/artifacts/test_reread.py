import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from service.errors import BadArtifactError


def names(catalogue):
    return [artifact.metadata.full_name for artifact in catalogue]


def test_a_new_version_is_served_after_a_reload(put, repository):
    put("plain", "1")
    previous = repository.read()
    put("plain", "2")

    reread = repository.reread(previous)

    assert names(reread.catalogue) == ["plain@1", "plain@2"]
    assert reread.failures == {}
    assert names(previous) == ["plain@1"]


def test_changed_numbers_are_served_after_a_reload(put, repository):
    put("plain", "1", description="Old.")
    previous = repository.read()
    put("plain", "1", description="New.")

    assert repository.reread(previous).catalogue.find("plain").metadata.description == "New."


def test_a_bad_file_is_reported_and_its_last_good_artifact_kept(put, repository):
    put("plain", "1").touch()
    bad = put("plain", "2")
    previous = repository.read()
    bad.write_bytes(b"junk")

    reread = repository.reread(previous)

    assert reread.catalogue.find("plain@2") is previous.find("plain@2")
    assert list(reread.failures) == ["plain@2"]
    assert "plain/2.npz: sha256" in str(reread.failures["plain@2"])


def test_a_bad_file_that_was_never_good_is_reported_and_not_served(put, repository, folder):
    put("plain", "1")
    previous = repository.read()
    (folder / "plain/2.npz").write_bytes(b"junk")

    reread = repository.reread(previous)

    assert names(reread.catalogue) == ["plain@1"]
    assert "is no .npz" in str(reread.failures["plain@2"])


def test_a_file_in_the_wrong_place_is_reported_by_its_name(put, repository, folder):
    good = put("plain", "1")
    previous = repository.read()
    shutil.copy(good, folder / "plain.npz")

    reread = repository.reread(previous)

    assert names(reread.catalogue) == ["plain@1"]
    assert list(reread.failures) == ["plain.npz"]


def test_a_removed_file_is_no_longer_served(put, repository):
    put("plain", "1")
    put("plain", "2").unlink()
    put("wide", "1")
    previous = repository.read()
    (repository.folder / "wide/1.npz").unlink()

    reread = repository.reread(previous)

    assert names(reread.catalogue) == ["plain@1"]
    assert reread.failures == {}


def test_a_file_that_is_good_again_takes_over(put, repository):
    path = put("plain", "1")
    previous = repository.read()
    good = path.read_bytes()
    path.write_bytes(b"junk")
    between = repository.reread(previous).catalogue
    path.write_bytes(good)

    reread = repository.reread(between)

    assert reread.failures == {}
    assert reread.catalogue.find("plain") is not previous.find("plain")
    assert np.array_equal(
        reread.catalogue.find("plain").network.layers[0].weights,
        previous.find("plain").network.layers[0].weights,
    )


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (shutil.rmtree, "cannot be listed"),
        (lambda folder: (folder / "plain/1.npz").unlink(), "has no artifacts"),
        (lambda folder: (folder / "SHA256SUMS").write_text("?"), "line 1"),
    ],
    ids=["folder gone", "folder empty", "sums unreadable"],
)
def test_a_folder_in_which_nothing_can_be_verified_changes_nothing(put, repository, spoil, word):
    put("plain", "1")
    previous = repository.read()
    spoil(repository.folder)

    reread = repository.reread(previous)

    assert reread.catalogue is previous
    assert list(reread.failures) == ["models"]
    assert word in str(reread.failures["models"])


# Folders that cannot be listed


@contextmanager
def without_root():
    """Give up root's right to list everything."""
    os.seteuid(65534 if os.geteuid() == 0 else os.geteuid())
    try:
        yield
    finally:
        os.seteuid(os.getuid())


class TestAFolderThatCannotBeListed:
    @pytest.fixture
    def folder(self):
        """One outside pytest's own, which is root's alone."""
        before = os.umask(0o022)
        with TemporaryDirectory() as path:
            Path(path).chmod(0o755)
            yield Path(path)
        os.umask(before)

    def test_is_left_alone_where_it_cannot_be_a_model_s(self, put, repository, folder):
        put("plain", "1")
        (folder / "lost+found").mkdir(mode=0)

        with without_root():
            assert names(repository.read()) == ["plain@1"]

    def test_is_refused_where_it_may_be_a_model_s(self, put, repository, folder):
        put("plain", "1")
        (folder / "wide").mkdir(mode=0)

        with without_root(), pytest.raises(BadArtifactError, match=r"/wide: cannot be read .Permission"):
            repository.read()

    def test_is_reported_and_what_was_read_from_it_before_is_kept(self, put, repository, folder):
        put("plain", "1")
        put("wide", "1")
        previous = repository.read()
        (folder / "plain").chmod(0)
        put("wide", "2")

        with without_root():
            reread = repository.reread(previous)

        assert names(reread.catalogue) == ["plain@1", "wide@1", "wide@2"]
        assert reread.catalogue.find("plain") is previous.find("plain")
        assert list(reread.failures) == ["plain"]

    def test_changes_the_stamp_once_it_can_be_listed_again(self, put, repository, folder):
        put("plain", "1")
        (folder / "plain").chmod(0)
        with without_root():
            before = repository.stamp()
        (folder / "plain").chmod(0o755)

        assert repository.stamp() != before
