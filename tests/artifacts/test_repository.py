import os
import re
import shutil

import pytest

from service.artifacts import Catalogue, Repository
from service.errors import BadArtifactError, UnknownModelError


def names(catalogue):
    return [f"{artifact.metadata.name}@{artifact.metadata.version}" for artifact in catalogue]


def unlist(folder):
    (folder / "SHA256SUMS").unlink()


# Reading


def test_artifacts_are_in_order_of_name_and_version(put, repository):
    for name, version in (("wide", "1"), ("plain", "10"), ("plain", "2"), ("plain", "1")):
        put(name, version)

    assert names(repository.read()) == ["plain@1", "plain@2", "plain@10", "wide@1"]


@pytest.mark.parametrize(
    "rising",
    [
        ["1", "2", "10"],
        ["1", "1.1", "1.2", "1.10", "2"],
        ["2026-9-1", "2026-10-1"],
        ["1-rc9", "1-rc10"],
        ["1", "v1"],
        ["01", "1"],
    ],
    ids=" < ".join,
)
def test_versions_rise_by_their_numbers(put, repository, rising):
    for version in reversed(rising):
        put("plain", version)

    assert list(repository.read().artifacts["plain"]) == rising


def test_a_catalogue_cannot_be_changed(put, repository):
    put("plain", "1")
    catalogue = repository.read()

    with pytest.raises(TypeError):
        catalogue.artifacts["other"] = {}
    with pytest.raises(TypeError):
        catalogue.artifacts["plain"]["2"] = None


@pytest.mark.parametrize(
    "file",
    [
        "README.md",
        "plain/1.md",
        "plain/1.history.npz",
        "plain/.1.npz",
        "plain/.1.npz.0a1b2c3d.tmp",
        ".cache/1.npz",
        "..2026_11_21/plain/1.npz",
        "plain/notes.txt",
        "plain/old/1.npz",
    ],
)
def test_what_is_no_artifact_is_left_alone(put, repository, folder, file):
    put("plain", "1")
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text("not an artifact")

    assert names(repository.read()) == ["plain@1"]


def test_the_file_of_an_unfinished_save_is_never_seen(put, repository, folder, monkeypatch):
    put("plain", "1")
    seen = []
    real = os.replace

    def replace(beside, path):
        seen.append(names(repository.read()))
        assert any(part.name.endswith(".tmp") for part in folder.rglob("*"))
        real(beside, path)

    monkeypatch.setattr(os, "replace", replace)
    put("plain", "2")

    assert seen == [["plain@1"], ["plain@1", "plain@2"]]  # before the artifact's rename, and before the sums'


def test_a_folder_mounted_from_a_config_map_is_read(put, repository, folder):
    put("plain", "1")
    unlist(folder)
    (folder / "..2026_11_21").mkdir()
    (folder / "plain").rename(folder / "..2026_11_21/plain")
    (folder / "..data").symlink_to("..2026_11_21")
    (folder / "plain").symlink_to("..data/plain")

    assert names(repository.read()) == ["plain@1"]


# What read() refuses


def test_a_folder_that_is_missing_is_refused(repository):
    with pytest.raises(BadArtifactError, match=r"models: cannot be listed .No such file.* name the folder"):
        repository.read()


def test_a_file_in_place_of_the_folder_is_refused(folder, repository):
    folder.write_text("")

    with pytest.raises(BadArtifactError, match=r"cannot be listed .Not a directory"):
        repository.read()


def test_a_folder_without_artifacts_is_refused(folder, repository):
    folder.mkdir()
    (folder / "README.md").write_text("soon")

    with pytest.raises(BadArtifactError, match=r"has no artifacts; put <name>/<version>.npz there"):
        repository.read()


@pytest.mark.parametrize("file", ["plain/2.npz", "wide/1.npz", "wide.npz"])
def test_an_artifact_at_the_place_of_another_is_refused(put, repository, folder, file):
    good = put("plain", "1")
    (folder / "wide").mkdir()
    shutil.copy(good, folder / file)

    with pytest.raises(BadArtifactError, match=f"{file}: holds plain@1; move it to .*plain/1.npz"):
        repository.read()


def test_a_link_out_of_the_folder_is_refused(put, repository, folder, tmp_path):
    put("plain", "1")
    unlist(folder)
    (folder / "plain").rename(tmp_path / "plain")
    (folder / "plain").symlink_to(tmp_path / "plain")

    with pytest.raises(BadArtifactError, match="leads out of"):
        repository.read()


def test_a_broken_artifact_is_refused(put, repository):
    put("plain", "1").write_bytes(b"")

    with pytest.raises(BadArtifactError, match=r"plain/1.npz: "):
        repository.read()


# SHA256SUMS


def test_an_artifact_that_does_not_match_its_sum_is_refused(put, repository, folder, tmp_path):
    put("plain", "1")
    other = Repository(tmp_path / "other")
    shutil.copytree(folder, other.folder)
    put("plain", "1", description="Another.")
    shutil.copy(other.folder / "plain/1.npz", folder / "plain/1.npz")

    with pytest.raises(BadArtifactError, match=r"plain/1.npz: sha256 is"):
        repository.read()


def test_an_artifact_without_a_sum_is_read(put, repository, folder):
    put("plain", "1")
    unlist(folder)

    assert names(repository.read()) == ["plain@1"]


