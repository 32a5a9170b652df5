"""How long the event loop is held: the CPU time of its longest step, which a busy machine does not change."""

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.slowness import slowness

# Twice the 50 ms that docs/reliability.md promises of an otherwise idle machine: the faults that it finds took seconds.
MOST = 0.1


class Watch:
    """The longest step of one event loop. what: the step.

    worst: seconds of its thread's CPU time; after the watch, those that it takes on a machine of usual speed.
    """

    def __init__(self) -> None:
        self.worst = 0.0
        self.what = ""

    def note(self, seconds: float, what: object) -> None:
        """A step took so long."""
        if seconds > self.worst:
            self.worst, self.what = seconds, repr(what)


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Watch the loop of this thread."""
    mine, watch = threading.get_ident(), Watch()
    run: Any = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        if threading.get_ident() != mine:
            run(handle)
            return
        begun = time.thread_time()
        run(handle)
        watch.note(time.thread_time() - begun, getattr(handle, "_callback", None))

    with monkeypatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", timed)
        gc.freeze()  # as a server does: else its collector reads all that the tests have loaded
        yield watch
        watch.worst /= slowness()
