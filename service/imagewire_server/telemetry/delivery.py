"""What is delivered to the collector: spans in batches, by a thread of its own, out of a bounded queue; and figures.

A collector that is down or slow holds up no call, and a stop for no longer than a second. The log says once that it
does not take what it is sent, and once that it does again.
"""

import asyncio
import logging
import os
import threading
import uuid
from collections.abc import Sequence

import structlog
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from imagewire_server import __version__
from imagewire_server.telemetry import figures_delivery
from imagewire_server.telemetry.figures import Figures
from imagewire_server.telemetry.recorder import Recorder
from imagewire_server.telemetry.session import session
from imagewire_server.telemetry.span_encoder import SpanEncoder
from imagewire_server.telemetry.tracing import Tracing

_NAME = "imagewire"
_STOP = 1.0  # seconds in which the last batch may be delivered

_log = structlog.get_logger("imagewire.telemetry")


class Telemetry:
    """Spans and figures on their way to a collector. endpoint: its base URL, "" for what the variables say.

    spans, figures: which of them are wanted. Other variables of OpenTelemetry's hold as it documents them. Reads
    certificates: make it beside the event loop.
    """

    def __init__(self, endpoint: str, *, spans: bool, figures: bool) -> None:
        # Its own lines would come with every batch.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
        resource = _resource()
        scope = InstrumentationScope(_NAME, __version__)
        self.interceptors: tuple[Tracing, ...] = ()
        self._queue: BatchSpanProcessor | None = None
        self._has_figures = figures
        if spans:
            # Its sampler is what OTEL_TRACES_SAMPLER says. It is not the global one, which a program around an embedded
            # server may use.
            sampler = TracerProvider(resource=resource, shutdown_on_exit=False).sampler
            exporter = trace_exporter.OTLPSpanExporter(endpoint=_url(endpoint, "traces"), session=session())
            self._queue = BatchSpanProcessor(_Exporter(exporter, SpanEncoder(resource, scope)))
            self.interceptors = (Tracing(Recorder(sampler, self._queue)),)
        if figures:
            figures_delivery.join(
                lambda: figures_delivery.Delivery(Figures(resource, scope), _url(endpoint, "metrics"))
            )

    async def aclose(self) -> None:
        """Deliver what is left, for a second at most."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()

        def end() -> None:
            # Figures first: they are told of spans that may still be waited for, and are quickly sent.
            if self._has_figures:
                figures_delivery.leave()
            if self._queue is not None:
                self._queue.shutdown()  # type: ignore[no-untyped-call]
            try:
                loop.call_soon_threadsafe(over.set)
            except RuntimeError:
                return  # nobody waits any more

        # Nothing waits for such a thread when the process ends.
        threading.Thread(target=end, name="imagewire-telemetry-end", daemon=True).start()
        try:
            async with asyncio.timeout(_STOP):
                await over.wait()
        except TimeoutError:
            _log.warning("the last spans or metrics were not delivered", seconds=_STOP)


def _url(endpoint: str, signal: str) -> str | None:
    """Where a signal goes; None for what its exporter reads from the variables."""
    return f"{endpoint.rstrip('/')}/v1/{signal}" if endpoint else None


def _resource() -> Resource:
    given = Resource.create({SERVICE_VERSION: __version__, SERVICE_INSTANCE_ID: str(uuid.uuid4())})
    named = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return given if named else given.merge(Resource({SERVICE_NAME: _NAME}))


class _Exporter(SpanExporter):
    """Delivers by the library's exporter; says once that the collector takes nothing, and once that it does again."""

    def __init__(self, inner: trace_exporter.OTLPSpanExporter, encoder: SpanEncoder) -> None:
        self._inner = inner
        self._encoder = encoder
        self._works = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Deliver a batch, or lose it."""
        # They are ours, whatever the library says.
        works = self._inner._client.export(self._encoder.encode(spans)).success  # type: ignore[arg-type]
        if works != self._works:
            self._works = works
            if works:
                _log.info("spans are delivered again")
            else:
                _log.warning("spans are not delivered: the collector does not take them", lost=len(spans))
        return SpanExportResult.SUCCESS if works else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """End a delivery that is repeated."""
        self._inner.shutdown()  # type: ignore[no-untyped-call]
