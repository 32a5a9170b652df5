"""A lower scheduling priority for gRPC's own threads than for the event loop's.

They wake it, and it wakes them, about ten times per call. By default, Linux lets a thread that wakes up take the core
at once, so each step interrupts the event loop: that cost 10 % of a small call's CPU time and more.
"""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def giving_way() -> Iterator[None]:
    """A context: threads that start in it do not preempt others when they wake up (SCHED_BATCH, Linux only)."""
    # A thread inherits the policy of the thread that starts it.
    changed = False
    with contextlib.suppress(OSError, AttributeError):  # not every system has the call, and some forbid it
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
            changed = True
    try:
        yield
    finally:
        if changed:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
