"""A composition of its own for the tests, beside whichever one serves already."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Composition:
    """One project of compose, driven as a person would drive it."""

    environ: dict[str, str]

    def start(self, *command: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def attempt(self, *command: str) -> "subprocess.CompletedProcess[str]":
        with self.start(*command) as process:
            out, err = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, out.strip(), err.strip())

    def run(self, *command: str) -> str:
        done = self.attempt(*command)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def inside(self, *command: str, service: str = "service") -> "subprocess.CompletedProcess[str]":
        return self.attempt("deploy/compose", "exec", "-T", service, *command)

    @property
    def url(self) -> str:
        return f"http://{self.published('front', '8080')}"

    def published(self, service: str, port: str) -> str:
        """Where a port of a service is to be found."""
        return self.run("deploy/compose", "port", service, port)

    def replicas(self, service: str = "service") -> list[str]:
        """The containers of a service."""
        return self.run("deploy/compose", "ps", "--quiet", service).split()

    def inspect(self, container: str, template: str) -> Any:
        """Part of what the engine knows of a container."""
        return json.loads(self.run("docker", "inspect", "--format", f"{{{{json {template}}}}}", container))


@contextmanager
def composed(project: str, **variables: str) -> Iterator[Composition]:
    environ = os.environ | {
        "COMPOSE_PROJECT_NAME": project,
        "DIGITS_PORT": "0",  # any that is free
        "PROMETHEUS_PORT": "0",
        "IMAGE_TAG": "test",
        **variables,
    }
    composition = Composition(environ)
    composition.run("make", "up")
    try:
        yield composition
    finally:
        composition.run("deploy/compose", "--profile", "monitoring", "down", "--volumes")


@pytest.fixture(scope="session")
def composition():
    """A service that is up, for tests that leave it so."""
    with composed("digit-service-test") as running:
        yield running


@pytest.fixture
def short_lived():
    """A service that is up, for a test that ends it."""
    with composed("digit-service-test-end") as running:
        yield running


@pytest.fixture(scope="session")
def compose():
    """Make further compositions: with compose(project): …"""
    return composed
