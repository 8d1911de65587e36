import io
import shutil
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.artifacts import golden_samples, load, rounded, save
from service.artifacts.save import check_version
from service.errors import BadArtifactError, BadInputError
from service.network import ACTIVATIONS, SIGMOID, Layer, Network

DTYPES = ["float32", "float16"]

PYTHON_PRINTS = "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())"


def installed(*commands):
    """Choose the commands that this machine has; Python it has always."""
    return [command for command in commands if shutil.which(command[0])]


PRINTERS = installed(["unzip", "-p"], [sys.executable, "-c", PYTHON_PRINTS])
TESTERS = installed(["unzip", "-t"], [sys.executable, "-m", "zipfile", "--test"])


@st.composite
def networks(draw):
    sizes = [*draw(st.lists(st.integers(1, 9), min_size=1, max_size=4)), draw(st.integers(2, 9))]
    names = draw(
        st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=len(sizes) - 1, max_size=len(sizes) - 1)
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return Network.random(
        sizes, rng, activations=[ACTIVATIONS[name] for name in names], initialisation="normal"
    )


@settings(max_examples=40, deadline=None)  # each waits for the disk
@given(networks(), st.sampled_from(DTYPES))
def test_a_saved_network_comes_back_with_its_numbers_rounded(tmp_path_factory, metadata_for, network, dtype):
    golden = golden_samples(rounded(network, dtype), np.ones((1, network.sizes[0])))
    metadata = metadata_for(network, golden=golden)

    artifact = load(save(network, metadata, tmp_path_factory.mktemp("models"), dtype=dtype))

    assert artifact.metadata == metadata
    for before, after in zip(network.layers, artifact.network.layers, strict=True):
        assert np.array_equal(after.weights, before.weights.astype(dtype).astype(np.float32))
        assert np.array_equal(after.biases, before.biases.astype(dtype).astype(np.float32))
        assert after.activation is before.activation


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_same_seed_gives_the_same_bytes(tmp_path, metadata_for, dtype):
    def saved(folder, seed):
        network = rounded(Network.random((4, 3, 2), np.random.default_rng(seed)), dtype)
        return save(network, metadata_for(network), tmp_path / folder, dtype=dtype).read_bytes()

    assert saved("one", seed=1) == saved("other", seed=1)
    assert saved("one", seed=1) != saved("third", seed=2)


def test_float64_is_saved_as_float32(tmp_path, network, metadata_for):
    double = Network(
        tuple(Layer(a.weights.astype(float), a.biases.astype(float), a.activation) for a in network.layers)
    )

    assert (
        save(double, metadata_for(network), tmp_path).read_bytes()
        == save(network, metadata_for(network), tmp_path).read_bytes()
    )


def test_weights_may_lie_in_memory_in_any_order(tmp_path, network, metadata_for):
    transposed = Network(
        tuple(Layer(np.asfortranarray(a.weights), a.biases[::-1][::-1], a.activation) for a in network.layers)
    )

    assert (
        save(transposed, metadata_for(network), tmp_path).read_bytes()
        == save(network, metadata_for(network), tmp_path).read_bytes()
    )


def test_float16_takes_half_the_bytes(tmp_path, small_network, metadata_for):
    half = rounded(small_network, "float16")
    metadata = metadata_for(half)

    sizes = [save(half, metadata, tmp_path, dtype=dtype).stat().st_size for dtype in DTYPES]

    assert sizes[0] - sizes[1] == 2 * 13_002


# What others read


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_reads_the_arrays(tmp_path, small_network, metadata_for, dtype):
    half = rounded(small_network, dtype)

    with np.load(save(half, metadata_for(half), tmp_path, dtype=dtype), allow_pickle=False) as arrays:
        for depth, (n_in, n_out) in enumerate(pairwise((784, 16, 16, 10))):
            assert arrays[f"layers/{depth}/weights"].shape == (n_out, n_in)
            assert arrays[f"layers/{depth}/weights"].dtype == dtype
            assert arrays[f"layers/{depth}/biases"].shape == (n_out,)
        assert np.array_equal(arrays["layers/2/weights"], half.layers[2].weights)


@pytest.mark.parametrize("command", PRINTERS, ids=lambda command: Path(command[0]).name)
def test_unzip_prints_the_metadata(artifact_folder, command):
    printed = subprocess.run(
        [*command, artifact_folder / "tiny/1.npz", "metadata.json"], check=True, capture_output=True
    ).stdout

    assert b'"description": "An untrained network for tests.",' in printed.splitlines()


@pytest.mark.parametrize("command", TESTERS, ids=lambda command: Path(command[0]).name)
def test_unzip_finds_no_error(artifact_folder, command):
    subprocess.run([*command, artifact_folder / "tiny/1.npz"], check=True, capture_output=True)


def test_sha256sum_checks_the_folder(artifact_folder):
    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"],
        cwd=artifact_folder,
        check=True,
        capture_output=True,
    )

    assert checked.stdout == b"tiny/1.npz: OK\n"


