"""What is exported, what Prometheus' rules record, and Prometheus' own tool."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr

from service.settings import Settings
from service.web.app import create_app

RULES = sorted((Path(__file__).parents[2] / "deploy" / "prometheus").glob("rules/*.yml"))


@pytest.fixture(scope="session")
def asked_for():
    """The names of the metrics in a query, as they are exported."""

    def asked_for(promql):
        names = re.findall(r"\b(?:digits[_:]|process_)[\w:]+", promql)
        return {re.sub(r"_(bucket|count|sum)$", "", name) for name in names}

    return asked_for


@pytest.fixture(scope="session")
def scrape():
    """What a service exports that has answered a request with a key."""
    client = create_app(Settings(workers=1, api_keys=SecretStr("ann s3cret"))).test_client()
    client.get("/v1/models", headers={"X-API-Key": "s3cret"})
    return client.get("/metrics").text


@pytest.fixture(scope="session")
def there_is(scrape):
    """The metrics that are exported, and those that the rules record."""
    recorded = re.findall(r"record: (\S+)", "".join(rules.read_text() for rules in RULES))
    return {*re.findall(r"^# HELP (\w+) ", scrape, re.MULTILINE), *recorded}


@pytest.fixture(scope="session")
def promtool():
    """Run Prometheus' own tool; where it is missing, nothing is checked with it."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("install promtool, which comes with Prometheus")

    def run(*arguments, **options):
        return subprocess.run(
            [found, *arguments], capture_output=True, text=True, check=False, timeout=110, **options
        )

    return run


@pytest.fixture(scope="session")
def prometheus_takes(promtool, tmp_path_factory):
    """Let promtool read some queries; return what it said, nothing if they are well."""

    def prometheus_takes(queries):
        rules = "".join(f"  - record: q{i}\n    expr: >-\n      {query}\n" for i, query in enumerate(queries))
        file = tmp_path_factory.mktemp("queries") / "queries.yml"
        file.write_text(f"groups:\n- name: queries\n  rules:\n{rules}")
        done = promtool("check", "rules", str(file))
        return done.stderr if done.returncode else ""

    return prometheus_takes
