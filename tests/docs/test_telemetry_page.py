"""The pages list what spans and metrics have: the attributes and metrics of `names`, and Prometheus' metrics."""

import re

from imagewire_server.core.instruments import METRICS
from imagewire_server.providers.google.capabilities import models
from imagewire_server.telemetry import names
from tests.docs.test_facts import page


def test_the_attributes_are_those_of_the_spans() -> None:
    listed = re.findall(r"^\| `([a-z_]+\.[a-z_.A-Z]+)` \|", page("telemetry.md"), re.MULTILINE)
    known = [value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)]
    assert sorted(name.removesuffix("MODALITY").removesuffix("NAME") for name in listed) == sorted(known)


def test_the_metrics_are_those_that_are_counted() -> None:
    listed = re.findall(r"^\| `(imagewire_\w+)(?:\{([\w, ]+)\})?` \|", page("deployment.md"), re.MULTILINE)
    known = [
        (name + ("_total" if metric.kind == "counter" else ""), ", ".join(metric.labels))
        for name, metric in METRICS.items()
    ]
    assert sorted(listed) == sorted(known)


def test_the_names_of_providers_are_those_of_the_spans() -> None:
    assert all(f"`{models(name).unknown.traced_as}`" in page("telemetry.md") for name in ("gemini", "vertex_ai"))
