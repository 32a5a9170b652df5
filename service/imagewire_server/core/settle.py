"""A call's end, the same for both APIs: it is counted, its line is logged, and its interceptors learn of it."""

import asyncio
import time

import structlog

from imagewire_server.core import metrics
from imagewire_server.core.call import Call
from imagewire_server.core.fault_log import log_fault

_log = structlog.get_logger("imagewire.calls")


def settle(call: Call, **outcome: str | int) -> None:
    """Count the call, log it and tell its interceptors: once, also for one that was cancelled or refused.

    outcome: how its API says it in the log. A failure here does not reach the caller, whose answer is made elsewhere.
    """
    call.seconds, call.settled = time.monotonic() - call.began, True
    call.status = outcome.get("status", outcome.get("code", ""))
    try:
        if not call.quiet:
            metrics.count(call)
        log = _log.debug if call.quiet else _log.info
        ident, method, seconds = call.request_id, call.method, round(call.seconds, 4)
        log("call", request_id=ident, method=method, **outcome, seconds=seconds, **call.fields())
    except Exception as error:  # noqa: BLE001
        log_fault(error, call.request_id)
    # The last to begin is the first to end. A call that kept what ends with it, which knows the call, would be a cycle,
    # and be freed only by the garbage collector.
    while call.on_end:
        try:
            call.on_end.pop()()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # the second: of something that it asked
            log_fault(error, call.request_id)
