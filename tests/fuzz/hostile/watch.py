"""Watches an event loop from a thread: what holds it, in the loop thread's own CPU time.

Wall time says nothing on a busy machine. Each beat asks the loop for a turn and compares the loop thread's clock before
and after: that much work stood in front of the turn. Where the process worked elsewhere while the loop waited, another
thread held the interpreter.
"""

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from tests.slowness import slowness

# Twice the 50 ms that docs/reliability.md promises of an otherwise idle machine.
MOST = 0.1
# Of waiting while this process works in other threads: those that need no interpreter are among them.
MOST_ELSEWHERE = 0.25
_PERIOD = 0.005


@dataclass(frozen=True)
class Held:
    """The loop was held. how: by "the loop", or "elsewhere". begun: on the system's clock.

    seconds: of CPU time; where the loop held itself, those that it takes on a machine of usual speed.
    """

    how: str
    seconds: float
    begun: float
    places: tuple[str, ...]


class Watch:
    """Watches the running loop of the thread that makes it. report: told, in the watch's thread, of each hold."""

    def __init__(self, loop: asyncio.AbstractEventLoop, report: Callable[[Held], None]) -> None:
        self._loop = loop
        self._report = report
        self._ident = threading.get_ident()
        self._clock = time.pthread_getcpuclockid(self._ident)
        self._turn = threading.Event()
        self._at = (0.0, 0.0, 0.0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()
        self._thread.join()

    def _beat(self) -> None:
        self._at = time.monotonic(), time.thread_time(), time.process_time()
        self._turn.set()

    def _run(self) -> None:
        last = 0.0, 0.0, 0.0
        while not self._stopping.wait(_PERIOD):
            self._turn.clear()
            begun, mine = time.monotonic(), time.clock_gettime(self._clock)
            try:
                self._loop.call_soon_threadsafe(self._beat)
            except RuntimeError:  # the loop is closed
                return
            places: tuple[str, ...] = ()
            while not self._turn.wait(_PERIOD):
                if self._stopping.is_set():
                    return
                if time.clock_gettime(self._clock) - mine > MOST / 2:
                    places = places or self._places()
            # Who holds the interpreter holds this thread as well, so what is elsewhere counts from the turn before.
            passed, loops, everybodys = (now - then for now, then in zip(self._at, last, strict=True))
            elsewhere = min(passed - _PERIOD, everybodys - loops) if last[0] else 0.0
            last = self._at
            if (seconds := self._at[1] - mine) > MOST and (usual := seconds / slowness()) > MOST:
                self._report(Held("the loop", usual, begun, places))
            elif elsewhere > MOST_ELSEWHERE:
                self._report(Held("elsewhere", elsewhere, begun, ()))

    def _places(self) -> tuple[str, ...]:
        """Where the loop's thread is."""
        frame = sys._current_frames().get(self._ident)  # documented, for debuggers
        if frame is None:
            return ()
        frames = traceback.StackSummary.extract(traceback.walk_stack(frame), limit=12, lookup_lines=False)
        return tuple(f"{one.filename}:{one.lineno}" for one in frames)
