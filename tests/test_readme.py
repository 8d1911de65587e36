"""The README tells the truth: every command in it is run, and prints what it says there.

A block of commands is fenced as ``console``; a line that begins with ``$ `` is a command, what follows is its
output. Commands that start containers are run by tests/container, those that begin a project from nothing by
tests/test_make.py.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN_ELSEWHERE = {  # each command, and where what runs it stands
    "make serve": ("tests/test_make.py", '"make", "serve"'),
    "make test": ("Makefile", "\t$(PYTEST)\n"),  # which is what runs this
    "make up": ("tests/container/conftest.py", '"make", "up"'),
    "docker compose up --detach --build --wait": (
        "deploy/container.mk",
        "compose up --detach --build --wait",
    ),
}
NEEDS_MNIST = ("train", "evaluate")  # commands of `digits`


class Command(NamedTuple):
    """One command of the README and the lines that it is said to print."""

    line: str
    output: str


def blocks():
    """The commands of each console block, in order; a trailing backslash continues a line."""
    for language, text in BLOCK.findall(README):
        if language == "console":
            parts = re.split(r"^\$ ", text.replace("\\\n", ""), flags=re.MULTILINE)[1:]
            yield [
                Command(line, output.strip()) for line, _, output in (part.partition("\n") for part in parts)
            ]


def elsewhere(block):
    return block[0].line.startswith(tuple(RUN_ELSEWHERE))


def agrees(printed, promised):
    """Compare outputs; numbers of JSON to 1e-5, what differs from call to call not at all."""
    if promised.startswith(("{", "[")):
        return same_json(json.loads(printed), json.loads(promised))
    pattern = re.escape(promised).replace(re.escape("…"), ".*")
    return re.fullmatch(pattern, printed, flags=re.DOTALL) is not None


def same_json(printed, promised):
    match promised:
        case dict():
            return printed.keys() == promised.keys() and all(
                name == "id" or same_json(printed[name], value) for name, value in promised.items()
            )
        case list():
            return len(printed) == len(promised) and all(map(same_json, printed, promised))
        case float():
            return printed == pytest.approx(promised, abs=1e-5)
        case _:
            return printed == promised


MOST_SECONDS = 900  # for one command: to evaluate frames tens of thousands of pictures of noise


@pytest.fixture(scope="module")
def served():
    """The address of a service as `make serve` starts it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "service", "serve", "--port", str(port), "--workers", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as service:
        while not answers(f"http://127.0.0.1:{port}/readyz") and service.poll() is None:
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
        service.send_signal(signal.SIGINT)


def answers(url):
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.mark.timeout(2 * MOST_SECONDS)
@pytest.mark.parametrize("block", [b for b in blocks() if not elsewhere(b)], ids=lambda b: b[0].line[:60])
def test_the_commands_print_what_the_readme_says(block, request, served, tmp_path):
    environ = dict(os.environ)
    if any(command.line.partition(" ")[2].startswith(NEEDS_MNIST) for command in block):
        environ["MNIST_DIR"] = str(request.getfixturevalue("mnist_folder"))
    for command in block:
        line = command.line.replace("localhost:8000", served).replace("runs/", f"{tmp_path}/")
        line = line.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert agrees(done.stdout.strip(), command.output), done.stdout


def test_every_block_is_of_a_kind_that_is_run():
    """Python blocks are run with the documents; the others here."""
    assert {language for language, _ in BLOCK.findall(README)} <= {"console", "python", "toml", "text"}


@pytest.mark.parametrize("block", [b for b in blocks() if elsewhere(b)], ids=lambda b: b[0].line[:60])
def test_the_commands_are_run_by_another_test(block):
    for command in block:
        place, words = RUN_ELSEWHERE[command.line]
        assert words in (ROOT / place).read_text()


def test_the_recipe_is_the_one_that_is_trained():
    assert ("toml", (ROOT / "examples" / "small.toml").read_text()) in BLOCK.findall(README)
