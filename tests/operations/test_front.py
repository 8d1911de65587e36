"""nginx' configuration agrees with the service behind it; tests/container runs both."""

import re
from pathlib import Path

import pytest

from service.settings import Settings
from service.web.ids import accept_id
from service.web.problems import FRONT_KINDS, KINDS

ROOT = Path(__file__).parents[2]
NGINX = ROOT / "deploy" / "nginx"
MAIN, LIMITS, PAGES, PROBLEMS = (
    (NGINX / f"{name}.conf").read_text() for name in ("nginx", "limits", "error_pages", "problems")
)
API = (ROOT / "docs" / "api.md").read_text()


def table(name):
    """One `map` of nginx: what it is given, and what it makes of that."""
    body = re.search(rf"^map \S+ \${name} {{[^\n]*\n(.*?)^}}", PROBLEMS, re.MULTILINE | re.DOTALL)[1]
    return dict(re.findall(r'^ +(\S+) "?([^";]+)"?;', body, re.MULTILINE))


def kinds():
    """How the service answers, by code."""
    return {kind.code: kind for kind in (*KINDS.values(), *FRONT_KINDS)}


@pytest.mark.parametrize(("status", "code"), table("problem_code").items())
def test_a_status_has_the_code_that_the_service_gives_it(status, code):
    expected = 400 if status == "default" else int(status)
    assert kinds()[code].status == expected


@pytest.mark.parametrize(("code", "title"), table("problem_title").items())
def test_a_code_has_the_title_that_the_service_gives_it(code, title):
    assert kinds()[code].title == title


def test_every_code_has_a_title_and_a_detail():
    codes = set(table("problem_code").values())
    assert set(table("problem_title")) == set(table("problem_detail")) == codes


def test_every_status_of_the_front_is_answered_in_the_shape():
    configured = PAGES + MAIN  # 502 has its last chance in a location of its own
    statuses = re.findall(r"\d+", " ".join(re.findall(r"^ *error_page (.*?) /", configured, re.MULTILINE)))
    assert set(table("problem_code")) - {"default"} <= set(statuses)


@pytest.mark.parametrize("kind", FRONT_KINDS, ids=lambda kind: kind.code)
def test_what_only_the_front_answers_is_documented(kind):
    assert f"| `{kind.code}` | {kind.status.value} |" in API


def test_the_front_reads_bodies_as_long_as_the_service_does():
    most = Settings().max_body_bytes
    assert f"client_max_body_size {most >> 20}m;" in LIMITS
    assert f"at most {most};" in PROBLEMS.replace('"', "")


def test_the_front_hangs_up_on_the_service_first():
    (upstream,) = re.findall(r"keepalive_timeout (\d+)s;", MAIN)
    assert int(upstream) < Settings().keepalive_seconds


@pytest.mark.parametrize("sent", ["a", "A-z_0.9", "x" * 128])
def test_both_take_the_same_ids(sent):
    (pattern,) = re.findall(r'"~(\S+)" \$http_x_request_id;', MAIN)
    assert re.search(pattern, sent)
    assert accept_id(sent) == sent


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", 'a"b', "ä"])
def test_both_refuse_the_same_ids(sent):
    (pattern,) = re.findall(r'"~(\S+)" \$http_x_request_id;', MAIN)
    assert not re.search(pattern, sent)
    assert accept_id(sent) != sent
