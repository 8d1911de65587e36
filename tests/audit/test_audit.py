"""The Dockerfiles and workflows have no known weakness, and the bill of materials names what is shipped."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
DOCKERFILES = sorted([ROOT / "Dockerfile", *ROOT.glob("tests/**/*.Dockerfile")])
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LOCKS = sorted([*ROOT.glob("deploy/**/*requirements.txt"), *ROOT.glob("tests/*/requirements.txt")])


def run(tool, *arguments):
    return subprocess.run([TOOLS / tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.name)
def test_hadolint_has_nothing_to_say(file):
    done = run("hadolint", "--no-color", file)
    assert (done.returncode, done.stdout) == (0, "")


def test_zizmor_finds_nothing_in_the_workflows():
    done = run("zizmor", "--offline", ".github")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.stem)
def test_every_action_is_pinned_by_its_hash(workflow):
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    used = [step["uses"] for job in jobs for step in job.get("steps", []) if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in used)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_every_package_is_locked_with_hashes(lock):
    packages = [block for block in re.split(r"\n(?=\S)", lock.read_text()) if "==" in block]
    assert packages
    assert all("--hash=sha256:" in package for package in packages)


@pytest.fixture(scope="module")
def bill():
    done = subprocess.run(
        ["make", "--silent", "sbom", f"UV={TOOLS / 'uv'}", "SBOM=/dev/stdout"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_bill_of_materials_is_cyclonedx(bill):
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert bill["metadata"]["component"]["name"] == "digit-service"


def test_the_bill_of_materials_names_what_the_image_installs(bill):
    locked = re.findall(
        r"^([a-z0-9-]+)==(\S+)", (ROOT / "deploy" / "requirements.txt").read_text(), re.MULTILINE
    )
    named = {(component["name"], component["version"]) for component in bill["components"]}
    assert named == set(locked)


def test_every_component_has_an_address_and_hashes(bill):
    for component in bill["components"]:
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"
        assert all(reference["hashes"] for reference in component["externalReferences"])
