"""The page for operators tells the truth: its commands are run, its queries ask for what there is."""

import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
ALERTS = (ROOT / "deploy" / "prometheus" / "rules" / "alerts.yml").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUERIES = [line for kind, text in BLOCK.findall(PAGE) if kind == "promql" for line in text.splitlines()]
COMMANDS = [
    tuple(text.removeprefix("$ ").split("\n", 1)) for kind, text in BLOCK.findall(PAGE) if kind == "console"
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_what_there_is(query, asked_for, there_is):
    assert asked_for(query)
    assert asked_for(query) - there_is == set()


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


def test_prometheus_takes_the_queries(prometheus_takes):
    assert not prometheus_takes(QUERIES)


@pytest.mark.parametrize("alert", re.findall(r"alert: (\w+)", ALERTS))
def test_every_alert_says_what_to_do(alert):
    assert f"| `{alert}` |" in PAGE
