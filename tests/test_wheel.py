"""The built wheel: what is in it, and that it works where nothing else of this folder is."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from email import message_from_bytes
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
INGREDIENTS = ("LICENSE", "README.md", "pyproject.toml", "model_artifacts", "service")


def build(source, out):
    """Build a wheel without network, and return its path."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source],
        env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"},
        capture_output=True,
        check=True,
    )
    (wheel,) = Path(out).glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A fresh environment that holds the wheel, and sees what it depends on in ours."""
    environment = tmp_path_factory.mktemp("elsewhere") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    uv = ["uv", "pip", "install", "--python", python, "--quiet"]
    subprocess.run([*(pip if find_spec("pip") else uv), "--no-deps", "--no-index", wheel], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return environment


def digits(environment, *arguments):
    """Run the installed command from a folder that is not ours."""
    return subprocess.run(
        [environment / "bin" / "digits", *arguments],
        cwd=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def files_in(folder):
    """Every file of a folder of the project, as it is named in the wheel."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_holds_the_package_with_its_artifacts_and_type_information(wheel):
    packed = {name for name in ZipFile(wheel).namelist() if name.startswith("service/")}
    artifacts = {f"service/{name}" for name in files_in("model_artifacts")}
    assert packed == files_in("service") | artifacts
    assert {"service/py.typed", "service/model_artifacts/plain/1.npz"} <= packed


def test_names_its_licence_and_what_it_needs(wheel):
    (name,) = [name for name in ZipFile(wheel).namelist() if name.endswith("/METADATA")]
    metadata = message_from_bytes(ZipFile(wheel).read(name))
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert metadata["License-Expression"] == "MIT"
    assert {need for need in metadata.get_all("Requires-Dist") if "extra" not in need} == set(declared)


def test_the_same_source_gives_the_same_bytes_wherever_it_lies(wheel, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in INGREDIENTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, copy_function=shutil.copyfile)  # gives new dates
        else:
            shutil.copyfile(ROOT / name, source / name)
    assert build(source, tmp_path / "wheel").read_bytes() == wheel.read_bytes()


def test_the_installed_command_classifies_with_the_models_that_it_brought(installed):
    (line,) = digits(installed, "classify", ROOT / "examples" / "three.png", "--json").splitlines()
    told = json.loads(line)
    assert (told["model"], told["digit"], told["rejected"]) == ("wide", 3, False)
    models = json.loads(digits(installed, "config", "--json"))["models"]["value"]
    assert Path(models).is_relative_to(installed.resolve())
