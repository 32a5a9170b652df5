"""What was counted, as OpenTelemetry's metrics: under the names of its conventions, where they have any.

Nothing is counted for it: it reads the numbers of `core/metrics`, so all that is told of them agrees.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.util.types import AttributeValue

from imagewire_server.core import instruments, metrics
from imagewire_server.core.counters import SUM, Name
from imagewire_server.core.exemplars import Exemplar as Recorded
from imagewire_server.telemetry import names
from imagewire_server.telemetry.attempt_span import OPERATION

Attributes = dict[str, AttributeValue]
# The attributes of a number, by the values of its labels; None where it belongs to another metric.
Told = Callable[[Name], Attributes | None]

_CUMULATIVE = AggregationTemporality.CUMULATIVE
_PREFIX = "imagewire_"


class Figures:
    """The numbers of this process, from now on. resource, scope: of whom they are."""

    def __init__(self, resource: Resource, scope: InstrumentationScope) -> None:
        self._resource = resource
        self._scope = scope
        # A process that comes after one that has ended goes on with its numbers, which were that one's to tell.
        self._before = metrics.own()
        self._begun = time.time_ns()

    def read(self) -> MetricsData:
        """All of them, as they are now."""
        found = metrics.by_metric(self._grown())
        # A copy: calls go on, and this is another thread.
        recorded = metrics.exemplars.copy().items()
        examples = metrics.by_metric({name: one for name, one in recorded if one.moment * 1e9 >= self._begun})
        made = [
            Metric(told_name, metric.help, metric.unit, data)
            for name, metric in instruments.METRICS.items()
            for told_name, told in _told(name, metric)
            if (data := self._data(metric, told, found[name], examples[name])).data_points
        ]
        scopes = [ScopeMetrics(self._scope, made, schema_url="")]
        return MetricsData([ResourceMetrics(self._resource, scopes, schema_url=self._resource.schema_url)])

    def _grown(self) -> dict[Name, float]:
        def is_gauge(name: Name) -> bool:
            return instruments.METRICS[name[0]].kind == "gauge"

        numbers = metrics.own().items()
        return {
            name: number if is_gauge(name) else grown
            for name, number in numbers
            if (grown := number - self._before.get(name, 0.0)) or is_gauge(name)
        }

    def _data(
        self,
        metric: instruments.Metric,
        told: Told,
        numbers: Mapping[Name, float],
        examples: Mapping[Name, Recorded],
    ) -> Sum | Gauge | Histogram:
        if metric.kind == "histogram":
            return Histogram(list(self._histograms(metric, told, numbers, examples)), _CUMULATIVE)
        points = [
            NumberDataPoint(attributes, self._begun, time.time_ns(), number)
            for labels, number in numbers.items()
            if (attributes := told(labels)) is not None
        ]
        return Gauge(points) if metric.kind == "gauge" else Sum(points, _CUMULATIVE, is_monotonic=True)

    def _histograms(
        self,
        metric: instruments.Metric,
        told: Told,
        numbers: Mapping[Name, float],
        examples: Mapping[Name, Recorded],
    ) -> Iterator[HistogramDataPoint]:
        for labels in dict.fromkeys(key[:-1] for key in numbers):
            attributes = told(labels)
            if attributes is None:
                continue
            buckets = [(*labels, bucket) for bucket in metric.buckets]
            counts = [int(numbers.get(bucket, 0.0)) for bucket in buckets]
            yield HistogramDataPoint(
                attributes,
                self._begun,
                time.time_ns(),
                count=sum(counts),
                sum=numbers.get((*labels, SUM), 0.0),
                bucket_counts=counts,
                explicit_bounds=metric.bounds,
                min=None,  # type: ignore[arg-type]  # nobody counts them, and they may be left out
                max=None,  # type: ignore[arg-type]
                exemplars=[_exemplar(examples[bucket]) for bucket in buckets if bucket in examples],
            )


def _exemplar(one: Recorded) -> Exemplar:
    moment = int(one.moment * 1e9)
    return Exemplar({}, float(one.value), moment, span_id=int(one.span_id, 16), trace_id=int(one.trace_id, 16))


def _told(name: str, metric: instruments.Metric) -> tuple[tuple[str, Told], ...]:
    """Under which names a metric is told, and with which attributes."""
    if name in _BY_CONVENTION:
        return _BY_CONVENTION[name]
    labels = [_PREFIX.replace("_", ".") + label for label in metric.labels]
    return ((name.replace(_PREFIX, "imagewire.", 1), partial(_named, labels)),)


def _named(labels: list[str], values: Name) -> Attributes | None:
    return dict(zip(labels, values, strict=True))


def _of_grpc(labels: Name) -> Attributes | None:
    method, *status = labels
    if not method.startswith("/"):
        return None
    found: Attributes = {names.GRPC_METHOD: method[1:]}
    if status:
        found[names.GRPC_STATUS] = status[0]
    return found


def _of_http(labels: Name) -> Attributes | None:
    method, _, path = labels[0].partition(" ")
    if not path:
        return None
    found: Attributes = {names.HTTP_METHOD: method, names.HTTP_ROUTE: path}
    if labels[1].isdigit():
        found[names.HTTP_STATUS] = int(labels[1])
        if int(labels[1]) >= 500:
            found[names.ERROR_TYPE] = labels[1]
    return found


def _of_deployment(deployment: str) -> Attributes:
    found: Attributes = {names.OPERATION: OPERATION, names.DEPLOYMENT: deployment}
    served = metrics.deployments.get(deployment)
    if served is not None:
        found[names.PROVIDER] = served.provider
        if served.model:
            found[names.REQUEST_MODEL] = served.model
    return found


def _of_attempt(labels: Name) -> Attributes | None:
    deployment, reason = labels
    found = _of_deployment(deployment)
    if reason != "OK":
        found[names.ERROR_TYPE] = reason
    return found


def _of_tokens(labels: Name) -> Attributes | None:
    deployment, kind, modality = labels
    return _of_deployment(deployment) | {names.TOKEN_TYPE: kind, names.MODALITY: modality}


_BY_CONVENTION: dict[str, tuple[tuple[str, Told], ...]] = {
    instruments.STARTED: ((names.CALL_STARTED, _of_grpc),),
    instruments.CALL_SECONDS: ((names.CALL_DURATION, _of_grpc), (names.REQUEST_DURATION, _of_http)),
    instruments.SENT: ((names.SENT_SIZE, _of_grpc),),
    instruments.ATTEMPT_SECONDS: ((names.OPERATION_DURATION, _of_attempt),),
    instruments.TOKENS: ((names.TOKEN_USAGE, _of_tokens),),
}
