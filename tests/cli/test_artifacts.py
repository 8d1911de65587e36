"""`digits models`, `inspect` and `verify`: what is known of artifacts."""

import json
import shutil
from hashlib import sha256

import pytest

from service.artifacts import save


class TestModels:
    def test_lists_each_in_a_line(self, digits, artifact_folder):
        assert digits("models", "--models", artifact_folder).out == (
            "tiny@1  Network 784-16-16-10, sigmoid sigmoid sigmoid: 13,002 weights and biases, 75.00% right, "
            "rejects below 0.5\n"
        )

    def test_lists_each_as_a_line_of_json(self, digits, artifact_folder):
        (line,) = digits("models", "--models", artifact_folder, "--json").out.splitlines()
        listed = json.loads(line)
        file = artifact_folder / "tiny" / "1.npz"
        assert (listed["name"], listed["sizes"], listed["parameters"]) == ("tiny", [784, 16, 16, 10], 13_002)
        assert listed["sha256"] == sha256(file.read_bytes()).hexdigest()
        assert listed["size_bytes"] == file.stat().st_size

    def test_says_when_the_folder_has_none(self, digits, tmp_path):
        done = digits("models", "--models", tmp_path)
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith(f"digits: {tmp_path}: has no artifacts")


class TestInspect:
    @pytest.mark.parametrize("how", ["name", "name and version", "path"])
    def test_shows_an_artifact_by_name_or_path(self, digits, artifact_folder, how):
        artifact = {"name": "tiny", "name and version": "tiny@1", "path": artifact_folder / "tiny" / "1.npz"}[
            how
        ]
        done = digits("inspect", artifact, "--models", artifact_folder)
        assert done.status == 0
        assert "An untrained network for tests.\n" in done.out
        assert "trained        on 50,000 images of MNIST, 2 epochs, cross-entropy cost, seed 0\n" in done.out
        assert "measured       on 40 images of MNIST t10k\n" in done.out

    def test_leaves_out_what_the_artifact_does_not_know(self, digits, tmp_path, small_network, metadata_for):
        path = save(small_network, metadata_for(small_network, training=None, evaluation=None), tmp_path)
        done = digits("inspect", path)
        assert "not measured" in done.out
        assert not {"trained", "measured"} & {line.split()[0] for line in done.out.splitlines()}

    def test_prints_json(self, digits, artifact_folder):
        told = json.loads(digits("inspect", artifact_folder / "tiny" / "1.npz", "--json").out)
        assert told["reject"] == {
            "score": "largest_activation",
            "threshold": 0.5,
            "chosen": "by hand, for tests",
        }
        assert "golden" not in told


class TestVerify:
    @pytest.mark.parametrize("by", ["name", "path"])
    def test_prints_the_sha256_of_a_good_artifact(self, digits, artifact_folder, by):
        file = artifact_folder / "tiny" / "1.npz"
        done = digits("verify", file if by == "path" else "tiny", "--models", artifact_folder)
        assert done == (0, f"{sha256(file.read_bytes()).hexdigest()}  ok\n", "")

    @pytest.mark.parametrize("name", ["odd-name.npz", "2.npz", "other/1.npz", "tiny/1/1.npz"])
    def test_tells_where_a_file_would_be_served_that_lies_elsewhere(
        self, digits, artifact_folder, tmp_path, name
    ):
        file = tmp_path / "downloads" / name
        file.parent.mkdir(parents=True)
        shutil.copyfile(artifact_folder / "tiny" / "1.npz", file)
        done = digits("verify", file)
        assert (done.status, done.out) == (0, f"{sha256(file.read_bytes()).hexdigest()}  ok\n")
        assert done.err == f"digits: {file}: holds tiny@1; to serve it, move it to <models>/tiny/1.npz\n"

    def test_tells_nothing_of_a_file_that_is_named_from_its_own_folder(
        self, digits, artifact_folder, monkeypatch
    ):
        monkeypatch.chdir(artifact_folder / "tiny")
        done = digits("verify", "1.npz")
        assert (done.status, done.err) == (0, "")

    def test_refuses_a_file_that_is_none(self, digits, tmp_path):
        (tmp_path / "1.npz").write_bytes(b"no archive")
        done = digits("verify", tmp_path / "1.npz")
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith(f"digits: {tmp_path}/1.npz: ")
        assert done.err.count("\n") == 1

    def test_holds_a_file_to_the_sum_that_its_folder_lists(
        self, digits, artifact_folder, small_network, metadata_for, tmp_path
    ):
        other = save(small_network, metadata_for(small_network, licence="CC0-1.0"), tmp_path / "other")
        shutil.copyfile(other, artifact_folder / "tiny" / "1.npz")
        done = digits("verify", artifact_folder / "tiny" / "1.npz")
        assert (done.status, done.out) == (1, "")
        assert f"sha256 is {sha256(other.read_bytes()).hexdigest()}, not " in done.err

    def test_refuses_preprocessing_that_imaging_does_not_know(
        self, digits, small_network, metadata_for, tmp_path
    ):
        metadata = metadata_for(small_network, preprocessing={"name": "magic"})
        done = digits("verify", save(small_network, metadata, tmp_path))
        assert done.status == 1
        assert "'magic'" in done.err
