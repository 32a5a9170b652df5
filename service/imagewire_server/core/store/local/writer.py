"""The thread that writes to a local store, one step after another."""

import asyncio
import contextlib
import itertools
import queue
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from imagewire_server import linux
from imagewire_server.core.store.store import LONGEST, StoreDown
from imagewire_server.core.store.warnings import Warnings

_T = TypeVar("_T")
_Call = Callable[[], None]

_MOST = 256  # steps until the loop is told of them
_LOOK_EVERY = 0.5  # seconds between two looks whether the thread hangs, while it has something to do

# How files and SQLite say that they do not work.
FAULTS = (OSError, sqlite3.Error)


class Writer:
    """Runs steps. loop: that gives them. tick: called behind steps; returns seconds until it is to be called again.
    Call `start` first.

    on_hang: called on the loop when a step does not end: the disk hangs, or another process has locked the database.
    hangs: whether that was so; until the tick has said by `works` that it is not.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, tick: Callable[[], float], on_hang: Callable[[], None]) -> None:
        self.hangs = False
        self._tick, self._on_hang = tick, on_hang
        self._loop = loop
        self._numbers = itertools.count()
        self._doing: int | None = None  # the number of what the thread does now
        self._seen: int | None = None  # what it did at the last look, and at how many in front of that one
        self._looks = 0
        self._is_watched = False
        self._asked: set[asyncio.Future[Any]] = set()
        self._calls: list[_Call] = []
        self._steps: queue.SimpleQueue[Callable[[], _Call | None] | None] = queue.SimpleQueue()
        self.warn = Warnings().warn
        self._last: Callable[[], None] = lambda: None
        self._ended: asyncio.Future[None] = loop.create_future()

    def start(self) -> None:
        """Begin. What `tick` needs is there now."""
        threading.Thread(target=self._run, name="keep", daemon=True).start()

    def put(self, step: Callable[[], _Call | None]) -> None:
        """Have a step run in the thread. What it returns is called on the loop."""
        self._steps.put(step)
        if not self._is_watched:
            self._is_watched = True
            self._loop.call_later(_LOOK_EVERY, self._watch)

    async def call(self, step: Callable[[], _T], undo: Callable[[_T], None] | None = None) -> _T:
        """Run a step in the thread and return its result. Raises StoreDown, also where the thread hangs.

        undo: called on the loop with the result of a step that nobody waits for any more.
        """
        if self.hangs:
            raise StoreDown("it does not answer")
        result: asyncio.Future[_T] = self._loop.create_future()
        self._asked.add(result)
        result.add_done_callback(self._asked.discard)

        def run() -> _Call | None:
            if result.done():
                return None  # nobody waits any more
            try:
                made = step()
            except FAULTS as error:
                self.warn("asking it", error)
                down = StoreDown(str(error))
                return lambda: None if result.done() else result.set_exception(down)
            return partial(_give, result, made, undo)

        self.put(run)
        return await result

    def then(self, call: _Call) -> None:
        """In the thread: have something called on the loop."""
        self._calls.append(call)

    def goes_on(self) -> None:
        """In the thread: what it does now takes long, and some more of it is done."""
        self._doing = next(self._numbers)

    def works(self) -> None:
        """In the thread: it does not hang any more. Whoever asks from now on comes behind all that is undone."""
        self.then(self._set_back)

    def _set_back(self) -> None:
        self.hangs = False

    async def aclose(self, last: Callable[[], None]) -> None:
        """Run what is left, then `last`, and end."""
        self._last = last
        self._steps.put(None)
        # Not by a thread of the loop's: an embedded server ends with its process, when no thread can be had.
        await asyncio.shield(self._ended)

    def _watch(self) -> None:
        doing = self._doing
        if doing is None and self._steps.empty():
            self._is_watched = False
            return
        # Looks count, not the clock: where this process was stopped, or starved, its thread had no time either.
        self._looks = self._looks + 1 if doing is not None and doing == self._seen else 0
        self._seen = doing
        if self._looks * _LOOK_EVERY >= LONGEST:
            self.hangs, self._looks = True, 0  # told again later: it may have written in between, and hang anew
            self.warn("waiting for it", TimeoutError("a step does not end"))
            self._on_hang()
            for result in list(self._asked):
                if not result.done():  # whoever asked may have left a moment ago
                    result.set_exception(StoreDown("it does not answer"))
        self._loop.call_later(_LOOK_EVERY, self._watch)

    def _run(self) -> None:
        linux.schedule_as_batch()  # else it takes the core from the loop with each piece of a large picture
        goes_on, pause = True, 0.0
        while goes_on:
            for step in self._waiting(pause):
                if step is None:
                    goes_on = False
                else:
                    self._do(step)
            self.goes_on()
            try:
                pause = self._tick()
            except FAULTS as error:
                self.warn("cleaning up", error)
            self._doing = None
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
        self.goes_on()
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


def _give(result: "asyncio.Future[_T]", made: _T, undo: Callable[[_T], None] | None) -> None:
    if not result.done():
        result.set_result(made)
    elif undo is not None:
        undo(made)


def _call_all(calls: list[_Call]) -> None:
    for call in dict.fromkeys(calls):
        call()
