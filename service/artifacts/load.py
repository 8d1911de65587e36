"""From an .npz that nobody vouches for to a network that may be served."""

from dataclasses import dataclass
from pathlib import Path

from service.artifacts import disk
from service.artifacts.document import parse
from service.artifacts.format import Metadata
from service.artifacts.golden import TOLERANCE, disagreement
from service.artifacts.npz import network_of, open_archive, read_arrays, read_document
from service.artifacts.sums import checked
from service.errors import BadArtifactError
from service.network import Network

__all__ = ["MAX_FILE_BYTES", "Artifact", "load", "self_test", "verified"]

MAX_FILE_BYTES = 64 * 2**20  # 32 million weights and biases in float16, or 16 million in float32


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Artifact:
    """A verified artifact in memory.

    Attributes:
        metadata: what it says of itself.
        network: its weights and biases, float32 and read-only.
        sha256: of the file, in hex.
        size_bytes: of the file.
        content: the file as it was verified, whatever becomes of it on disk; empty where there was none.
    """

    metadata: Metadata
    network: Network
    sha256: str
    size_bytes: int
    content: bytes = b""

    def __repr__(self) -> str:
        return f"Artifact {self.metadata.full_name}, {self.network!r}"


def load(path: Path, *, sha256: str | None = None, inside: Path | None = None) -> Artifact:
    """Read an artifact, verifying everything before any number is used.

    Args:
        path: the .npz.
        sha256: what the file must hash to, in hex, where it is known.
        inside: the folder that the file must lie in once links are followed.

    Raises:
        BadArtifactError: the file is missing, or not what it claims to be; the message names the fault.
    """
    with disk.named(path):
        return verified(disk.read(path, MAX_FILE_BYTES, inside), sha256=sha256)


def verified(content: bytes, *, sha256: str | None = None) -> Artifact:
    """Turn the bytes of an .npz into an artifact, verifying everything before any number is used.

    Raises:
        BadArtifactError: they are not what they claim to be; the message has no path in it.
    """
    digest = checked(content, sha256)
    archive = open_archive(content)
    metadata = parse(read_document(archive))
    network = network_of(read_arrays(archive, metadata.sizes), metadata.activations)
    artifact = Artifact(metadata, network, digest, len(content), content)
    self_test(artifact)
    return artifact


def self_test(artifact: Artifact) -> None:
    """Compare the network's answers to its golden samples with the activations that the artifact promises.

    Raises:
        BadArtifactError: they differ by more than 1e-4.
    """
    sample, off = disagreement(artifact.network, artifact.metadata.golden)
    if off > TOLERANCE:
        raise BadArtifactError(
            f"golden sample {sample} gives an activation {off:.2g} away from the one promised; "
            f"train {artifact.metadata.name} anew"
        )
