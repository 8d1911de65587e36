"""docs/bulk.md tells the truth: its commands are run, here or where a cluster is at hand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from service.bulk.find import ARCHIVES
from service.bulk.found import PICTURES
from service.bulk.rows import Rows
from service.bulk.tables import TABLES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bulk.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN_ELSEWHERE = {  # each command, and where what runs it stands
    "dask scheduler --host 127.0.0.1": ("tests/bulk/test_cluster.py", 'dask("scheduler", '),
    "dask worker tcp://127.0.0.1:8786": ("tests/bulk/test_cluster.py", 'dask("worker", '),
    ".venv/bin/digits classify-many scans --out results.parquet --dask tcp://127.0.0.1:8786": (
        "tests/bulk/test_cluster.py",
        '"--dask", running.address',
    ),
    "make bench-bulk": ("tests/benchmarks/test_bulk.py", "bulk.compare("),
}


def commands():
    """Each command of the page, and what it is said to print."""
    for language, text in BLOCK.findall(PAGE):
        assert language == "console"
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            yield line, output.strip()


@pytest.mark.timeout(300)
def test_the_commands_print_what_the_page_says(tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for command, output in commands():
        if command not in RUN_ELSEWHERE:
            line = command.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", line],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            promised = re.escape(output).replace("…", ".*")
            assert re.fullmatch(promised, done.stdout.strip()), done.stdout


def test_the_other_commands_are_run_by_another_test():
    told = {command for command, output in commands() if not output and command in RUN_ELSEWHERE}
    assert told == set(RUN_ELSEWHERE)
    for place, words in RUN_ELSEWHERE.values():
        assert words in (ROOT / place).read_text()


@pytest.mark.parametrize(
    "name", [*ARCHIVES, *PICTURES, *TABLES, *Rows("", "", tuple("0123456789"), 0).members]
)
def test_every_name_is_documented(name):
    assert f"`{name}`" in PAGE or f"`*{name}`" in PAGE
