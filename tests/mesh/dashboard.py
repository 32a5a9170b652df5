"""The dashboard of deploy/grafana: its panels, and what Prometheus answers to their queries."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from tests.mesh.containers import ROOT

FILE = ROOT / "deploy/grafana/dashboards/imagewire.json"
# Grafana makes $__rate_interval so: four times the interval at which Prometheus asks.
_RATE_INTERVAL = "20s"


@dataclass(frozen=True)
class Query:
    """A query of a panel. unit: Grafana's name of it. legend: a series' name, "{{label}}" for a label's value."""

    panel: str
    unit: str
    expression: str
    legend: str

    def named(self, labels: dict[str, str]) -> str:
        """The name of a series with these labels."""
        name = self.legend
        for label in [*labels, *_LABELS - labels.keys()]:
            name = name.replace(f"{{{{{label}}}}}", labels.get(label, ""))
        return name


_LABELS = {"code", "method", "instance", "deployment", "reason", "charged", "caller", "type", "modality"}


def panels() -> list[dict[str, Any]]:
    """The panels that show something."""
    found: list[dict[str, Any]] = json.loads(FILE.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def queries() -> list[Query]:
    """All queries, in the order of the panels."""
    return [
        Query(panel["title"], panel["fieldConfig"]["defaults"]["unit"], target["expr"], target["legendFormat"])
        for panel in panels()
        for target in panel["targets"]
    ]


def _asked(prometheus: str, path: str, query: Query, **more: str) -> list[dict[str, Any]]:
    expression = query.expression.replace("$__rate_interval", _RATE_INTERVAL)
    asked = {"query": expression, **more}
    answer = httpx.get(f"{prometheus}/api/v1/{path}", params=asked, timeout=60, trust_env=False).json()
    assert answer["status"] == "success", f"{query.panel}: {answer}"
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


def now(prometheus: str, query: Query) -> dict[str, float]:
    """What each series of a query is now; no series whose value is no number."""
    found = {query.named(one["metric"]): float(one["value"][1]) for one in _asked(prometheus, "query", query)}
    return {name: value for name, value in found.items() if not math.isnan(value)}


def over_time(
    prometheus: str, query: Query, begin: float, end: float, step: float
) -> dict[str, list[tuple[float, float]]]:
    """What each series of a query was: pairs of a time, in Unix seconds, and a value."""
    asked = {"start": str(begin), "end": str(end), "step": str(step)}
    return {
        query.named(one["metric"]): [(float(at), float(value)) for at, value in one["values"]]
        for one in _asked(prometheus, "query_range", query, **asked)
    }


def shown(value: float, unit: str) -> str:
    """A value as people read it."""
    match unit:
        case "s":
            return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
        case "Bps":
            return f"{value / 1e6:.2f} MB/s"
        case "reqps":
            return f"{value:.2f}/s"
        case "currencyUSD":
            return f"${value:.2f}"
        case "percentunit":
            return f"{value:.0%}"
        case _:
            return f"{value:.4g}"


def table(prometheus: str) -> Iterator[str]:
    """A line for each panel, with its values now."""
    by_panel: dict[str, list[str]] = {}
    for query in queries():
        values = by_panel.setdefault(query.panel, [])
        values += [f"{name} {shown(value, query.unit)}" for name, value in now(prometheus, query).items()]
    for panel, values in by_panel.items():
        yield f"{panel}: {', '.join(values) or 'no data'}"
