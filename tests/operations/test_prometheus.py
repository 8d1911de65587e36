"""Prometheus' rules and its configuration."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = sorted(PROMETHEUS.glob("rules/*.yml"))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: rules.stem)
def test_rules_read_what_there_is(rules, there_is, asked_for):
    expressions = "".join(re.findall(r"expr:(.*?)(?=\n +- |\n +labels|\Z)", rules.read_text(), re.DOTALL))
    assert asked_for(expressions) - there_is == set()
    assert asked_for(expressions)


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: rules.stem)
def test_prometheus_takes_the_rules(promtool, rules):
    done = promtool("check", "rules", str(rules))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("tests", sorted(PROMETHEUS.glob("tests/*.yml")), ids=lambda tests: tests.stem)
def test_the_rules_record_what_was_worked_out_by_hand(promtool, tests):
    done = promtool("test", "rules", str(tests))
    assert done.returncode == 0, done.stderr


def test_prometheus_takes_its_configuration_with_every_rule(promtool):
    done = promtool("check", "config", str(PROMETHEUS / "prometheus.yml"))
    assert done.returncode == 0, done.stderr
    assert f"{len(RULES)} rule files found" in done.stdout


def test_every_replica_is_asked_at_the_port_that_it_listens_on():
    configuration = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    (job,) = (job for job in configuration["scrape_configs"] if job["job_name"] == "digits")
    (names,) = job["dns_sd_configs"]
    assert (names["names"], names["port"]) == (["service"], 8000)
    shared = set(COMPOSE["services"]["service"]["networks"])
    assert shared & set(COMPOSE["services"]["prometheus"]["networks"])


def test_prometheus_has_nothing_to_say_about_the_metrics(promtool, scrape):
    done = promtool("check", "metrics", input=scrape)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
