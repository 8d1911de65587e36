"""Weights on their way: a network at moments of its training, for replay, in <version>.history.npz.

Beside the artifact, never in it: these answer only whoever replays the training. The file has the artifact's
form, with an array of n networks where the artifact has one, in float16, and it is read as warily.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from service.artifacts import disk
from service.artifacts.document import render, sound, validated
from service.artifacts.format import HISTORY_SUFFIX, ActivationNames, Metadata, Name, Sizes, Version
from service.artifacts.load import MAX_FILE_BYTES, Artifact
from service.artifacts.npz import DTYPES, by_name, network_of, open_archive, pack, read_document, read_stacks
from service.artifacts.record import Count, Record, Row, rising
from service.artifacts.save import put, remove, rounded
from service.artifacts.sums import checked, read_sums
from service.errors import BadArtifactError
from service.network import Network

__all__ = ["DTYPE", "History", "history_of", "load_history", "remove_history", "save_history"]

DTYPE = "float16"
MOST_MOMENTS = 256


class Document(Record):
    """What a history says of itself."""

    schema_version: Literal[1] = 1
    name: Name
    version: Version
    sizes: Sizes
    activations: ActivationNames
    epochs: Annotated[Row[Count], Field(min_length=1, max_length=MOST_MOMENTS)]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if len(self.activations) != len(self.sizes) - 1:
            raise ValueError("activations are not one a layer")
        if not rising(self.epochs):
            raise ValueError("epochs are not rising")
        return self


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """A network at moments of its training.

    Attributes:
        name: of the model.
        version: of the artifact.
        epochs: rising; 0 is the start.
        networks: one an epoch, float32 and read-only.
        sha256: of the file.
    """

    name: str
    version: str
    epochs: tuple[int, ...]
    networks: tuple[Network, ...]
    sha256: str


def save_history(networks: Mapping[int, Network], metadata: Metadata, folder: Path) -> Path:
    """Write <folder>/<name>/<version>.history.npz and its line in SHA256SUMS; return the file's path.

    Args:
        networks: by epoch; rounded to float16. The same networks give the same bytes.
        metadata: of the artifact that they led to.
        folder: of artifacts; made where it is missing.

    Raises:
        BadArtifactError: there are none or too many, one has other sizes than the metadata or a number that
            float16 cannot hold, the file would be larger than what is read, or the folder cannot be written
            to.
    """
    file = _file(metadata.name, metadata.version)
    try:
        content = _packed(dict(sorted(networks.items())), metadata)
        _verified(content)
    except BadArtifactError as error:
        raise BadArtifactError(f"{folder / file}: {error}") from error
    return put(folder, file, content)


def remove_history(name: str, version: str, folder: Path) -> None:
    """Remove the history of an artifact, where there is one, before other weights take the artifact's place.

    Raises:
        BadArtifactError: the folder cannot be written to.
    """
    remove(folder, _file(name, version))


def _file(name: str, version: str) -> str:
    return f"{name}/{version}{HISTORY_SUFFIX}"


def _packed(networks: Mapping[int, Network], metadata: Metadata) -> bytes:
    if not 0 < len(networks) <= MOST_MOMENTS:
        raise BadArtifactError(f"has {len(networks)} moments; keep 1 to {MOST_MOMENTS}")
    if min(networks) < 0:
        raise BadArtifactError(f"has an epoch {min(networks)} before the start, which is 0")
    for epoch, network in networks.items():
        if _form(network) != (metadata.sizes, metadata.activations):
            raise BadArtifactError(f"{network!r} of epoch {epoch} is not the network of the metadata")
    kept = [rounded(network, DTYPE) for network in networks.values()]
    by_depth = zip(*(network.layers for network in kept), strict=True)  # one layer at every moment
    arrays = by_name(
        (np.stack([layer.weights for layer in layers]), np.stack([layer.biases for layer in layers]))
        for layers in by_depth
    )
    document = Document(
        name=metadata.name,
        version=metadata.version,
        sizes=metadata.sizes,
        activations=metadata.activations,
        epochs=tuple(networks),
    )
    return pack(render(document), arrays, DTYPES[DTYPE])


def _form(network: Network) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Tell the sizes and activations of a network, as metadata do."""
    return network.sizes, network.activation_names


def load_history(path: Path, *, sha256: str | None = None, inside: Path | None = None) -> History:
    """Read a history, verifying everything before any number is used; the arguments are those of load().

    Raises:
        BadArtifactError: the file is missing, or not what it claims to be; the message names the fault.
    """
    with disk.named(path):
        return _verified(disk.read(path, MAX_FILE_BYTES, inside), sha256=sha256)


def _verified(content: bytes, *, sha256: str | None = None) -> History:
    digest = checked(content, sha256)
    archive = open_archive(content)
    text = read_document(archive)
    sound(text)
    document = validated(Document, text)
    stacks = read_stacks(archive, document.sizes, len(document.epochs))
    networks = tuple(
        network_of({name: stack[place] for name, stack in stacks.items()}, document.activations)
        for place in range(len(document.epochs))
    )
    return History(document.name, document.version, document.epochs, networks, digest)


def history_of(artifact: Artifact, folder: Path) -> History | None:
    """Read the history of an artifact of this folder; None where none was kept.

    Raises:
        BadArtifactError: it is not what it claims to be, or it is another network's.
    """
    metadata = artifact.metadata
    file = _file(metadata.name, metadata.version)
    if not (folder / file).exists():
        return None
    history = load_history(folder / file, sha256=read_sums(folder).get(file), inside=folder)
    if (history.name, history.version, *_form(history.networks[0])) != (
        metadata.name,
        metadata.version,
        metadata.sizes,
        metadata.activations,
    ):
        raise BadArtifactError(
            f"{folder / file}: is the history of {history.name}@{history.version}, {history.networks[0]!r}; "
            "remove it"
        )
    return history
