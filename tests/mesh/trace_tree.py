"""A trace as lines of text: each span below the one that it belongs to."""

from collections.abc import Iterator

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.integration.otlp_receiver import Receiver

SPANS = 4  # of a picture: two of Envoy's, the call, and the call to the provider


def tree(spans: Receiver, trace_id: str, root: str) -> Iterator[str]:
    """The lines of a trace. root: the id of the span that its caller has."""
    found = spans.trace(trace_id, SPANS)
    yield f"trace {trace_id}"
    yield from _below(spans, found, bytes.fromhex(root), 1)


def _below(spans: Receiver, found: list[Span], parent: bytes, depth: int) -> Iterator[str]:
    for span in found:
        if span.parent_span_id == parent:
            seconds = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
            yield f"{'  ' * depth}{spans.services[span.span_id]}: {span.name}, {seconds * 1000:.0f} ms"
            yield from _below(spans, found, span.span_id, depth + 1)