def test_each_array_is_byte_for_byte_what_numpy_writes(artifact_folder, small_network):
    buffer = io.BytesIO()
    np.save(buffer, small_network.layers[0].weights)

    with zipfile.ZipFile(artifact_folder / "tiny/1.npz") as archive:
        assert archive.read("layers/0/weights.npy") == buffer.getvalue()


def test_members_are_sorted_stored_dated_1980_and_readable_by_all_when_extracted(artifact_folder):
    with zipfile.ZipFile(artifact_folder / "tiny/1.npz") as archive:
        entries = archive.infolist()

    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {(entry.create_system, entry.external_attr >> 16) for entry in entries} == {(3, 0o644)}


def test_a_dozen_layers_keep_their_order(tmp_path, metadata_for):
    network = Network.random((2, *range(3, 14), 2), np.random.default_rng(0))

    assert load(save(network, metadata_for(network), tmp_path)).network.sizes == network.sizes


# What is refused


def test_sizes_that_are_not_those_of_the_network_are_refused(tmp_path, network, metadata_for):
    other = Network.random((4, 5, 2))

    with pytest.raises(BadArtifactError, match=r"tiny/1.npz: .*sizes \(4, 5, 2\), the network \(4, 3, 2\)"):
        save(network, metadata_for(other), tmp_path)


def test_activations_that_are_not_those_of_the_network_are_refused(tmp_path, network, metadata_for):
    with pytest.raises(BadArtifactError, match=r"activations .*'relu'"):
        save(network, metadata_for(network, activations=("relu", "sigmoid")), tmp_path)


def test_golden_samples_of_another_network_are_refused(tmp_path, network, metadata_for):
    other = Network.random((4, 3, 2), np.random.default_rng(7))

    with pytest.raises(BadArtifactError, match="golden"):
        save(network, metadata_for(other), tmp_path)


def test_golden_samples_of_the_network_before_rounding_are_refused(tmp_path, metadata_for):
    weights = np.full((2, 784), 0.10001, np.float32)  # each loses 0.00003 in float16
    network = Network((Layer(weights, np.full(2, -39, np.float32), SIGMOID),))

    with pytest.raises(BadArtifactError, match="golden"):
        save(network, metadata_for(network), tmp_path, dtype="float16")


@pytest.mark.parametrize(
    ("number", "dtype"), [(np.nan, "float32"), (np.inf, "float32"), (70_000, "float16"), (-70_000, "float16")]
)
def test_numbers_that_do_not_fit_are_refused(tmp_path, metadata_for, number, dtype):
    sound = Network.random((1, 2))
    network = Network((Layer(np.full((2, 1), number, np.float32), np.zeros(2, np.float32), SIGMOID),))

    with pytest.raises(BadArtifactError, match=f"does not fit {dtype}"):
        save(network, metadata_for(sound), tmp_path, dtype=dtype)


def test_an_unknown_dtype_is_refused(tmp_path, network, metadata_for):
    with pytest.raises(BadArtifactError, match="'float64' is unknown; use float32 or float16"):
        save(network, metadata_for(network), tmp_path, dtype="float64")


def test_a_file_that_would_not_be_read_again_is_refused_before_the_old_one_is_replaced(
    artifact_folder, metadata_for
):
    """4096 × 4096 weights and some biases: just over 64 MiB in float32, and half of that in float16."""
    path = artifact_folder / "tiny/1.npz"
    old, sums = path.read_bytes(), (artifact_folder / "SHA256SUMS").read_text()
    sizes = (4096, 4096, 2)
    network = Network(
        tuple(
            Layer(np.zeros((n_out, n_in), np.float32), np.zeros(n_out, np.float32), SIGMOID)
            for n_in, n_out in pairwise(sizes)
        )
    )

    with pytest.raises(BadArtifactError, match=r"tiny/1.npz: .* at most 67108864 are read; .* float16"):
        save(network, metadata_for(network), artifact_folder)

    assert (path.read_bytes(), (artifact_folder / "SHA256SUMS").read_text()) == (old, sums)
    assert load(save(network, metadata_for(network), artifact_folder, dtype="float16")).network.sizes == sizes


def test_what_is_refused_leaves_nothing_behind(tmp_path, network, metadata_for):
    with pytest.raises(BadArtifactError):
        save(network, metadata_for(network, activations=("relu", "sigmoid")), tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_rounding_to_float16_gives_what_numpy_rounds_to():
    network = Network((Layer(np.array([[0.1]], np.float32), np.array([1 / 3], np.float32), SIGMOID),))

    (layer,) = rounded(network, "float16").layers

    assert layer.weights[0, 0] == np.float32(0.0999755859375)  # 1638 × 2^-14
    assert layer.weights.dtype == np.float32
    assert not layer.weights.flags.writeable


def test_rounding_leaves_the_network_alone(network):
    before = [layer.weights.copy() for layer in network.layers]

    rounded(network, "float16")

    assert all(np.array_equal(a, layer.weights) for a, layer in zip(before, network.layers, strict=True))


@pytest.mark.parametrize(("version", "why"), [("1.history", "no .history at the end"), ("-1", "the first")])
def test_a_version_of_allowed_signs_that_cannot_be_is_told_why(version, why):
    with pytest.raises(BadInputError, match=why):
        check_version(version)
