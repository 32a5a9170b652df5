"""What was counted, in Prometheus' text format or as OpenMetrics."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from imagewire_server.core.counters import Name
from imagewire_server.core.metrics import BUCKETS, METRICS, SUM, Metric, everything

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_OPEN_METRICS = "application/openmetrics-text"
_OPEN_MEDIA_TYPE = f"{_OPEN_METRICS}; version=1.0.0; charset=utf-8"


def media_type(accepted: str) -> str:
    """The media type of the page for a header `accept`: OpenMetrics where that is named, else Prometheus' text."""
    names = {one.partition(";")[0].strip().lower() for one in accepted.split(",")}
    return _OPEN_MEDIA_TYPE if _OPEN_METRICS in names else MEDIA_TYPE


def page(kind: str = MEDIA_TYPE) -> bytes:
    """All that was counted, by all workers. kind: its media type."""
    registry = CollectorRegistry()
    registry.register(_Counted())
    if kind == _OPEN_MEDIA_TYPE:
        written: bytes = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
        return written
    return generate_latest(registry)


class _Counted(Collector):
    def collect(self) -> Iterator[Family]:
        """Each metric with its numbers."""
        by_metric: dict[str, dict[Name, float]] = {name: {} for name in METRICS}
        for (name, *labels), number in everything().items():
            by_metric[name][tuple(labels)] = number
        for name, metric in METRICS.items():
            yield _family(name, metric, by_metric[name])


def _family(name: str, metric: Metric, numbers: dict[Name, float]) -> Family:
    if metric.kind == "histogram":
        return _histogram(name, metric, numbers)
    kind = GaugeMetricFamily if metric.kind == "gauge" else CounterMetricFamily
    family = kind(name, metric.help, labels=metric.labels)
    if not metric.labels:
        numbers = numbers or {(): 0.0}
    for labels, number in numbers.items():
        family.add_metric(labels, number)
    return family


def _histogram(name: str, metric: Metric, numbers: dict[Name, float]) -> Family:
    family = HistogramMetricFamily(name, metric.help, labels=metric.labels)
    for labels in dict.fromkeys(key[:-1] for key in numbers):
        below, buckets = 0.0, []
        for bound in BUCKETS:
            below += numbers.get((*labels, bound), 0.0)
            buckets.append((bound, below))
        family.add_metric(labels, buckets, numbers.get((*labels, SUM), 0.0))
    return family
