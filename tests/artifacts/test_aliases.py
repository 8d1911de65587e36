"""Further names for models: read with suspicion, and kept when the file turns bad."""

import pytest

from service.artifacts import Repository, save
from service.artifacts.aliases import read_aliases
from service.errors import BadArtifactError, UnknownModelError


@pytest.fixture
def folder(tmp_path, network, metadata_for):
    """A folder of two versions of "plain"."""
    folder = tmp_path / "models"
    for version in ("1", "2"):
        save(network, metadata_for(network, name="plain", version=version), folder)
    return folder


@pytest.fixture
def write(folder):
    return lambda text: (folder / "aliases.toml").write_bytes(
        text if isinstance(text, bytes) else text.encode()
    )


def full_name(artifact):
    return f"{artifact.metadata.name}@{artifact.metadata.version}"


def test_without_a_file_there_are_no_aliases(folder):
    assert Repository(folder).read().aliases == {}


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("stable", "plain@1"),
        ("stable@1", "plain@1"),
        ("newest", "plain@2"),
        ("newest@1", "plain@1"),
        ("plain", "plain@2"),
    ],
)
def test_an_alias_leads_to_what_it_stands_for(folder, write, model, found):
    write('# what production runs\nstable = "plain@1"\nnewest = "plain"\n')

    assert full_name(Repository(folder).read().find(model)) == found


def test_an_alias_of_one_version_has_that_one_alone(folder, write):
    write('stable = "plain@1"')
    catalogue = Repository(folder).read()

    assert [*catalogue.versions("stable")] == ["1"]
    with pytest.raises(UnknownModelError, match="those that exist: 1"):
        catalogue.find("stable@2")


def test_an_artifact_knows_its_aliases(folder, write):
    write('stable = "plain@1"\nold = "plain@1"\nnewest = "plain"')
    catalogue = Repository(folder).read()

    assert [catalogue.aliases_of(artifact) for artifact in catalogue] == [["stable", "old"], ["newest"]]


BAD = {
    "no TOML": ("stable = plain@1", "is not TOML"),
    "no UTF-8": (b'stable = "\xff"', "is not TOML"),
    "too deep": ("a = " + "[" * 60_000, "is not TOML"),
    "a line twice": ('a = "plain"\na = "plain"', "is not TOML"),
    "a table": ('[stable]\nmodel = "plain"', "'stable' is no alias"),
    "a number": ("stable = 1", "'stable' is no alias"),
    "not a name": ('"Stable!" = "plain"', "'Stable!' is no alias"),
    "a control character": ('"\\u001b[2J" = "plain"', r"'\\x1b\[2J' is no alias"),
    "no such model": ('stable = "wide"', "stands for 'wide', but there is no model"),
    "no such version": ('stable = "plain@3"', "stands for 'plain@3', but model 'plain' has no version"),
    "an alias of an alias": ('a = "plain"\nb = "a"', "stands for 'a', but there is no model"),
    "the name of a model": ('plain = "plain@1"', "the name of a model too"),
    "too large": ("#" * 70_000, "at most 65536"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_with_the_fault(folder, write, text, message):
    write(text)

    with pytest.raises(BadArtifactError, match=message) as refused:
        Repository(folder).read()
    assert "aliases.toml" in str(refused.value)
    assert str(refused.value).isprintable()


def test_a_link_that_leads_out_of_the_folder_is_refused(folder, tmp_path):
    (tmp_path / "elsewhere.toml").write_text('stable = "plain"')
    (folder / "aliases.toml").symlink_to(tmp_path / "elsewhere.toml")

    with pytest.raises(BadArtifactError, match="link"):
        read_aliases(folder)


@pytest.mark.parametrize("text", [text for text, _ in BAD.values()], ids=BAD)
def test_after_a_bad_change_the_aliases_stay(folder, write, text):
    repository = Repository(folder)
    write('stable = "plain@1"')
    before = repository.read()
    write(text)

    reread = repository.reread(before)

    assert list(reread.failures) == ["aliases.toml"]
    assert reread.catalogue.aliases == {"stable": "plain@1"}
    assert full_name(reread.catalogue.find("stable")) == "plain@1"


def test_a_good_change_takes_over(folder, write):
    repository = Repository(folder)
    write('stable = "plain@1"')
    before = repository.read()
    write('stable = "plain@2"')

    reread = repository.reread(before)

    assert not reread.failures
    assert full_name(reread.catalogue.find("stable")) == "plain@2"


def test_an_alias_whose_model_is_gone_is_no_longer_served(folder, write):
    repository = Repository(folder)
    write('stable = "plain@1"\nnewest = "plain"')
    before = repository.read()
    (folder / "plain" / "1.npz").unlink()

    reread = repository.reread(before)

    assert list(reread.failures) == ["aliases.toml"]
    assert reread.catalogue.aliases == {"newest": "plain"}


def test_a_removed_file_takes_its_aliases_with_it(folder, write):
    repository = Repository(folder)
    write('stable = "plain@1"')
    before = repository.read()
    (folder / "aliases.toml").unlink()

    reread = repository.reread(before)

    assert not reread.failures
    assert not reread.catalogue.aliases
