"""What the log may say of an exception that should not have been: its type and its code locations, never its text."""

import traceback
from typing import Any

import structlog

from imagewire_server.contract.errors import Internal

_LOCATIONS = 8
_log = structlog.get_logger("imagewire.calls")


def describe(error: BaseException) -> dict[str, Any]:
    """The fields of a log line. The text may hold what must not be logged; the locations say where to look."""
    # Without the lines of source: they would be read from the disk.
    frames = traceback.StackSummary.extract(
        traceback.walk_tb(error.__traceback__), limit=-_LOCATIONS, lookup_lines=False
    )
    return {"kind": type(error).__name__, "places": [f"{frame.filename}:{frame.lineno}" for frame in frames]}


def log_fault(error: BaseException, request_id: str) -> Internal:
    """Log an exception that a call met; the error that its caller may see in its place."""
    _log.error("fault", request_id=request_id, **describe(error))
    return Internal(f"a fault of this server's; its log names it under request id {request_id}")
