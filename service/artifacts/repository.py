"""A folder of artifacts, <name>/<version>.npz, with aliases beside them, and the verified networks in it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Self

from service.artifacts.aliases import ALIASES_FILE, read_aliases
from service.artifacts.format import HISTORY_SUFFIX, NAME, SUFFIX
from service.artifacts.load import Artifact, load
from service.artifacts.sums import SUMS_FILE, read_sums
from service.errors import BadArtifactError, UnknownModelError

__all__ = ["Catalogue", "Repository", "Reread", "Stamp"]

Stamp = frozenset[tuple[str, int, int, int]]
"""The files of a folder at one moment: path, size, time of the last change in nanoseconds, inode."""


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """The artifacts that were read together; it never changes, a reload makes a new one.

    Attributes:
        artifacts: by name and then version, versions in rising order ("2" before "10").
        aliases: what each further name stands for, "name" or "name@version".
    """

    artifacts: Mapping[str, Mapping[str, Artifact]]
    aliases: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, artifacts: Iterable[Artifact], aliases: Mapping[str, str] = MappingProxyType({})) -> Self:
        """Sort artifacts, each of another name or version, into a catalogue.

        Raises:
            BadArtifactError: an alias is the name of a model, or stands for one that does not exist.
        """
        models: dict[str, dict[str, Artifact]] = {}
        for artifact in sorted(artifacts, key=_rank):
            models.setdefault(artifact.metadata.name, {})[artifact.metadata.version] = artifact
        named = cls(MappingProxyType({name: MappingProxyType(versions) for name, versions in models.items()}))
        for alias, model in aliases.items():
            named.check_alias(alias, model)
        return replace(named, aliases=MappingProxyType(dict(aliases)))

    def check_alias(self, alias: str, model: str) -> None:
        """Prove that an alias can stand for a model.

        Raises:
            BadArtifactError: the alias is the name of a model, or the model is none of these.
        """
        if alias in self.artifacts:
            raise BadArtifactError(f"alias {alias!r} is the name of a model too; choose another")
        try:
            self.find(model)
        except UnknownModelError as error:
            raise BadArtifactError(f"alias {alias!r} stands for {model[:110]!a}, but {error}") from error

    def find(self, model: str) -> Artifact:
        """Return the artifact of "name" (its newest version) or "name@version"; a name may be an alias.

        Raises:
            UnknownModelError: there is none; the message names those that exist.
        """
        versions = self.versions(model)
        return versions[[*versions][-1]]

    def versions(self, model: str) -> Mapping[str, Artifact]:
        """Return the artifacts of "name" in rising order, or of "name@version" that one alone; see find.

        Raises:
            UnknownModelError: there is none; the message names those that exist.
        """
        name, at, version = model.partition("@")
        # what an alias stands for is no alias, so that this ends
        versions = self.versions(self.aliases[name]) if name in self.aliases else self.artifacts.get(name)
        if versions is None:
            known = ", ".join((*self.artifacts, *self.aliases)) or "none"
            raise UnknownModelError(f"there is no model {name[:70]!a}; those that exist: {known}")
        if not at:
            return versions
        if version not in versions:
            raise UnknownModelError(
                f"model {name!r} has no version {version[:40]!a}; those that exist: {', '.join(versions)}"
            )
        return {version: versions[version]}

    def aliases_of(self, artifact: Artifact) -> list[str]:
        """List the aliases that lead to an artifact."""
        return [alias for alias in self.aliases if self.find(alias) is artifact]

    def __iter__(self) -> Iterator[Artifact]:
        """Go through all artifacts, by name and rising version."""
        for versions in self.artifacts.values():
            yield from versions.values()


@dataclass(frozen=True, slots=True, eq=False)
class Reread:
    """What a reload brought.

    Attributes:
        catalogue: the good ones, new or kept.
        failures: by "name@version", or the name of the file or folder, what was wrong.
    """

    catalogue: Catalogue
    failures: Mapping[str, BadArtifactError]


def _believed(artifact: Artifact) -> None:
    """Ask no more of an artifact than that it can be read."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder of artifacts.

    Whatever is not an .npz is left alone, and so are names with a leading dot and *.history.npz. A folder
    that cannot be listed is a bad artifact where it has a name that a model may have, else it is left alone.
    A file needs no line in SHA256SUMS, but must agree with the one that it has; a line without its file is
    idle.
    """

    folder: Path

    def read(self) -> Catalogue:
        """Read and verify every artifact in the folder.

        Raises:
            BadArtifactError: the first bad one, bad aliases, or a folder that is missing or has none.
        """
        sums = read_sums(self.folder)
        artifacts = [self._load(path, sums) for path in self._paths()]
        return self._named(artifacts, read_aliases(self.folder))

    def reread(self, previous: Catalogue, prove: Callable[[Artifact], object] = _believed) -> Reread:
        """Read the folder anew, keeping the last good artifact, or the last aliases, where a file is bad.

        A file that was removed is no longer served, as after a restart; a folder in which nothing is found is
        a fault and changes nothing.

        Args:
            previous: what is served.
            prove: raises BadArtifactError where an artifact is sound and yet cannot be served.
        """
        try:
            sums, paths = read_sums(self.folder), self._paths()
        except BadArtifactError as error:
            return Reread(previous, MappingProxyType({self.folder.name: error}))
        artifacts: dict[str, Artifact] = {}
        failures: dict[str, BadArtifactError] = {}
        for path in paths:
            key = f"{path.parent.name}@{path.stem}" if path.parent != self.folder else path.name
            try:
                artifact = self._load(path, sums)
                prove(artifact)
                artifacts[key] = artifact
            except BadArtifactError as error:
                failures[key] = error
                artifacts |= {kept.metadata.full_name: kept for kept in previous if self._is_of(kept, path)}
        try:
            catalogue = self._named(artifacts.values(), read_aliases(self.folder))
        except BadArtifactError as error:
            failures[ALIASES_FILE] = error
            catalogue = _still_named(artifacts.values(), previous.aliases)
        return Reread(catalogue, MappingProxyType(failures))

    def stamp(self) -> Stamp:
        """Tell one state of the folder from another without reading a file; a missing one is empty."""
        try:
            paths = self._paths()
        except BadArtifactError:
            paths = []
        histories = [path.with_suffix(HISTORY_SUFFIX) for path in paths]
        files = (*paths, *histories, self.folder / SUMS_FILE, self.folder / ALIASES_FILE)
        return frozenset(seen for file in files for seen in _seen(file))

    def _named(self, artifacts: Iterable[Artifact], aliases: Mapping[str, str]) -> Catalogue:
        try:
            return Catalogue.of(artifacts, aliases)
        except BadArtifactError as error:
            raise BadArtifactError(f"{self.folder / ALIASES_FILE}: {error}") from error

    def _paths(self) -> list[Path]:
        try:
            seen = _not_hidden(self.folder)
            folders = [path for path in seen if path.is_dir()]
        except OSError as error:
            raise BadArtifactError(
                f"{self.folder}: cannot be listed ({error.strerror}); name the folder of artifacts"
            ) from error
        paths = [*filter(_is_artifact, seen), *chain.from_iterable(map(_listed, folders))]
        if not paths:
            raise BadArtifactError(f"{self.folder}: has no artifacts; put <name>/<version>.npz there")
        return paths

    def _load(self, path: Path, sums: Mapping[str, str]) -> Artifact:
        artifact = load(path, sha256=sums.get(path.relative_to(self.folder).as_posix()), inside=self.folder)
        place = self._place(artifact)
        if place != path:
            raise BadArtifactError(f"{path}: holds {artifact.metadata.full_name}; move it to {place}")
        return artifact

    def _place(self, artifact: Artifact) -> Path:
        """Return the path at which an artifact's file belongs."""
        return self.folder / artifact.metadata.file

    def _is_of(self, artifact: Artifact, path: Path) -> bool:
        """Say whether a path is an artifact's own, or its model's folder where that cannot be listed."""
        place = self._place(artifact)
        return path in {place, place.parent}


