"""The page for operators tells the truth: its commands are run, its queries ask for what there is."""

import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from service.settings import Settings
from service.web.app import create_app

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "operations.md").read_text()
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = sorted(PROMETHEUS.glob("rules/*.yml"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUERIES = [line for kind, text in BLOCK.findall(PAGE) if kind == "promql" for line in text.splitlines()]
COMMANDS = [
    tuple(text.removeprefix("$ ").split("\n", 1)) for kind, text in BLOCK.findall(PAGE) if kind == "console"
]


def asked_for(promql):
    """The names of the metrics in a query, as they are exported."""
    names = re.findall(r"\b(?:digits[_:]|process_)[\w:]+", promql)
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in names}


@pytest.fixture(scope="module")
def scrape():
    return create_app(Settings(workers=1)).test_client().get("/metrics").text


@pytest.fixture(scope="module")
def there_is(scrape):
    """The metrics that are exported, and those that the rules record."""
    recorded = re.findall(r"record: (\S+)", "".join(rules.read_text() for rules in RULES))
    return {*re.findall(r"^# HELP (\w+) ", scrape, re.MULTILINE), *recorded}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_what_there_is(query, there_is):
    assert asked_for(query)
    assert asked_for(query) - there_is == set()


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: rules.stem)
def test_rules_read_what_there_is(rules, there_is):
    expressions = "".join(re.findall(r"expr:(.*?)(?=\n +- |\n +labels|\Z)", rules.read_text(), re.DOTALL))
    assert asked_for(expressions) - there_is == set()
    assert asked_for(expressions)


@pytest.fixture(scope="module")
def served():
    """The address of a service on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "service", "serve", "--port", str(port), "--workers", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as service:
        while not answers(f"http://127.0.0.1:{port}/readyz") and service.poll() is None:
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
        service.terminate()


def answers(url):
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize(("command", "output"), COMMANDS, ids=[command[:60] for command, _ in COMMANDS])
def test_a_command_prints_what_the_page_says(command, output, served):
    line = command.replace("localhost:8000", served)
    printed = subprocess.run(["bash", "-euc", line], capture_output=True, text=True, timeout=60, check=True)
    pattern = re.escape(output.strip()).replace(re.escape("…"), ".*")
    assert re.fullmatch(pattern, printed.stdout.strip()), printed.stdout


def test_every_block_is_of_a_kind_that_is_checked():
    assert {kind for kind, _ in BLOCK.findall(PAGE)} == {"console", "promql", "text"}


@pytest.fixture(scope="module")
def promtool():
    """Run Prometheus' own tool; where it is missing, nothing is checked with it."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("install promtool, which comes with Prometheus")

    def run(*arguments, **options):
        return subprocess.run(
            [found, *arguments], capture_output=True, text=True, check=False, timeout=60, **options
        )

    return run


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: rules.stem)
def test_prometheus_takes_the_rules(promtool, rules):
    done = promtool("check", "rules", str(rules))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("tests", sorted(PROMETHEUS.glob("tests/*.yml")), ids=lambda tests: tests.stem)
def test_the_rules_record_what_was_worked_out_by_hand(promtool, tests):
    done = promtool("test", "rules", str(tests))
    assert done.returncode == 0, done.stderr


def test_prometheus_takes_the_queries_of_the_page(promtool, tmp_path):
    rules = "".join(f"  - record: q{i}\n    expr: >-\n      {query}\n" for i, query in enumerate(QUERIES))
    (tmp_path / "queries.yml").write_text(f"groups:\n- name: queries\n  rules:\n{rules}")
    done = promtool("check", "rules", str(tmp_path / "queries.yml"))
    assert done.returncode == 0, done.stderr


def test_prometheus_has_nothing_to_say_about_the_metrics(promtool, scrape):
    done = promtool("check", "metrics", input=scrape)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
