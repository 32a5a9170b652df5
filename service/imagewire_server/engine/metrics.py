"""What is counted of calls, for Prometheus. Labels are what the configuration and the contract name, never a caller.

Workers each count in files of a folder that their parent names (PROMETHEUS_MULTIPROC_DIR), and any of them tells the
sum; a single process counts in memory.
"""

import os
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from imagewire_server.engine.record import Record

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_REGISTRY = CollectorRegistry()
_SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)

_calls = Counter("imagewire_calls", "Calls, by how they ended.", ["method", "code"], registry=_REGISTRY)
_seconds = Histogram(
    "imagewire_call_seconds", "From a call's begin to its end.", ["method"], registry=_REGISTRY, buckets=_SECONDS
)
_attempts = Counter("imagewire_upstream_attempts", "Calls to providers.", ["deployment", "reason"], registry=_REGISTRY)
_image_bytes = Counter("imagewire_image_bytes", "Bytes of pictures handed on.", ["deployment"], registry=_REGISTRY)
_cost = Counter("imagewire_cost_usd", "US dollars, where they are known.", ["deployment"], registry=_REGISTRY)
_cost_unknown = Counter(
    "imagewire_calls_of_unknown_cost",
    "Calls that were or may have been charged (charged: yes, maybe), and nobody can tell how much.",
    ["deployment", "charged"],
    registry=_REGISTRY,
)
running = Gauge("imagewire_calls_running", "Calls that draw now.", registry=_REGISTRY, multiprocess_mode="livesum")


@cache
def _of(method: str, code: str) -> tuple[Counter, Histogram]:
    """Looking a label up costs more than counting."""
    return _calls.labels(method, code), _seconds.labels(method)


@cache
def _at(deployment: str) -> tuple[Counter, Counter]:
    return _image_bytes.labels(deployment), _cost.labels(deployment)


@cache
def _unknown(deployment: str, charged: str) -> Counter:
    return _cost_unknown.labels(deployment, charged)


@cache
def _attempt(deployment: str, reason: str) -> Counter:
    return _attempts.labels(deployment, reason)


def count(method: str, code: str, seconds: float, record: Record) -> None:
    """Count a call that has ended. code: "OK" or the reason of what it failed with."""
    calls, took = _of(method, code)
    calls.inc()
    took.observe(seconds)
    for deployment, reason in record.tried:
        _attempt(deployment, reason).inc()
    if record.deployment:
        image_bytes, cost = _at(record.deployment)
        image_bytes.inc(record.image_bytes)
        cost.inc(record.cost_usd or 0.0)
        if record.cost_nano_usd is None and record.charged != "no":
            _unknown(record.deployment, record.charged).inc()


def page() -> bytes:
    """All that was counted, in Prometheus' text format. It reads files where there are several workers."""
    registry = _REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