def test_a_sum_without_its_file_is_idle(put, repository):
    put("plain", "1")
    put("plain", "2").unlink()

    assert names(repository.read()) == ["plain@1"]


@pytest.mark.parametrize("spelling", ["{} *{}", "{}  ./{}", "{}  {}\n"])
def test_sums_are_read_in_every_spelling_of_sha256sum(put, repository, folder, spelling):
    put("plain", "1")
    (folder / "SHA256SUMS").write_text(spelling.format("0" * 64, "plain/1.npz"))

    with pytest.raises(BadArtifactError, match=r"sha256 is .*, not 0000"):
        repository.read()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"plain/1.npz\n", "line 1 is not a sum and a file"),
        (b"0" * 63 + b"  plain/1.npz\n", "line 1 is not a sum"),
        (b"\n", "line 1 is not a sum"),
        (b"0" * 64 + b"  a\n" + b"1" * 64 + b"  a\n", "line 2 gives 'a' a second sum"),
        (b"\xff\xfe\0", "line 1 is not a sum"),
        (b"x" * (2**20 + 1), "has 1048577 bytes"),
    ],
)
def test_sums_that_cannot_be_read_are_refused(put, repository, folder, text, word):
    put("plain", "1")
    (folder / "SHA256SUMS").write_bytes(text)

    with pytest.raises(BadArtifactError, match=f"SHA256SUMS: .*{word}"):
        repository.read()


def test_a_file_listed_twice_with_one_sum_is_read(put, repository, folder):
    put("plain", "1")
    line = (folder / "SHA256SUMS").read_text()
    digest, file = line.split("  ")
    (folder / "SHA256SUMS").write_text(f"{line}{digest.upper()} *{file}")

    assert names(repository.read()) == ["plain@1"]


def test_sums_linked_from_outside_are_refused(put, repository, folder, tmp_path):
    put("plain", "1")
    (folder / "SHA256SUMS").rename(tmp_path / "SHA256SUMS")
    (folder / "SHA256SUMS").symlink_to(tmp_path / "SHA256SUMS")

    with pytest.raises(BadArtifactError, match="SHA256SUMS: is a link that leads out of"):
        repository.read()


# Finding


@pytest.fixture
def catalogue(put, repository):
    for name, version in (("plain", "2"), ("plain", "10"), ("wide", "1")):
        put(name, version)
    return repository.read()


@pytest.mark.parametrize(
    ("model", "found"),
    [("plain", "plain@10"), ("plain@10", "plain@10"), ("plain@2", "plain@2"), ("wide", "wide@1")],
)
def test_a_model_is_found_by_name_or_by_name_and_version(catalogue, model, found):
    assert names([catalogue.find(model)]) == [found]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("narrow", "there is no model 'narrow'; those that exist: plain, wide"),
        ("narrow@1", "there is no model 'narrow'; those that exist: plain, wide"),
        ("", "there is no model ''; those that exist: plain, wide"),
        ("plain@3", "model 'plain' has no version '3'; those that exist: 2, 10"),
        ("plain@", "model 'plain' has no version ''; those that exist: 2, 10"),
        ("plain@2@2", "model 'plain' has no version '2@2'; those that exist: 2, 10"),
        ("\n" + "x" * 1000, "there is no model '\\n" + "x" * 69 + "'; those that exist: plain, wide"),
    ],
)
def test_an_unknown_model_is_answered_with_those_that_exist(catalogue, model, message):
    with pytest.raises(UnknownModelError) as unknown:
        catalogue.find(model)

    assert str(unknown.value) == message
    with pytest.raises(UnknownModelError, match=re.escape(message)):
        catalogue.versions(model)


def test_an_empty_catalogue_says_that_there_is_none():
    with pytest.raises(UnknownModelError, match="those that exist: none"):
        Catalogue.of([]).find("plain")


# Looking without reading


def replaced(path):
    """Put the same bytes in place of a file, as a copy does that is renamed."""
    beside = path.with_name("beside")
    beside.write_bytes(path.read_bytes())
    os.utime(beside, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    beside.replace(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "plain" / "1.npz").write_bytes(b"other"),
        lambda folder: (folder / "plain" / "1.npz").unlink(),
        lambda folder: replaced(folder / "plain" / "1.npz"),
        lambda folder: shutil.copy(folder / "plain" / "1.npz", folder / "plain" / "2.npz"),
        lambda folder: (folder / "plain" / "1.history.npz").write_bytes(b"of its training"),
        lambda folder: (folder / "aliases.toml").write_text('stable = "plain"'),
        unlist,
        shutil.rmtree,
    ],
    ids=[
        "written to",
        "removed",
        "replaced",
        "a new version",
        "a history",
        "an alias",
        "no sums",
        "no folder",
    ],
)
def test_a_changed_folder_has_another_stamp(put, repository, folder, change):
    put("plain", "1")
    before = repository.stamp()
    change(folder)

    assert repository.stamp() != before


def test_what_is_no_artifact_does_not_change_the_stamp(put, repository, folder):
    put("plain", "1")
    before = repository.stamp()
    (folder / "plain" / "1.md").write_text("a card")
    (folder / "plain" / ".2.npz.tmp").write_text("being copied")

    assert repository.stamp() == before


def test_a_folder_that_is_not_there_has_a_stamp_too(repository):
    assert repository.stamp() == frozenset()
