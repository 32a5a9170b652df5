"""What runs before a call's body is read, and at its end: access, telemetry, quotas and the like."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from imagewire_server.contract.errors import Error
from imagewire_server.core.call import Call
from imagewire_server.core.fault_log import log_fault

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
    """Run them in their order. Raises what one of them refuses the call with; those behind it are not run then.

    Any other exception of theirs becomes Internal, in the same way for both APIs.
    """
    try:
        for interceptor in interceptors:
            on_end = await interceptor.intercept(call)
            if on_end is not None:
                call.on_end.append(on_end)
    except Error:
        raise
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise  # the call's own: its client has left, or the server stops
        raise log_fault(error, call.request_id) from None
    except Exception as error:  # noqa: BLE001  # its text must not reach the caller
        raise log_fault(error, call.request_id) from None
