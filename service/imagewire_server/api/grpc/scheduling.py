"""A lower scheduling priority for gRPC's own threads than for the event loop's.

They wake it, and it wakes them, about ten times per call. By default, Linux lets a thread that wakes up take the core
at once, so each step interrupts the event loop: that cost 10 % of a small call's CPU time and more.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from imagewire_server import linux


@contextmanager
def giving_way() -> Iterator[None]:
    """A context: threads that start in it do not preempt others when they wake up (SCHED_BATCH, Linux only)."""
    # A thread inherits the policy of the thread that starts it.
    changed = linux.schedule_as_batch()
    try:
        yield
    finally:
        if changed:
            linux.schedule_as_other()
