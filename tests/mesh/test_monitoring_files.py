"""The files of deploy/ for Prometheus, Grafana and the collector: right by their own tools, and about what there is."""

import re
import subprocess
from itertools import combinations

import pytest
import yaml

from imagewire.v1.error_reason_pb2 import ErrorReason
from imagewire_server.core.instruments import METRICS
from tests.compat.conftest import missing, needs
from tests.mesh import dashboard
from tests.mesh.containers import COMPOSE, ROOT
from tests.mesh.topology import MissingProgramError, program

DEPLOY = ROOT / "deploy"
ALERTS = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PAGE = (ROOT / "docs/mesh.md").read_text()
EXPRESSIONS = [*(query.expression for query in dashboard.queries()), *(rule["expr"] for rule in RULES)]
# Of metrics by others, `up`, and what a regular expression names.
OTHERS = re.compile(r"(envoy|otelcol)_\w+|up")


def promtool(*words: str) -> str:
    checked = subprocess.run([needs("promtool"), *words], capture_output=True, text=True, check=False, cwd=ROOT)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return checked.stdout


def test_prometheus_takes_its_files() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "config", "deploy/prometheus/prometheus.yml")


def test_alerts_fire_when_they_should() -> None:
    promtool("test", "rules", "tests/mesh/alerts_test.yml")


def test_each_alert_is_tested() -> None:
    tests = yaml.safe_load((ROOT / "tests/mesh/alerts_test.yml").read_text())["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case.get("exp_alerts")}
    assert fired == {rule["alert"] for rule in RULES}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_is_asked_for_is_a_metric(expression: str) -> None:
    known = {f"{name}{end}" for name in METRICS for end in ("", "_total", "_bucket", "_count", "_sum")}
    named = set(re.findall(r"\b(?:imagewire|envoy|otelcol)_\w+|\bup\b", re.sub(r'"[^"]*"', "", expression)))
    assert named <= known | {name for name in named if OTHERS.fullmatch(name)}
    labels = {label for metric in METRICS.values() for label in metric.labels} | {"instance", "le"}
    if not any(OTHERS.fullmatch(name) for name in named) and "otelcol" not in expression:
        assert set(re.findall(r"(\w+)(?:!?=~?\")", expression)) <= labels
        for grouped in re.findall(r"by \(([\w, ]+)\)", expression):
            assert set(grouped.split(", ")) <= labels


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_codes_that_are_named_are_reasons(expression: str) -> None:
    reasons = {name.removeprefix("ERROR_REASON_") for name in dict(ErrorReason.items())} | {"OK", "ABANDONED"}
    for pattern in re.findall(r'(?:code|reason)!?=~?"([^"]+)"', expression):
        prefix, _, rest = pattern.partition("(")
        names = [prefix + name for name in rest.rstrip(")").split("|")] if rest else pattern.split("|")
        for name in names:
            assert any(re.fullmatch(name, reason) for reason in reasons), name


def test_the_collector_takes_its_file() -> None:
    try:
        collector = program("otelcol")
    except MissingProgramError:
        missing("the collector: run make interop, with Go")
    command = [collector, "validate", "--config", str(DEPLOY / "collector/collector.yaml")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_collector_that_was_tested_is_the_one_of_compose() -> None:
    needed = (ROOT / "tests/compat/programs/collector/go.mod").read_text()
    (version,) = re.findall(r"collector/otelcol v([\d.]+)", needed)
    assert COMPOSE["services"]["collector"]["image"] == f"otel/opentelemetry-collector:{version}"


def test_the_panels_are_beside_each_other() -> None:
    panels = dashboard.panels()
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        assert (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert one["x"] + one["w"] <= 24


def test_the_panels_ask_what_is_provisioned() -> None:
    folder = DEPLOY / "grafana/provisioning"
    (source,) = yaml.safe_load((folder / "datasources/prometheus.yaml").read_text())["datasources"]
    assert {(panel["datasource"]["type"], panel["datasource"]["uid"]) for panel in dashboard.panels()} == {
        (source["type"], source["uid"])
    }
    scraped = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scraped
    assert source["url"] == "http://prometheus:9090"
    # Where the files are in the container.
    places = {volume.split(":")[0]: volume.split(":")[1] for volume in COMPOSE["services"]["grafana"]["volumes"]}
    (provider,) = yaml.safe_load((folder / "dashboards/imagewire.yaml").read_text())["providers"]
    assert provider["options"]["path"] == places["./deploy/grafana/dashboards"]
    home = COMPOSE["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/{dashboard.FILE.name}"


def test_the_page_has_each_panel_and_each_alert() -> None:
    listed = re.findall(r"^\| ([^|]+?) \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert {panel["title"] for panel in dashboard.panels()} <= set(listed)
    assert {f"`{rule['alert']}`" for rule in RULES} <= set(listed)
