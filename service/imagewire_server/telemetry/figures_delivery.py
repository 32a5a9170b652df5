"""The figures of a process on their way to a collector, at each interval, by a thread of their own.

A process counts for all of its servers together, and may run several one after the other or at once (`embedded.py`): so
it sends its figures once, from the first of them to the last.
"""

import os
import threading
from collections.abc import Callable

import structlog
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import MetricExportResult

from imagewire_server.core.fault_log import describe
from imagewire_server.telemetry.figures import Figures
from imagewire_server.telemetry.session import session

_INTERVAL, _DEFAULT = "OTEL_METRIC_EXPORT_INTERVAL", 60_000.0  # milliseconds

# Variables that have one value here, and what it is.
_ONLY = {
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "cumulative",
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "explicit_bucket_histogram",
}

_log = structlog.get_logger("imagewire.telemetry")
_lock = threading.Lock()
_sending: list["Delivery"] = []  # the process's own, as often as servers use it


class Delivery:
    """Sends figures until it is ended, and once more then. endpoint: the URL, None for that of the variables."""

    def __init__(self, figures: Figures, endpoint: str | None) -> None:
        for name, only in _ONLY.items():
            if os.environ.get(name, "").strip().lower() not in {"", only}:
                _log.warning("a variable of OpenTelemetry's is not followed", variable=name, used=only)
        self._figures = figures
        self._exporter = OTLPMetricExporter(endpoint=endpoint, session=session())
        self._interval = _interval()
        self._ended = threading.Event()
        self._works = True
        # Nothing waits for such a thread when the process ends.
        self._thread = threading.Thread(target=self._run, name="imagewire-figures", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Send the last figures. It returns when they have been delivered, or will not be."""
        self._ended.set()
        self._thread.join()
        self._exporter.shutdown()

    def _run(self) -> None:
        while not self._ended.wait(self._interval):
            self._send()
        self._send()

    def _send(self) -> None:
        try:
            works = self._exporter.export(self._figures.read()) is MetricExportResult.SUCCESS
        except Exception as error:  # noqa: BLE001  # else nothing would be sent any more
            _log.error("metrics could not be sent", **describe(error))
            return
        if works == self._works:
            return
        self._works = works
        if works:
            _log.info("metrics are delivered again")
        else:
            _log.warning("metrics are not delivered: the collector does not take them")


def join(make: Callable[[], Delivery]) -> None:
    """Use the process's delivery, which is made for its first user."""
    with _lock:
        _sending.append(_sending[0] if _sending else make())


def leave() -> None:
    """Use it no longer. It ends with its last user; returns then when that is done."""
    with _lock:
        last = _sending.pop()
        is_used = bool(_sending)
    if not is_used:
        last.end()


def _interval() -> float:
    """Seconds between two deliveries."""
    try:
        given = float(os.environ.get(_INTERVAL) or _DEFAULT)
    except ValueError:
        given = _DEFAULT
    return (given if given > 0 else _DEFAULT) / 1000
