"""Every route keeps to /openapi.json, whatever is sent: thousands of requests made from the document itself.

They go to a service that asks for keys, in all phases of schemathesis; all of its checks judge the answers.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
DIGITS = os.environ.get("DIGITS_COMMAND", str(ROOT / ".venv" / "bin" / "digits"))
KEY = "a-key-for-tests-alone"
SECONDS = 60
FEWEST_CASES = 5000


@pytest.fixture
def url(tmp_path):
    """The address of a service that asks for a key."""
    keys, log = tmp_path / "keys", tmp_path / "log"
    keys.write_text(f"contract {KEY}\n")
    flags = {"port": 0, "workers": 1, "model": "plain", "api-keys-file": keys}
    command = [DIGITS, "serve", *(f"--{name}={value}" for name, value in flags.items())]
    with log.open("wb") as lines, subprocess.Popen(command, cwd=ROOT, stdout=lines) as service:
        try:
            yield wait_for(service, log)
        finally:
            service.terminate()


def wait_for(service, log):
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and service.poll() is None:
        for line in log.read_text().splitlines():
            told = json.loads(line)
            if told["event"] == "serving":
                return told["url"]
        time.sleep(0.05)
    raise AssertionError(f"the service did not start: {log.read_text()}")


def test_every_route_keeps_to_its_description_whatever_is_sent(url):
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", "schemathesis.toml"]
    environment = os.environ | {"CONTRACT_KEY": KEY}
    asked = [*command, "run", f"{url}/openapi.json", "--wait-for-schema", "30"]
    run = subprocess.run(asked, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    cases = re.search(r"^ +(\d+) generated", run.stdout, re.MULTILINE)
    assert int(cases[1]) >= FEWEST_CASES
    assert run.stdout.count("(disabled)") == 0, "a phase was left out"
