"""What the log may say of an exception that should not have been: its type and its code locations, never its text."""

import traceback
from typing import Any

_PLACES = 8


def describe(error: BaseException) -> dict[str, Any]:
    """The fields of a log line. The text may hold what must not be logged; the locations say where to look."""
    # Without the lines of source: they would be read from the disk.
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), limit=-_PLACES, lookup_lines=False)
    return {"kind": type(error).__name__, "places": [f"{frame.filename}:{frame.lineno}" for frame in frames]}
