"""From nothing to a service: what `make serve` and `make test` do after a `git clone`.

The environment is made by scripts/environment. Here it meets machines of every kind: uv and each Python are
played by small scripts on a PATH that holds nothing else, so nothing is downloaded. One test starts the
service for real, from a copy of this folder.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

ROOT = Path(__file__).parents[1]
TOOLS = ("awk", "cat", "chmod", "cksum", "cp", "dirname", "echo", "make", "mkdir", "rm", "sed", "sh")

DIGITS = """#!/bin/sh
echo "digits $* on port ${DIGITS_PORT:-8000}"
"""

UV = """#!/bin/sh
[ "$1" = --version ] && exit
echo "uv $*" >>"$LOG"
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"
cp "$DIGITS" "$UV_PROJECT_ENVIRONMENT/bin/digits"
"""

PYTHON = """#!/bin/sh
case "$*" in
--version) echo "Python {version}" ;;
*version_info*) {new_enough} ;;
*ensurepip*) {capable} ;;
'-m venv .venv')
    echo "{name} $*" >>"$LOG"
    mkdir -p .venv/bin
    cp "$0" .venv/bin/python
    ;;
*--editable*)
    echo "pip $*" >>"$LOG"
    cp "$DIGITS" .venv/bin/digits
    ;;
