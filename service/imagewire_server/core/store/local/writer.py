"""The thread that writes to a local store, one step after another."""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from imagewire_server.core.store.store import StoreDown
from imagewire_server.core.store.warnings import Warnings

_T = TypeVar("_T")
_Call = Callable[[], None]

_MOST = 256  # steps until the loop is told of them

# How files and SQLite say that they do not work.
FAULTS = (OSError, sqlite3.Error)


class Writer:
    """Runs steps. loop: that gives them. tick: called behind steps; returns seconds until it is to be called again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tick: Callable[[], float]) -> None:
        self._tick = tick
        self._loop = loop
        self._calls: list[_Call] = []
        self._steps: queue.SimpleQueue[Callable[[], _Call | None] | None] = queue.SimpleQueue()
        self.warn = Warnings().warn
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

    async def aclose(self, last: Callable[[], None]) -> None:
        """Run what is left, then `last`, and end."""
        self._last = last
        self._steps.put(None)
        # Not by a thread of the loop's: an embedded server ends with its process, when no thread can be had.
        await asyncio.shield(self._ended)

    def _run(self) -> None:
        goes_on, pause = True, 0.0
        while goes_on:
            for step in self._waiting(pause):
                if step is None:
                    goes_on = False
                else:
                    self._do(step)
            try:
                pause = self._tick()
            except FAULTS as error:
                self.warn("cleaning up", error)
            self._tell()
        try:
            self._last()
        except FAULTS as error:
            self.warn("closing it", error)
        self._calls.append(partial(self._ended.set_result, None))
        self._tell()

    def _waiting(self, pause: float) -> list[Callable[[], _Call | None] | None]:
        """The steps that are to be run, at least one, unless none comes for some seconds."""
        found = []
        with contextlib.suppress(queue.Empty):
            found.append(self._steps.get(timeout=pause))
            while len(found) < _MOST:
                found.append(self._steps.get_nowait())
        return found

    def _do(self, step: Callable[[], _Call | None]) -> None:
        try:
            call = step()
        except Exception as error:  # noqa: BLE001  # a fault of ours must not end the thread
            self.warn("a step", error)
        else:
            if call is not None:
                self._calls.append(call)

    def _tell(self) -> None:
        calls, self._calls = self._calls, []
        if calls:
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
                self._loop.call_soon_threadsafe(_call_all, calls)


def _call_all(calls: list[_Call]) -> None:
    for call in dict.fromkeys(calls):
        call()
