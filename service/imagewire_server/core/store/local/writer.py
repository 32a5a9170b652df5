"""The thread that writes to a local store, one step after another."""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import structlog

from imagewire_server.core.fault_log import describe
from imagewire_server.core.store.store import StoreDown

_T = TypeVar("_T")
_Call = Callable[[], None]
_log = structlog.get_logger("imagewire.keep")

_MOST = 256  # steps until the loop is told of them
_QUIET = 60.0  # seconds between two lines of the log about the same fault

# How files and SQLite say that they do not work.
FAULTS = (OSError, sqlite3.Error)


class Writer:
    """Runs steps. loop: that gives them. tick: called at least this often, in seconds, and between steps."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tick: Callable[[], None], every: float) -> None:
        self._tick, self._every = tick, every
        self._loop = loop
        self._steps: queue.SimpleQueue[Callable[[], _Call | None] | None] = queue.SimpleQueue()
        self._quiet_until: dict[str, float] = {}
        self._last: Callable[[], None] = lambda: None
        self._ended: asyncio.Future[None] = loop.create_future()
        self._thread = threading.Thread(target=self._run, name="keep", daemon=True)
        self._thread.start()

    def put(self, step: Callable[[], _Call | None]) -> None:
        """Have a step run in the thread. What it returns is called on the loop."""
        self._steps.put(step)

    async def call(self, step: Callable[[], _T]) -> _T:
        """Run a step in the thread and return its result. Raises StoreDown."""
        result: asyncio.Future[_T] = self._loop.create_future()

        def run() -> _Call:
            try:
                made = step()
            except FAULTS as error:
                self.warn("asking it", error)
                down = StoreDown(str(error))
                return lambda: None if result.done() else result.set_exception(down)
            return lambda: None if result.done() else result.set_result(made)

        self._steps.put(run)
        return await result

    def warn(self, what: str, error: BaseException) -> None:
        """Log a fault of the store, the same one once a minute."""
        now = time.monotonic()
        if now >= self._quiet_until.get(what, 0.0):
            self._quiet_until[what] = now + _QUIET
            _log.warning("the store of answers failed", what=what, **describe(error))

    async def aclose(self, last: Callable[[], None]) -> None:
        """Run what is left, then `last`, and end."""
        self._last = last
        self._steps.put(None)
        # Not by a thread of the loop's: an embedded server ends with its process, when no thread can be had.
        await asyncio.shield(self._ended)

    def _run(self) -> None:
        goes_on = True
        while goes_on:
            calls: list[_Call] = []
            try:
                step = self._steps.get(timeout=self._every)
                for _ in range(_MOST):
                    if step is None:
                        goes_on = False
                        break
                    self._do(step, calls)
                    step = self._steps.get_nowait()
                else:
                    if step is not None:
                        self._do(step, calls)
            except queue.Empty:
                pass
            if calls:
                self._tell(calls)
            try:
                self._tick()
            except FAULTS as error:
                self.warn("cleaning up", error)
        try:
            self._last()
        except FAULTS as error:
            self.warn("closing it", error)
        self._tell([partial(self._ended.set_result, None)])

    def _do(self, step: Callable[[], _Call | None], calls: list[_Call]) -> None:
        try:
            call = step()
        except Exception as error:  # noqa: BLE001  # a fault of ours must not end the thread
            self.warn("a step", error)
        else:
            if call is not None:
                calls.append(call)

    def _tell(self, calls: list[_Call]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
            self._loop.call_soon_threadsafe(_call_all, calls)


def _call_all(calls: list[_Call]) -> None:
    for call in dict.fromkeys(calls):
        call()
