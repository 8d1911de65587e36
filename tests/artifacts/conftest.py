"""Artifacts built by hand with zipfile, so that they may be as wrong as a test wants them."""

import io
import json
import zipfile

import numpy as np
import pytest

from service.artifacts import Repository, load, save
from service.errors import BadArtifactError
from service.network import Network


@pytest.fixture
def tmp_path(tmp_path_factory):
    """A folder that names no test, so that a word of a message is never found in the path before it."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="session")
def network():
    """4-3-2, sigmoid: small enough to break at every byte."""
    return Network.random((4, 3, 2), np.random.default_rng(0))


@pytest.fixture(scope="session")
def good_bytes(network, metadata_for, tmp_path_factory):
    """The file of "tiny@1" as save() writes it."""
    return save(network, metadata_for(network), tmp_path_factory.mktemp("good")).read_bytes()


@pytest.fixture
def members(good_bytes):
    """Name and bytes of each member of the good file; a test changes its copy."""
    with zipfile.ZipFile(io.BytesIO(good_bytes)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def written(tmp_path):
    """Write bytes to a file of their own and return its path."""

    def write(content):
        path = tmp_path / "forged.npz"
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def forged(written):
    """Zip members, as a dict or as pairs with names that repeat, and return the path of the file."""

    def forge(members, method=zipfile.ZIP_STORED):
        return written(zipped(members, method))

    return forge


@pytest.fixture
def described(members, forged):
    """Change the good file's metadata.json, given as text or as members to replace, and return the path."""

    def describe(text=None, **changes):
        metadata = json.loads(members["metadata.json"]) | changes
        members["metadata.json"] = json.dumps(metadata).encode() if text is None else text
        return forged(members)

    return describe


@pytest.fixture(scope="session")
def same():
    """Compare two artifacts number by number."""

    def compare(one, other):
        layers = zip(one.network.layers, other.network.layers, strict=True)
        return one.metadata == other.metadata and all(
            np.array_equal(a.weights, b.weights)
            and np.array_equal(a.biases, b.biases)
            and a.activation is b.activation
            for a, b in layers
        )

    return compare


@pytest.fixture
def refused():
    """Assert that the file at a path is not loaded, and that the message says why."""

    def refuse(path, reason):
        with pytest.raises(BadArtifactError, match=reason):
            load(path)

    return refuse


def zipped(members, method):
    pairs = members.items() if isinstance(members, dict) else members
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path):
    """Where a repository looks."""
    return tmp_path / "models"


@pytest.fixture
def put(folder, network, metadata_for):
    """Save the 4-3-2 network under any name and version."""

    def put(name, version, **changes):
        return save(network, metadata_for(network, name=name, version=version, **changes), folder)

    return put


@pytest.fixture
def repository(folder):
    """What reads the folder."""
    return Repository(folder)
