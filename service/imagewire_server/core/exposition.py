"""What was counted, in Prometheus' text format or as OpenMetrics, which has exemplars too."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Exemplar as Shown
from prometheus_client.core import Metric as Family
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from imagewire_server.core.counters import SUM, Name
from imagewire_server.core.exemplars import Exemplar
from imagewire_server.core.instruments import METRICS, Metric
from imagewire_server.core.metrics import all_exemplars, by_metric, everything

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_OPEN_METRICS = "application/openmetrics-text"
_OPEN_MEDIA_TYPE = f"{_OPEN_METRICS}; version=1.0.0; charset=utf-8"


def media_type(accepted: str) -> str:
    """The media type of the page for a header `accept`: OpenMetrics where that is named, else Prometheus' text."""
    names = {one.partition(";")[0].strip().lower() for one in accepted.split(",")}
    return _OPEN_MEDIA_TYPE if _OPEN_METRICS in names else MEDIA_TYPE


def page(kind: str = MEDIA_TYPE) -> bytes:
    """All that was counted, by all workers. kind: its media type."""
    registry, is_open = CollectorRegistry(), kind == _OPEN_MEDIA_TYPE
    # Only OpenMetrics has exemplars.
    registry.register(_Counted(all_exemplars() if is_open else {}))
    if is_open:
        written: bytes = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
        return written
    return generate_latest(registry)


class _Counted(Collector):
    def __init__(self, examples: Mapping[Name, Exemplar]) -> None:
        self._examples = by_metric(examples)

    def collect(self) -> Iterator[Family]:
        """Each metric with its numbers."""
        numbers = by_metric(everything())
        for name, metric in METRICS.items():
            shown = _shown(metric, numbers[name])
            if metric.kind == "histogram":
                yield _histogram(name, metric, shown, _newest(metric, self._examples[name]))
            else:
                yield _family(name, metric, shown)


def _shown(metric: Metric, numbers: Mapping[Name, float]) -> dict[Name, float]:
    """Numbers by the labels that are shown here: the sums over the others."""
    sums: dict[Name, float] = {}
    for labels, number in numbers.items():
        key = _key(metric, labels)
        sums[key] = sums.get(key, 0.0) + number
    return sums


def _newest(metric: Metric, examples: Mapping[Name, Exemplar]) -> dict[Name, Exemplar]:
    """The last exemplar of each bucket that is shown here."""
    return {_key(metric, labels): one for labels, one in sorted(examples.items(), key=lambda pair: pair[1].moment)}


def _key(metric: Metric, labels: Name) -> Name:
    shown = len(metric.labels)
    return labels[:shown] + labels[shown + len(metric.more) :]


def _family(name: str, metric: Metric, numbers: dict[Name, float]) -> Family:
    kind = GaugeMetricFamily if metric.kind == "gauge" else CounterMetricFamily
    family = kind(name, metric.help, labels=metric.labels)
    if not metric.labels:
        numbers = numbers or {(): 0.0}
    for labels, number in numbers.items():
        family.add_metric(labels, number)
    return family


def _histogram(name: str, metric: Metric, numbers: dict[Name, float], examples: dict[Name, Exemplar]) -> Family:
    family = HistogramMetricFamily(name, metric.help, labels=metric.labels)
    for labels in dict.fromkeys(key[:-1] for key in numbers):
        below = 0.0
        buckets: list[tuple[str, float] | tuple[str, float, Shown]] = []
        for bound in metric.buckets:
            below += numbers.get((*labels, bound), 0.0)
            one = examples.get((*labels, bound))
            buckets.append((bound, below) if one is None else (bound, below, _exemplar(one)))
        family.add_metric(labels, buckets, numbers.get((*labels, SUM), 0.0))
    return family


def _exemplar(one: Exemplar) -> Shown:
    return Shown({"trace_id": one.trace_id, "span_id": one.span_id}, one.value, one.moment)
