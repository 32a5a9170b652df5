"""A collector of the tests' own: it takes OTLP over HTTP, and keeps spans and metrics. Runs in a thread."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

_PATIENCE = 60  # seconds


class Receiver:
    """What came in. status: what is answered, 0 for nothing until `free` is set."""

    def __init__(self) -> None:
        self.status = 200
        self.free = threading.Event()
        self.bodies: list[bytes] = []
        self.resources: list[dict[str, Any]] = []
        self.services: dict[bytes, str] = {}  # whose span it is, by the span's id
        self.metrics_status, self.metrics_asked = 200, 0
        self.metrics: dict[str, Any] = {}  # as they were last, by name
        self._spans: list[Span] = []
        self._changed = threading.Condition()
        self.url = ""
        self.end: Callable[[], None] = lambda: None  # nobody listens any more

    def take(self, body: bytes) -> int:
        """A request has come in."""
        status = self.status
        if status == 0:
            self.free.wait()
        with self._changed:
            self.bodies.append(body)
            if status == 200:
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    self.resources.append(attributes(resource.resource.attributes))
                    spans = [span for scope in resource.scope_spans for span in scope.spans]
                    self._spans += spans
                    self.services |= {span.span_id: self.resources[-1].get("service.name", "") for span in spans}
            self._changed.notify_all()
        return status or 200

    def take_metrics(self, body: bytes) -> int:
        """A request with metrics has come in."""
        with self._changed:
            self.metrics_asked += 1
            if self.metrics_status == 200:
                for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                    self.metrics = {metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics}
            self._changed.notify_all()
            return self.metrics_status

    def wait(self, enough: Callable[["Receiver"], bool]) -> None:
        """Return when enough has come in."""
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self), _PATIENCE)

    def spans(self, count: int) -> list[Span]:
        """So many spans, in the order in which they began, as soon as they are there."""
        self.wait(lambda receiver: len(receiver._spans) >= count)
        return sorted(self._spans, key=lambda span: span.start_time_unix_nano)

    def trace(self, trace_id: str, count: int) -> list[Span]:
        """The spans of one trace, as soon as there are so many, in the order in which they began."""

        def found() -> list[Span]:
            return [span for span in self._spans if span.trace_id.hex() == trace_id]

        self.wait(lambda _: len(found()) >= count)
        return sorted(found(), key=lambda span: span.start_time_unix_nano)

    def forget(self) -> None:
        """Let go of all that has come."""
        with self._changed:
            for what in (self.bodies, self.resources, self.services, self._spans):
                what.clear()


def attributes(given: Any) -> dict[str, Any]:
    """Attributes as values of Python's."""
    found = {}
    for one in given:
        kind = one.value.WhichOneof("value")
        value = getattr(one.value, kind)
        found[one.key] = [item.string_value for item in value.values] if kind == "array_value" else value
    return found


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """A collector on loopback."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self._body()
            takes = {"/v1/traces": receiver.take, "/v1/metrics": receiver.take_metrics}
            self.send_response(takes[self.path](body) if self.path in takes else 404)
            self.send_header("content-length", "0")
            self.end_headers()

        def _body(self) -> bytes:
            if "content-length" in self.headers:
                return self.rfile.read(int(self.headers["content-length"]))
            body = b""  # in chunks, as Envoy sends it
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()

        def end() -> None:
            receiver.free.set()
            server.shutdown()
            thread.join()
            server.server_close()

        receiver.end = end
        try:
            yield receiver
        finally:
            end()