*) echo "pip $*" >>"$LOG" ;;
esac
"""


class Machine:
    """A clone on a machine that has the tools of every Unix, and what a test puts there."""

    def __init__(self, folder):
        self.folder = folder
        self.clone = folder / "clone"
        self.tools = folder / "tools"
        self.log = folder / "log"
        self.log.touch()
        (self.clone / "scripts").mkdir(parents=True)
        for name in ("Makefile", "pyproject.toml", "uv.lock", "requirements.txt", "scripts/environment"):
            shutil.copy(ROOT / name, self.clone / name)
        self.environ = {
            "PATH": str(self.tools),
            "LOG": str(self.log),
            "DIGITS": str(self.tools / "digits-of-the-environment"),
        }
        self.tools.mkdir()
        for name in TOOLS:
            (self.tools / name).symlink_to(shutil.which(name))
        self.has("digits-of-the-environment", DIGITS)

    def has(self, name, script):
        (self.tools / name).write_text(script)
        (self.tools / name).chmod(0o755)

    def has_python(self, name, version, *, capable=True):
        new_enough = tuple(map(int, version.split(".")[:2])) >= (3, 11)
        truth = {True: "true", False: "false"}
        self.has(
            name,
            PYTHON.format(name=name, version=version, new_enough=truth[new_enough], capable=truth[capable]),
        )

    def make(self, *targets):
        return subprocess.run(
            ["make", "--no-print-directory", *targets],
            cwd=self.clone,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def installations(self):
        """What was run to make environments: the first word of each step."""
        return [line.split()[0] for line in self.log.read_text().splitlines()]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def machine_with_uv(machine):
    machine.has("uv", UV)
    return machine


def test_make_alone_lists_what_there_is(machine):
    listed = re.findall(r"^make ([a-z-]+) +\S", machine.make().stdout, flags=re.MULTILINE)
    assert listed[:4] == ["help", "serve", "test", "check"]


class TestWhatIsThere:
    def test_uv_is_used_where_it_is(self, machine_with_uv):
        machine_with_uv.has_python("python3", "3.11.2")
        assert machine_with_uv.make("environment").returncode == 0
        assert machine_with_uv.log.read_text() == "uv sync --locked --all-extras --quiet\n"

    def test_python_and_pip_are_used_where_uv_is_not(self, machine):
        machine.has_python("python3", "3.11.2")
        assert machine.make("environment").returncode == 0
        made, locked, own = machine.log.read_text().splitlines()
        assert made == "python3 -m venv .venv"
        assert "--no-deps --require-hashes --requirement requirements.txt" in locked
        assert "--no-deps --no-build-isolation --no-index --editable ." in own

    def test_a_shim_of_uv_that_starts_nothing_is_passed_over(self, machine):
        machine.has("uv", "#!/bin/sh\necho 'uv: command not found' >&2\nexit 127\n")
        machine.has_python("python3", "3.13.0")
        assert machine.make("environment").returncode == 0
        assert machine.installations == ["python3", "pip", "pip"]

    @pytest.mark.parametrize(
        "python3",
        [
            "#!/bin/sh\necho 'pyenv: python3: command not found' >&2\nexit 127\n",
            PYTHON.format(name="python3", version="3.8.18", new_enough="false", capable="true"),
            PYTHON.format(name="python3", version="3.11.2", new_enough="true", capable="false"),
        ],
        ids=["a shim", "too old", "without venv"],
    )
    def test_another_python_steps_in_for_one_that_will_not_do(self, machine, python3):
        machine.has("python3", python3)
        machine.has_python("python3.12", "3.12.1")
        assert machine.make("environment").returncode == 0
        assert machine.installations == ["python3.12", "pip", "pip"]


class TestWhatIsMissing:
    def test_a_python_that_is_too_old_is_named(self, machine):
        machine.has_python("python3", "3.8.18")
        done = machine.make("serve")
        assert done.returncode != 0
        assert done.stderr.splitlines()[0] == (
            "environment: Python 3.11 or newer is needed and there is Python 3.8.18; install it, or uv: "
            "https://docs.astral.sh/uv/"
        )

    def test_no_python_at_all_is_said(self, machine):
        assert "is needed and there is no python3;" in machine.make("serve").stderr

    def test_a_python_without_venv_is_told_what_to_install(self, machine):
        machine.has_python("python3", "3.11.2", capable=False)
        done = machine.make("serve")
        assert done.returncode != 0
        assert done.stderr.splitlines()[0] == (
            "environment: python3 has no venv and ensurepip; install them (on Debian and Ubuntu: "
            "apt install python3.11-venv)"
        )


class TestWhatWasLeftBehind:
    def test_a_whole_environment_is_used_again(self, machine_with_uv):
        machine_with_uv.make("environment")
        assert machine_with_uv.make("environment").stderr == ""
        assert machine_with_uv.installations == ["uv"]

    @pytest.mark.parametrize("file", ["pyproject.toml", "uv.lock", "requirements.txt", "scripts/environment"])
    def test_an_environment_is_made_anew_when_what_it_was_made_from_changes(self, machine_with_uv, file):
        machine_with_uv.make("environment")
        with (machine_with_uv.clone / file).open("a") as text:
            text.write("# changed\n")
        machine_with_uv.make("environment")
        assert machine_with_uv.installations == ["uv", "uv"]

    def test_a_half_made_environment_is_made_anew(self, machine_with_uv):
        machine_with_uv.has("uv", UV + "exit 1 # when all but the stamp is there\n")
        assert machine_with_uv.make("environment").returncode != 0
        machine_with_uv.has("uv", UV)
        assert machine_with_uv.make("environment").returncode == 0
        assert machine_with_uv.installations == ["uv", "uv"]

    def test_nothing_of_a_half_made_environment_stays(self, machine_with_uv):
        (machine_with_uv.clone / ".venv" / "lib").mkdir(parents=True)
        assert machine_with_uv.make("environment").returncode == 0
        assert not (machine_with_uv.clone / ".venv" / "lib").exists()

    def test_an_interrupted_environment_is_made_anew(self, machine_with_uv):
        machine_with_uv.has("uv", UV + "kill -INT $PPID # as Ctrl-C does\n")
        assert machine_with_uv.make("environment").returncode != 0
        machine_with_uv.has("uv", UV)
        assert machine_with_uv.make("environment").returncode == 0
        assert machine_with_uv.installations == ["uv", "uv"]

    def test_an_environment_that_was_moved_is_made_anew(self, machine_with_uv):
        machine_with_uv.make("environment")
        machine_with_uv.clone = machine_with_uv.clone.rename(machine_with_uv.folder / "elsewhere")
        assert machine_with_uv.make("environment").returncode == 0
        assert machine_with_uv.installations == ["uv", "uv"]

    def test_an_environment_whose_python_is_gone_is_made_anew(self, machine_with_uv):
        machine_with_uv.make("environment")
        (machine_with_uv.clone / ".venv" / "bin" / "digits").write_text("#!/nowhere/python3\n")
        assert machine_with_uv.make("environment").returncode == 0
        assert machine_with_uv.installations == ["uv", "uv"]

    def test_targets_at_the_same_time_share_one_environment(self, machine_with_uv):
        machine_with_uv.make("-j", "4", "environment", "serve", "train")
        assert machine_with_uv.installations == ["uv"]


class TestServe:
    def test_serves(self, machine_with_uv):
        assert machine_with_uv.make("serve").stdout == "digits serve on port 8000\n"

    def test_takes_settings_from_the_command_line(self, machine_with_uv):
        assert machine_with_uv.make("serve", "DIGITS_PORT=9000").stdout == "digits serve on port 9000\n"

    def test_a_copy_of_this_folder_serves_the_models_that_ship(self, tmp_path):
        """Everything but the environment is real."""
        machine = Machine(tmp_path)
        shutil.rmtree(machine.clone)
        unclean = shutil.ignore_patterns(".*", "__pycache__", "runs", "dist", "build")
        shutil.copytree(ROOT, machine.clone, ignore=unclean)
        machine.has("uv", UV)
        machine.has("digits-of-the-environment", f'#!/bin/sh\nexec "{sys.executable}" -m service "$@"\n')
        settings = ("DIGITS_PORT=0", "DIGITS_WORKERS=1", "DIGITS_DRAIN_SECONDS=0")
        process = subprocess.Popen(
            ["make", "serve", *settings],
            cwd=machine.clone,
            env=machine.environ,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            served = fetch(f"{address_in(process.stdout)}/v1/models").json()["models"]
            assert "plain" in {model["name"] for model in served}
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate()


def address_in(log):
    """Read on until the service says where it listens."""
    return next(found[1] for line in log if (found := re.search(r'"url": ?"([^"]+)"', line)))


def fetch(url):
    """Read a page of a server that is starting."""
    patience = Retry(connect=200, backoff_factor=0.02, backoff_max=0.1)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=patience))
        return session.get(url, timeout=10)


@pytest.fixture(scope="module")
def lock():
    """Every package of uv.lock, by name; a name may have several versions."""
    packages = {}
    for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]:
        packages.setdefault(package["name"], []).append(package)
    return packages


@pytest.fixture(scope="module")
def locked(lock):
    """The hashes of all files that uv.lock allows, by the package's name and version."""
    return {
        (package["name"], package["version"]): {file["hash"] for file in files_of(package)}
        for versions in lock.values()
        for package in versions
        if "registry" in package["source"]
    }


