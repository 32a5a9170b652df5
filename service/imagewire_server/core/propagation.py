"""What a caller says of its trace: it goes into the call, its log lines and, where that is wanted, to the provider."""

from collections.abc import Collection

import structlog

from imagewire_server.core import baggage
from imagewire_server.core.call import Call
from imagewire_server.core.trace_context import NAMES, trace_context

_BAGGAGE = "baggage"


class Propagation:
    """An Interceptor; it refuses nothing. allowed: the names of baggage that are read. upstream: whether providers get
    the trace, the request id and that baggage.
    """

    def __init__(self, allowed: Collection[str], *, upstream: bool) -> None:
        self._allowed = frozenset(allowed)
        names = {*NAMES, _BAGGAGE} if allowed else NAMES
        # gRPC's names are text, HTTP's are bytes.
        self._names: dict[str | bytes, str] = {key: name for name in names for key in (name, name.encode())}
        self._upstream = upstream

    async def intercept(self, call: Call) -> None:
        """Read the call's headers."""
        given: dict[str, list[str]] = {}
        names = self._names
        for key, value in call.headers:
            if (name := names.get(key)) is not None:
                given.setdefault(name, []).append(value if isinstance(value, str) else value.decode("latin-1"))
        if given:
            call.trace = trace_context(given)
            call.baggage = baggage.baggage(given.get(_BAGGAGE, ()), self._allowed)
        if call.trace is not None:
            structlog.contextvars.bind_contextvars(**call.trace.ids())
        if self._upstream:
            call.passed_on = [("x-request-id", call.request_id)]
            if call.baggage:
                call.passed_on.append((_BAGGAGE, baggage.header(call.baggage)))
