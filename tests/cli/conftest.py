"""The command line, run in this process."""

import io
import os
import sys
from typing import NamedTuple

import pytest

from service.cli import main


class Done(NamedTuple):
    """How a command ended."""

    status: int | str | None
    out: str
    err: str


@pytest.fixture
def digits(monkeypatch, capfd):
    """Run the command line in this process."""
    for variable in [name for name in os.environ if name.startswith("DIGITS_")]:
        monkeypatch.delenv(variable)

    def run(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "argv", ["digits", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as exit_:
            main()
        return Done(exit_.value.code or 0, *capfd.readouterr())

    return run


@pytest.fixture
def tiny(artifact_folder):
    """Flags that choose the small model."""
    return ("--models", artifact_folder, "--model", "tiny")
