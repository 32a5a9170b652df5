"""The table of metrics: names that Prometheus takes, labels, and buckets in order."""

import re

from imagewire_server.core.counters import SUM
from imagewire_server.core.instruments import METRICS


def test_each_metric_is_whole() -> None:
    for name, metric in METRICS.items():
        assert re.fullmatch(r"imagewire_[a-z_]+[a-z]", name)
        assert metric.kind in {"counter", "gauge", "histogram"}
        assert metric.help.endswith(".")
        assert (metric.kind == "histogram") == bool(metric.bounds)
        assert not name.endswith("_total"), "Prometheus' page adds it"


def test_a_histograms_buckets_are_in_order_and_the_last_has_no_end() -> None:
    for metric in METRICS.values():
        if metric.kind == "histogram":
            assert list(metric.bounds) == sorted(set(metric.bounds))
            assert [float(bucket) for bucket in metric.buckets] == [*metric.bounds, float("inf")]
            assert metric.histogram.last == (*metric.buckets, SUM)
            assert metric.histogram.bounds == metric.bounds
