"""gRPC's own threads give way to the event loop's.

They wake it and are woken by it about ten times a call. By default Linux lets a thread that wakes take the core at
once, so that each step interrupts the loop: a tenth of a small call's CPU time and more went into that.
"""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def giving_way() -> Iterator[None]:
    """Threads that start meanwhile wait for a free core or for their turn (SCHED_BATCH, which only Linux has)."""
    if not hasattr(os, "SCHED_BATCH") or os.sched_getscheduler(0) != os.SCHED_OTHER:
        yield
        return
    # A thread has the policy of the one that started it.
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
