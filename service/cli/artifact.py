"""What commands say of an artifact, and where they find it."""

from pathlib import Path

from service.artifacts import Artifact, Repository, load
from service.artifacts.format import SUFFIX
from service.artifacts.sums import read_sums

__all__ = ["described", "find", "summary"]


def find(model: str, folder: Path) -> Artifact:
    """Return the verified artifact of "name" or "name@version" in a folder, or of the path of an .npz.

    Raises:
        BadArtifactError: it is not what it claims to be.
        UnknownModelError: the folder has none of that name.
    """
    path = Path(model)
    return _load(path) if path.suffix == SUFFIX else Repository(folder).read().find(model)


def _load(path: Path) -> Artifact:
    """Read one file, and hold it to SHA256SUMS where it lies in a folder of artifacts that has one."""
    place = path.resolve()
    name, folder = place.parent.name, place.parent.parent
    return load(path, sha256=read_sums(folder).get(f"{name}/{place.name}"))


def summary(artifact: Artifact) -> str:
    """Tell in one line which network it is and how good."""
    metadata = artifact.metadata
    accuracy = "not measured" if metadata.evaluation is None else f"{metadata.evaluation.accuracy:.2%} right"
    return (
        f"{metadata.full_name}  {artifact.network!r}, {accuracy}, rejects below {metadata.reject.threshold:g}"
    )


def described(artifact: Artifact) -> dict[str, object]:
    """Return everything that an artifact says of itself but its golden samples, and what its file is."""
    return {
        "sha256": artifact.sha256,
        "size_bytes": artifact.size_bytes,
        "parameters": artifact.network.n_parameters,
        **artifact.metadata.model_dump(mode="json", exclude={"golden"}),
    }
