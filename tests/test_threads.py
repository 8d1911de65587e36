"""How many threads linear algebra has."""

import os
import subprocess
import sys

from service.threads import ONE_THREAD, one_thread


def test_each_library_is_told_one_unless_somebody_said_otherwise(monkeypatch):
    for name in ONE_THREAD:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    one_thread()
    assert {name: os.environ[name] for name in ONE_THREAD} == {**ONE_THREAD, "OPENBLAS_NUM_THREADS": "3"}


def test_the_command_line_says_so_before_numpy_is_imported():
    script = """
import os, sys
from service import cli
assert "numpy" not in sys.modules
sys.argv = ["digits", "--version"]
try:
    cli.main()
except SystemExit:
    print(os.environ["OPENBLAS_NUM_THREADS"], "numpy" in sys.modules)
"""
    environ = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environ
    )
    assert told.stdout.split()[-2:] == ["1", "False"]