def brought_by(lock, wanted):
    """The names of some packages and of all that they depend on, extras included."""
    found, waiting = set(), list(wanted)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            for package in lock[name]:
                extras = package.get("optional-dependencies", {}).values()
                waiting += [
                    other["name"] for some in (package.get("dependencies", []), *extras) for other in some
                ]
    return found


def files_of(package):
    return [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]


def requirements(path):
    """Read the hashes of a requirements file, by the package's name and version."""
    blocks = re.findall(r"^([a-z0-9-]+)==(\S+)(.*(?:\n    .*)*)", path.read_text(), flags=re.MULTILINE)
    return {(name, version): set(re.findall(r"--hash=(\S+)", rest)) for name, version, rest in blocks}


def test_pip_installs_what_uv_would(lock, locked):
    """The project, its extras and the group `dev`; other groups have targets of their own."""
    (project,) = lock["digit-service"]
    developers = {other["name"] for other in project["dev-dependencies"]["dev"]}
    names = brought_by(lock, {"digit-service", *developers})
    wanted = {key: hashes for key, hashes in locked.items() if key[0] in names}
    assert requirements(ROOT / "requirements.txt") == wanted


def test_the_lock_knows_what_each_extra_asks_for(lock):
    (project,) = lock["digit-service"]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {(extra, each) for extra, some in extras.items() for each in some}
    known = [each for each in project["metadata"]["requires-dist"] if "marker" in each]
    assert {(each["marker"], each["name"] + each["specifier"]) for each in known} == {
        (f"extra == '{extra}'", each) for extra, each in wanted
    }
    brought = {
        (extra, each["name"]) for extra, some in project["optional-dependencies"].items() for each in some
    }
    assert brought == {(extra, re.split("[<>=]", each)[0]) for extra, each in wanted}


def test_what_drives_the_page_is_locked_too(locked):
    wanted = requirements(ROOT / "tests" / "page" / "requirements.txt")
    assert "playwright" in {name for name, _ in wanted}
    assert wanted.items() <= locked.items()


@pytest.mark.parametrize("file", ["requirements.txt", "build-requirements.txt"])
def test_the_container_installs_nothing_that_is_not_locked(locked, file):
    wanted = requirements(ROOT / "deploy" / file)
    assert wanted
    assert wanted.items() <= locked.items()