def _still_named(artifacts: Iterable[Artifact], aliases: Mapping[str, str]) -> Catalogue:
    """Keep those of the aliases that still stand for a model."""
    catalogue = Catalogue.of(artifacts)
    kept = {}
    for alias, model in aliases.items():
        with suppress(BadArtifactError):
            catalogue.check_alias(alias, model)
            kept[alias] = model
    return replace(catalogue, aliases=MappingProxyType(kept))


def _not_hidden(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _listed(folder: Path) -> list[Path]:
    """List the artifacts of a model, or its folder itself where that must be refused."""
    try:
        return [*filter(_is_artifact, _not_hidden(folder))]
    except OSError:  # every new ext4 disk has a lost+found that is root's alone
        return [folder] if re.fullmatch(NAME, folder.name) else []


def _seen(file: Path) -> Iterator[tuple[str, int, int, int]]:
    with suppress(OSError):  # it is not there, or no longer
        status = file.stat()
        yield str(file), status.st_size, status.st_mtime_ns, status.st_ino


def _is_artifact(path: Path) -> bool:
    return path.suffix == SUFFIX and not path.name.endswith(HISTORY_SUFFIX)


def _rank(artifact: Artifact) -> tuple[str, list[str | int], str]:
    """Sort by name and then version, numbers within a version by their value."""
    version = artifact.metadata.version
    parts = re.split(r"(\d+)", version)  # text and digits take turns, text first
    return artifact.metadata.name, [int(part) if i % 2 else part for i, part in enumerate(parts)], version
