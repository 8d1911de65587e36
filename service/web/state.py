"""What the service serves at this moment: replaced as a whole, read once a request."""

import mmap
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from service.artifacts import Catalogue, Repository, self_test
from service.classifier import Classifier, preprocessing_of
from service.errors import BadArtifactError, ServiceError, SettingsError
from service.imaging import Budget, Format, Limits
from service.settings import Settings
from service.web.keyring import Keys

__all__ = ["Flag", "Snapshot", "State"]

QUICK_NUMBERS = 8_000_000  # weights and biases


class Flag:
    """One bit that all processes forked after its making see at once."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def set(self) -> None:
        """Raise the flag; it is never lowered."""
        self._byte[0] = 1

    def __bool__(self) -> bool:
        """Say whether the flag is raised."""
        return self._byte[0] == 1


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Verified artifacts and their classifiers, read together.

    Attributes:
        catalogue: the artifacts.
        classifiers: by what a client may ask for: "name" for the newest version, or "name@version".
        default: answers where no model is named.
        quick: true where each of the networks answers for one image within two milliseconds or so.
    """

    catalogue: Catalogue
    classifiers: Mapping[str, Classifier]
    default: Classifier
    quick: bool

    @classmethod
    def of(cls, catalogue: Catalogue, settings: Settings, budget: Budget) -> Self:
        """Put a classifier together for each artifact; they all decode within one budget.

        Raises:
            UnknownModelError: the default model is not among them.
            BadArtifactError: imaging cannot feed one of them.
        """
        formats = frozenset(map(Format, settings.formats.split(",")))
        limits = Limits(settings.max_side_pixels, settings.max_pixels, formats)
        threshold = settings.reject_below
        classifiers = {
            artifact.metadata.full_name: Classifier.of(
                artifact, limits=limits, reject_below=threshold, budget=budget
            )
            for artifact in catalogue
        }
        newest = {name: classifiers[catalogue.find(name).metadata.full_name] for name in catalogue.artifacts}
        default = classifiers[catalogue.find(settings.model).metadata.full_name]
        quick = all(one.network.n_parameters <= QUICK_NUMBERS for one in classifiers.values())
        return cls(catalogue, MappingProxyType(classifiers | newest), default, quick)

    def classifier(self, model: str | None) -> Classifier:
        """Return the classifier of "name" or "name@version", and the default one for None.

        Raises:
            UnknownModelError: there is none; the message names those that exist.
        """
        if model is None:
            return self.default
        return self.classifiers.get(model) or self.classifiers[self.catalogue.find(model).metadata.full_name]

    def version(self, name: str, version: str | None) -> Classifier:
        """Return the classifier of a model's version, and of what its name stands for where that is None.

        Raises:
            UnknownModelError: there is none; the message names those that exist.
        """
        return self.classifier(name if version is None else f"{name}@{version}")


class State:
    """The one thing in the service that changes: which snapshot is served, and whether it is draining.

    Attributes:
        settings: as they were at the start.
        repository: the folder of artifacts.
        current: what is served now; read it once a request.
        stamp: of the artifacts, from before they were read last.
        keys: one of them is asked for; None asks for none.
        failures: what was wrong at the last reload, in a line each, by "name@version", by the name of a file
            or of a folder, or by "reload" where what was read cannot be served, and "keys".
        draining: raised in all processes at once when the service is about to stop.
        started: seconds on the monotonic clock.
        master: the process that made it, whose children answer.
    """

    def __init__(self, settings: Settings) -> None:
        """Read and verify the artifacts.

        Raises:
            BadArtifactError: one of them is bad, or there are none.
            UnknownModelError: the default model is not among them.
            SettingsError: the keys cannot be understood.
        """
        self.settings = settings
        self.keys = _keys(settings)
        self.repository = Repository(settings.models)
        self.stamp = self.repository.stamp()
        self._budget = Budget(settings.max_pixels_at_once, settings.max_waiting_seconds)
        self.current = Snapshot.of(self.repository.read(), settings, self._budget)
        self.failures: Mapping[str, str] = MappingProxyType({})
        self.draining = Flag()
        self.started = time.monotonic()
        self.master = os.getpid()

    def reload(self) -> bool:
        """Read the artifacts anew, and serve the good ones from now on; say whether all were good."""
        self.stamp = self.repository.stamp()
        reread = self.repository.reread(self.current.catalogue, preprocessing_of)
        failures = {name: self._without_place(error) for name, error in reread.failures.items()}
        try:
            self.current = Snapshot.of(reread.catalogue, self.settings, self._budget)
        except ServiceError as error:
            failures["reload"] = self._without_place(error)
        self.failures = MappingProxyType(failures)
        return not failures

    def reload_keys(self) -> None:
        """Read the keys anew, from where the settings said that they are.

        Raises:
            SettingsError: they cannot be read or understood, or are gone; those before stay.
        """
        try:
            self.keys = self._renewed_keys()
        except SettingsError:
            told = "the keys could not be read anew, those before stay; the log says why"
            self.failures = MappingProxyType({**self.failures, "keys": told})
            raise

    def unready(self) -> str | None:
        """Say why no classifications should be sent here, or None where they may be."""
        if self.draining:
            return "draining: the service is about to stop"
        try:
            self_test(self.current.default.artifact)
        except BadArtifactError:
            return "the self-test failed: the default model no longer gives its golden activations"
        return None

    def _renewed_keys(self) -> Keys | None:
        keys = _keys(self.settings.reread())
        if keys is None and self.keys is not None:
            raise SettingsError("api_keys is no longer given; restart the service to do without")
        return keys

    def _without_place(self, error: ServiceError) -> str:
        """Say what is wrong and not where: the place of the folder is nobody's business."""
        folder = self.repository.folder
        return str(error).replace(f"{folder}/", "").replace(str(folder), folder.name or str(folder))


def _keys(settings: Settings) -> Keys | None:
    if settings.lock_metrics and settings.api_keys is None:
        raise SettingsError("lock_metrics asks for a key, and there are none; give --api-keys-file")
    return None if settings.api_keys is None else Keys.parse(settings.api_keys)
