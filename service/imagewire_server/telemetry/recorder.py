"""Spans, from their beginning to the queue of those that are delivered.

The library's own spans check every attribute under a lock, which costs as much as a twentieth of a small call. Ours are
filled in once, at their end, and become what its exporter reads.
"""

import random
import time
from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)
from opentelemetry.util.types import AttributeValue

from imagewire_server.core.trace_context import TraceContext

Attributes = Mapping[str, AttributeValue]

_SAMPLED, _UNSAMPLED = TraceFlags(TraceFlags.SAMPLED), TraceFlags(0)
_FAILED, _UNSET = Status(StatusCode.ERROR), Status(StatusCode.UNSET)


class Recorder:
    """Begins spans. sampler: decides on traces that begin here, and on what of a caller's is recorded."""

    def __init__(self, resource: Resource, scope: InstrumentationScope, sampler: Sampler, queue: SpanProcessor) -> None:
        self._resource = resource
        self._scope = scope
        self._sampler = sampler
        self._queue = queue

    def begin(self, name: str, kind: SpanKind, caller: TraceContext | None, before: float) -> "OpenSpan":
        """A span in a caller's trace, or the first of one. before: seconds since it began."""
        parent, context = None, Context()
        if caller is not None:
            parent = SpanContext(
                int(caller.trace_id, 16),
                int(caller.span_id, 16),
                is_remote=True,
                trace_flags=_SAMPLED if caller.sampled else _UNSAMPLED,
                trace_state=TraceState.from_header([caller.state]) if caller.state else None,
            )
            context = set_span_in_context(NonRecordingSpan(parent), context)
        trace_id = parent.trace_id if parent is not None else random.getrandbits(128) or 1
        decided = self._sampler.should_sample(context, trace_id, name, kind)
        span = SpanContext(
            trace_id,
            _span_id(),
            is_remote=False,
            trace_flags=_SAMPLED if decided.decision is Decision.RECORD_AND_SAMPLE else _UNSAMPLED,
            trace_state=parent.trace_state if parent is not None else None,
        )
        return OpenSpan(self, name, kind, span, parent, time.time_ns() - int(before * 1e9))

    def begin_child(self, name: str, kind: SpanKind, parent: "OpenSpan") -> "OpenSpan":
        """A span in one of ours, which is sampled as that is."""
        above = parent.context
        span = SpanContext(
            above.trace_id,
            _span_id(),
            is_remote=False,
            trace_flags=above.trace_flags,
            trace_state=above.trace_state,
        )
        return OpenSpan(self, name, kind, span, above, time.time_ns())

    def end(self, span: "OpenSpan", name: str, attributes: Attributes, *, failed: bool) -> None:
        """Queue a span that is over."""
        self._queue.on_end(
            ReadableSpan(
                name,
                span.context,
                span.parent,
                self._resource,
                attributes,
                kind=span.kind,
                status=_FAILED if failed else _UNSET,
                start_time=span.started,
                end_time=time.time_ns(),
                instrumentation_scope=self._scope,
            )
        )


class OpenSpan:
    """A span that is not over. started: nanoseconds since 1970."""

    __slots__ = ("_recorder", "context", "kind", "name", "parent", "started")

    def __init__(
        self,
        recorder: Recorder,
        name: str,
        kind: SpanKind,
        context: SpanContext,
        parent: SpanContext | None,
        started: int,
    ) -> None:
        self._recorder = recorder
        self.name = name
        self.kind = kind
        self.context = context
        self.parent = parent
        self.started = started

    @property
    def is_sampled(self) -> bool:
        """Whether it is recorded; what it says need not be gathered where it is not."""
        return self.context.trace_flags.sampled

    @property
    def trace(self) -> TraceContext:
        """What a header says of it."""
        state = self.context.trace_state
        return TraceContext(
            f"{self.context.trace_id:032x}",
            f"{self.context.span_id:016x}",
            sampled=self.is_sampled,
            state=state.to_header() if state else "",
        )

    def end(self, attributes: Attributes, *, failed: bool, name: str = "") -> None:
        """It is over. name: another one, known only now."""
        self._recorder.end(self, name or self.name, attributes, failed=failed)


def _span_id() -> int:
    return random.getrandbits(64) or 1
