"""The threat model names a test for each promise, and the tests that it names exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
ROWS = re.findall(r"^\| (.+) \| (.+) \| (.+) \|$", PAGE.partition("## What stops them")[2], re.MULTILINE)
THREATS = [row for row in ROWS if row[0] != "threat" and not row[0].startswith("-")]


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_the_threat_model_names_exists(file, name):
    functions = ast.walk(ast.parse((ROOT / file).read_text()))
    assert name in {function.name for function in functions if isinstance(function, ast.FunctionDef)}


@pytest.mark.parametrize(
    ("threat", "tests"), [(row[0], row[2]) for row in THREATS], ids=[row[0] for row in THREATS]
)
def test_a_threat_is_met_by_a_test(threat, tests):
    assert re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`(, `tests/[\w/]+\.py::test_\w+`)*", tests), threat


def test_the_tables_are_read():
    assert len(THREATS) > 20
    assert len(NAMED) > 40
