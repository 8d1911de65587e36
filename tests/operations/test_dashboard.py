"""The dashboard asks for what there is; no Grafana is needed to see that."""

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards" / "digits.json").read_text())
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ROWS = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
VARIABLES = {variable["name"]: variable["query"]["query"] for variable in DASHBOARD["templating"]["list"]}
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]


@pytest.mark.parametrize("query", [*QUERIES, *VARIABLES.values()])
def test_every_metric_that_is_asked_for_exists(query, asked_for, there_is):
    assert asked_for(query)
    assert asked_for(query) - there_is == set()


@pytest.mark.parametrize("query", QUERIES)
def test_every_label_that_is_asked_for_exists(query, scrape):
    """Those of recorded series aside, which promtool's own tests hold."""
    if "digits:" in query:
        return
    exported = {*re.findall(r"[{,](\w+)=", scrape), "instance", "job"}
    assert set(re.findall(r"(\w+)=~?\"", query)) <= exported
    assert {name for group in re.findall(r"by \(([^)]+)\)", query) for name in group.split(", ")} <= exported


@pytest.mark.parametrize("query", QUERIES)
def test_only_variables_that_exist_are_used(query):
    assert set(re.findall(r"\$(\w+)", query)) <= {*VARIABLES, "__rate_interval"}


def test_prometheus_takes_the_queries(prometheus_takes):
    values = {"$__rate_interval": "5m", "$instance": ".*", "$model": ".*"}
    pattern = re.compile("|".join(map(re.escape, values)))
    assert not prometheus_takes(pattern.sub(lambda name: values[name[0]], query) for query in QUERIES)


def test_each_thing_that_one_wants_to_see_has_a_row():
    assert {"Traffic", "Latency", "Digits", "Rejections", "Drift", "Saturation"} <= set(ROWS)


def test_every_panel_asks_the_prometheus_that_is_provisioned():
    (source,) = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text())[
        "datasources"
    ]
    asked = [target["datasource"] for panel in PANELS for target in panel["targets"]]
    assert asked + [panel["datasource"] for panel in PANELS] == [
        {"type": source["type"], "uid": source["uid"]}
    ] * (len(asked) + len(PANELS))
    assert source["url"] == "http://prometheus:9090"


def test_the_dashboard_is_where_grafana_is_told_to_look():
    (provider,) = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "digits.yml").read_text())[
        "providers"
    ]
    mounts = dict(mount.split(":")[:2] for mount in COMPOSE["services"]["grafana"]["volumes"])
    assert mounts["./deploy/grafana/dashboards"] == provider["options"]["path"]
    home = COMPOSE["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/digits.json"


def test_panels_stand_beside_each_other_and_not_on_one_another():
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
