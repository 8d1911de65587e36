"""What every experiment is given, and what it hands back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from service.artifacts import Artifact, Metadata, Repository
from service.errors import UnknownModelError
from service.network import Network
from service.training import mnist
from service.training.mnist import Mnist

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Bench", "Experiment", "Numbers", "Outcome", "sums"]

Numbers: TypeAlias = dict[str, Any]
"""What was measured, in the types of JSON."""


@dataclass(frozen=True, eq=False)
class Bench:
    """What an experiment may work with.

    Attributes:
        data: the folder of the four MNIST files; None downloads them.
        models: the folder of artifacts.
        seed: of everything random.
        report: told one line at a time how it goes.
        sha256: of the MNIST files, uncompressed.
    """

    data: Path | None
    models: Path
    seed: int
    report: Callable[[str], None]
    sha256: Mapping[str, str]

    @cached_property
    def mnist(self) -> Mnist:
        """Return the data set, read when it is first asked for."""
        return mnist.read(self.data, sha256=self.sha256)

    def rng(self, stream: int = 0) -> np.random.Generator:
        """Return the generator of one of the seed's streams, each time from its beginning."""
        return np.random.default_rng([self.seed, stream])

    def artifacts(self, names: Iterable[str]) -> list[Artifact]:
        """Return those of the named artifacts that the folder holds, in this order, their newest versions.

        Raises:
            UnknownModelError: it holds none of them.
        """
        catalogue = Repository(self.models).read()
        there = {artifact.metadata.name for artifact in catalogue}
        found = [catalogue.find(name) for name in names if name in there]
        if not found:
            raise UnknownModelError(
                f"{self.models} holds none of {', '.join(names)}; train one with `digits train`"
            )
        return found


def sums(artifacts: Iterable[Artifact]) -> dict[str, str]:
    """Return the sha256 of each artifact's file by its name@version: whom the numbers are about."""
    return {a.metadata.full_name: a.sha256 for a in artifacts}


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What an experiment found.

    Attributes:
        numbers: to tell and to check.
        figure: to look at.
        made: a network that came of it, with what is to be known of it.
    """

    numbers: Numbers
    figure: "Figure"
    made: tuple[Network, Metadata] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """One of the videos' experiments.

    Attributes:
        name: of the command, the picture and the numbers.
        sentence: what it asks.
        conduct: measures and draws.
        settings: of that function: how many images, epochs and so on; a frozen dataclass.
        tell: the numbers → Markdown, what is seen.
    """

    name: str
    sentence: str
    conduct: Callable[[Bench, Any], Outcome]
    settings: Any
    tell: Callable[[Numbers], str]
