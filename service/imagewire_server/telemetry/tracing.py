"""The span of each call, with a child for each upstream call: an Interceptor."""

import time
from collections.abc import Callable
from functools import partial

import structlog
from opentelemetry.util.types import AttributeValue

from imagewire_server.contract import pb
from imagewire_server.contract.provider import Report
from imagewire_server.core.call import Call
from imagewire_server.core.router import Route
from imagewire_server.telemetry import names
from imagewire_server.telemetry.attempt_span import OPERATION, AttemptSpan
from imagewire_server.telemetry.recorder import OpenSpan, Recorder

# What is the server's fault, by gRPC's own status; a caller's mistake is no error of this span.
_SERVER_FAULTS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})


class Tracing:
    """An Interceptor; it refuses nothing. It comes behind that which reads the caller's trace."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def intercept(self, call: Call) -> Callable[[], None] | None:
        """Begin the call's span; housekeeping has none."""
        if call.quiet:
            return None
        # Of REST only HTTP's method: the path is the caller's text. Its route is known at the end.
        name = call.method[1:] if call.method.startswith("/") else call.method.partition(" ")[0]
        span = self._recorder.begin(name, call.trace, time.monotonic() - call.began)
        call.trace = span.trace
        watched = call.attempts = _Attempts(self._recorder, span)
        structlog.contextvars.bind_contextvars(**call.trace.ids())
        return partial(_end, span, call, watched)


class _Attempts:
    """Attempts of one call (core/attempts.py). asked: the model that the caller named, where it is served."""

    __slots__ = ("_recorder", "_span", "asked")

    def __init__(self, recorder: Recorder, span: OpenSpan) -> None:
        self._recorder = recorder
        self._span = span
        self.asked = ""

    def begin(self, call: Call, route: Route, spec: pb.Spec, report: Report) -> AttemptSpan:
        """See Attempts."""
        self.asked = spec.model
        span = self._recorder.begin_child(f"{OPERATION} {route.native_id}", self._span)
        return AttemptSpan(span, call, route, report)


def _end(span: OpenSpan, call: Call, watched: _Attempts) -> None:
    if not span.is_sampled:
        return
    method, _, path = call.method.partition(" ")
    found: dict[str, AttributeValue] = {names.REQUEST_ID: call.request_id}
    if path:
        found |= {names.HTTP_METHOD: method, names.HTTP_ROUTE: path, names.HTTP_STATUS: call.status}
        failed = isinstance(call.status, int) and call.status >= 500
    else:
        system = "connect_rpc" if call.protocol == "connect_rpc" else "grpc"
        found |= {names.RPC_SYSTEM: system, names.RPC_METHOD: method[1:], names.RPC_STATUS: call.status}
        failed = call.status in _SERVER_FAULTS
    if call.code != "OK":
        found[names.ERROR_TYPE] = call.code
    if call.tried or call.cached_answers:
        found |= _drawn(call)
    if watched.asked:
        found[names.REQUEST_MODEL] = watched.asked
    for name, value in call.baggage.items():
        found[f"{names.BAGGAGE_OF}{name}"] = value
    span.end(found, failed=failed, name=call.method if path else "")


def _drawn(call: Call) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {
        names.RESPONSE_MODEL: call.model,
        names.ATTEMPTS: len(call.tried),
        names.CHARGED: call.charged,
        names.IMAGE_BYTES: call.image_bytes,
    }
    if call.cached_answers:
        found[names.CACHED_ANSWERS] = call.cached_answers
    if call.first_image_byte is not None:
        found[names.FIRST_IMAGE_BYTE] = call.first_image_byte
    if call.cost_usd is not None:
        found[names.COST] = call.cost_usd
    return found
