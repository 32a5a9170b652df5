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
    # A thread has the policy of the one that started it.
    changed = False
    with contextlib.suppress(OSError, AttributeError):  # some systems have no such call, some forbid it
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
            changed = True
    try:
        yield
    finally:
        if changed:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
