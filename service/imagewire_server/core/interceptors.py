"""What runs before a call's body is read, and at its end: the seat of access, telemetry, quotas and the like."""

from collections.abc import Callable, Sequence
from typing import Protocol

from imagewire_server.core.call import Call

OnEnd = Callable[[], None]


class Interceptor(Protocol):
    """Sees each call of both APIs that those before it let through, health checks among them."""

    async def intercept(self, call: Call) -> OnEnd | None:
        """Called before the body of a call is read.

        Raise one of `contract.errors` to refuse the call. Return a function to be called when the call has ended, in
        whatever way: the call then has its code, its duration and its cost. That function must not block; where it
        fails, the log has the fault, and the caller gets its answer all the same.
        """


async def intercept_all(interceptors: Sequence[Interceptor], call: Call) -> None:
    """Run them in their order. Raises what one of them refuses the call with; those behind it are not run then."""
    for interceptor in interceptors:
        on_end = await interceptor.intercept(call)
        if on_end is not None:
            call.on_end.append(on_end)
