"""deploy/compose finds an engine, or says in one line that there is none."""

import shutil
import subprocess
from pathlib import Path

import pytest

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose"


@pytest.fixture
def tools(tmp_path):
    """All that is on the PATH; the tests add engines to it."""
    for tool in ("dirname", "git", "sed"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    return tmp_path


def compose(tools):
    return subprocess.run(
        [COMPOSE, "up", "--wait"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


def engine(path, body):
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_without_an_engine_one_plain_line_says_so(tools):
    done = compose(tools)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "no container engine answers" in done.stderr


def test_the_first_engine_that_answers_is_used(tools):
    engine(tools / "docker", "exit 1  # as when its daemon does not run")
    engine(tools / "podman", 'echo "podman $*"')
    done = compose(tools)
    assert (done.returncode, done.stdout) == (0, "podman compose up --wait\n")
