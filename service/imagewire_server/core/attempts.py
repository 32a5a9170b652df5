"""Who is told of a call's upstream calls: tracing."""

from typing import TYPE_CHECKING, Protocol

from imagewire_server.core.trace_context import TraceContext

if TYPE_CHECKING:
    from imagewire_server.contract import pb
    from imagewire_server.contract.errors import Error
    from imagewire_server.contract.provider import Report
    from imagewire_server.core.call import Call
    from imagewire_server.core.router import Route


class Attempt(Protocol):
    """One upstream call."""

    @property
    def trace(self) -> TraceContext:
        """What the provider may be told: the trace, and the upstream call's own span."""
        ...

    def ended(self, error: "Error | None", finished: "pb.Finished | None") -> None:
        """It is over. error: what it ended with. finished: its last event. Neither: it was given up."""
        ...


class Attempts(Protocol):
    """The upstream calls of one call, and of its parts. It does not hold the call, which holds it."""

    def begin(self, call: "Call", route: "Route", spec: "pb.Spec", report: "Report") -> Attempt:
        """An upstream call of `spec` begins. call: the call, or the part of it that asks. report: of it."""
        ...
