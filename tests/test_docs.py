"""The documents name everything that a client or an operator can meet."""

import ast
import re
from pathlib import Path

import pytest

from service.settings import SETTINGS, Settings
from service.verdict import Reason
from service.web.app import create_app
from service.web.options import OPTIONS, Include
from service.web.problems import KINDS
from service.web.schema import Classified, Preprocessed

ROOT = Path(__file__).parents[1]
API = (ROOT / "docs" / "api.md").read_text()
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("kind", dict.fromkeys(KINDS.values()), ids=lambda kind: kind.code)
def test_every_error_is_documented_with_its_status(kind):
    assert f"| `{kind.code}` | {kind.status.value} |" in API


@pytest.mark.parametrize(
    "name", [*OPTIONS, *Include, *Reason, *Classified.__annotations__, *Preprocessed.__annotations__]
)
def test_every_word_of_a_classification_is_documented(name):
    assert f"`{name}`" in API


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_every_setting_is_in_the_readme_with_its_sentence(setting):
    assert f"| `{setting.variable}` |" in README
    assert setting.sentence in README


@pytest.fixture
def app():
    return create_app(Settings())


def test_every_route_is_documented(app):
    routes = {rule.rule for rule in app.url_map.iter_rules()}
    assert {route for route in routes if f"{route}`" not in API} == set()


def test_every_metric_is_documented(app):
    names = set(re.findall(r"^# HELP (\w+) ", app.test_client().get("/metrics").text, re.MULTILINE))
    assert names
    assert {name for name in names if f"`{name}`" not in API} == set()


def logged_fields():
    """The fields that the code of the service gives to its log lines, by the ways in which it does that."""
    calls = {"debug", "info", "warning", "error", "log"}
    for file in (ROOT / "service" / "web").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(ast.Attribute(log, name), _, keywords) if name in calls:
                    if ast.unparse(log).endswith("log"):
                        yield from (keyword.arg for keyword in keywords)
                case ast.Call(ast.Attribute(ast.Attribute(attr="notes"), "update"), _, keywords):
                    yield from (keyword.arg for keyword in keywords)
                case ast.Subscript(ast.Attribute(attr="notes"), ast.Constant(field)):
                    yield field
                case ast.FunctionDef("_line" | "emit" | "_answer_unread"):
                    dicts = (found for found in ast.walk(node) if isinstance(found, ast.Dict))
                    yield from (key.value for found in dicts for key in found.keys if key)


def test_every_field_of_the_log_is_documented_and_every_documented_one_is_logged():
    section = OPERATIONS.partition("## The log")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section, re.MULTILINE)
    documented = {name.strip("`") for row in rows for name in row.split(", ")}
    assert documented == {*logged_fields(), "event", "level", "time"} - {None}


@pytest.mark.parametrize(
    "page", sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob(".github/*.md")])
)
def test_links_inside_the_repository_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
