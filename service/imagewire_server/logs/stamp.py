"""The time of a log line. structlog's own stamp makes a datetime for each, at several times the cost."""

import time
from collections.abc import Callable, MutableMapping
from typing import Any

_Event = MutableMapping[str, Any]


def stamper(clock: Callable[[], int] = time.time_ns) -> Callable[[Any, str, _Event], _Event]:
    """A processor for structlog: it adds `timestamp`, in UTC with microseconds. clock: nanoseconds since 1970."""
    known = (-1, "")  # the last second, and how it is written

    def stamp(_: Any, __: str, event: _Event) -> _Event:
        nonlocal known
        second, nanoseconds = divmod(clock(), 1_000_000_000)
        last, written = known
        if second != last:
            written = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            known = second, written  # both at once: any thread may write a line
        event["timestamp"] = f"{written}.{nanoseconds // 1000:06}Z"
        return event

    return stamp
