"""Spans, from their beginning to the queue of those that are delivered.

The library's own spans check every attribute under a lock, which costs as much as a twentieth of a small call. Ours are
filled in once, at their end.
"""

import random
import time
from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.util.types import AttributeValue

from imagewire_server.core.trace_context import TraceContext

Attributes = Mapping[str, AttributeValue]

_SAMPLED, _UNSAMPLED = TraceFlags(TraceFlags.SAMPLED), TraceFlags(0)
_NO_PARENT = Context()


class Recorder:
    """Begins spans. sampler: decides on traces that begin here, and on what of a caller's is recorded."""

    def __init__(self, sampler: Sampler, queue: SpanProcessor) -> None:
        self._sampler = sampler
        self._queue = queue

    def begin(self, name: str, caller: TraceContext | None, before: float) -> "OpenSpan":
        """A span of kind SERVER, in a caller's trace or the first of one. before: seconds since it began."""
        if caller is None:
            number, context, state = random.getrandbits(128) or 1, _NO_PARENT, ""
            trace_id = f"{number:032x}"
        else:
            parent = _span_context(caller, is_remote=True)  # without its state, which a sampler only hands on
            number, context = parent.trace_id, set_span_in_context(NonRecordingSpan(parent), _NO_PARENT)
            trace_id, state = caller.trace_id, caller.state
        decision = self._sampler.should_sample(context, number, name, SpanKind.SERVER).decision
        trace = TraceContext(trace_id, _span_id(), decision is Decision.RECORD_AND_SAMPLE, state)
        return OpenSpan(self, name, SpanKind.SERVER, trace, caller, time.time_ns() - int(before * 1e9))

    def begin_child(self, name: str, parent: "OpenSpan") -> "OpenSpan":
        """A span of kind CLIENT below one of ours, and sampled as that is."""
        above = parent.trace
        trace = TraceContext(above.trace_id, _span_id(), above.sampled, above.state)
        return OpenSpan(self, name, SpanKind.CLIENT, trace, above, time.time_ns())

    def end(self, span: "OpenSpan", name: str, attributes: Attributes, *, failed: bool) -> None:
        """Queue a span that is over."""
        # The library's queue looks at nothing else of it.
        self._queue.on_end(EndedSpan(span, name, attributes, failed=failed))  # type: ignore[arg-type]


class OpenSpan:
    """A span that is not over. trace: what a header says of it. above: its parent. started: nanoseconds since 1970."""

    __slots__ = ("_recorder", "above", "kind", "name", "started", "trace")

    def __init__(
        self,
        recorder: Recorder,
        name: str,
        kind: SpanKind,
        trace: TraceContext,
        above: TraceContext | None,
        started: int,
    ) -> None:
        self._recorder = recorder
        self.name = name
        self.kind = kind
        self.trace = trace
        self.above = above
        self.started = started

    @property
    def is_sampled(self) -> bool:
        """Whether it is recorded; what it says need not be gathered where it is not."""
        return self.trace.sampled

    def end(self, attributes: Attributes, *, failed: bool, name: str = "") -> None:
        """It is over. name: another one, known only now."""
        self._recorder.end(self, name or self.name, attributes, failed=failed)


class EndedSpan:
    """What the queue holds. at: nanoseconds since 1970. context: the queue asks it only whether the span is sampled."""

    __slots__ = ("at", "attributes", "failed", "name", "span")

    context = SpanContext(1, 1, is_remote=False, trace_flags=_SAMPLED)

    def __init__(self, span: OpenSpan, name: str, attributes: Attributes, *, failed: bool) -> None:
        self.span = span
        self.name = name
        self.attributes = attributes
        self.failed = failed
        self.at = time.time_ns()


def _span_context(trace: TraceContext, *, is_remote: bool) -> SpanContext:
    return SpanContext(
        int(trace.trace_id, 16),
        int(trace.span_id, 16),
        is_remote=is_remote,
        trace_flags=_SAMPLED if trace.sampled else _UNSAMPLED,
    )


def _span_id() -> str:
    return f"{random.getrandbits(64) or 1:016x}"
