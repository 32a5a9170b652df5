"""How slow this machine is now: limits in CPU seconds allow for it.

A neighbour on the same core, or an older processor, makes each step longer, of the tested code as of any other.
"""

import time

# What the steps below took on the machine that the limits were chosen on, in seconds of CPU time.
_USUAL = 0.004
_TIMES = 3


def slowness() -> float:
    """How many times as long as usual a fixed piece of work takes, 1 or more. Takes some 20 ms."""
    return max(1.0, min(_reference() for _ in range(_TIMES)) / _USUAL)


def _reference() -> float:
    """The CPU time of some steps of the interpreter, and of some copies in memory."""
    begun = time.thread_time()
    total = 0
    for number in range(20_000):
        total += number & 7
    data = bytes(2 * 1024 * 1024)
    assert (data + b"a").count(b"ab") == 0
    return time.thread_time() - begun
