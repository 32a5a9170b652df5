"""Stopping: how far it is asked for, and the calls that run, to be waited for and ended when they outlast the grace.

A call that is ended this way has our own status, before the server cuts its connection: what a mesh sees of a cut is
UNAVAILABLE, and it repeats that, also where a picture has been paid for.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from imagewire_server.contract.errors import Draining, ShuttingDown
from imagewire_server.core.call import Call

# Seconds in which calls that were ended tell their callers, behind what these have still to read, and clean up.
CLEANUP = 5.0


class RunningCalls:
    """Calls that run. Once they have been ended, new ones are refused."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._ended: set[asyncio.Task[Any]] = set()
        self._unbroken: set[asyncio.Task[Any]] = set()
        self._shut = False

    def __len__(self) -> int:
        return len(self._running)

    def running(self, call: Call) -> "_Running":
        """Run one call inside. Raises Draining when new ones are refused, and what `raise_if_ended` raises."""
        return _Running(self, call)

    def raise_if_ended(self, call: Call) -> None:
        """For a cancelled call: raise ShuttingDown where `end` ended it, Draining if nothing was sent for it."""
        task = asyncio.current_task()
        # Where the client has left too, its cancellation counts.
        if task is not None and task in self._ended and task.uncancel() == 0:
            raise (_loss() if call.tried else _refusal()) from None

    def _enter(self) -> asyncio.Task[Any]:
        if self._shut:
            raise _refusal()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine runs in one
        self._running.add(task)
        return task

    def _leave(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        self._ended.discard(task)

    @contextmanager
    def unbroken(self) -> Iterator[None]:
        """Inside of `running`: what runs inside is let run to its end before the call is ended."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine runs in one
        self._unbroken.add(task)
        try:
            yield
        finally:
            self._unbroken.discard(task)
            if task in self._ended:
                task.cancel()

    async def wait(self, over: "asyncio.Task[None]") -> None:
        """Return when no call runs any more, or when `over` is done."""
        while self._running and not over.done():
            await asyncio.wait({*self._running, over}, return_when=asyncio.FIRST_COMPLETED)

    async def end(self) -> None:
        """End the calls that run, refuse new ones, and let those that ran tell their callers why."""
        self._shut = True
        ending = set(self._running)
        self._ended |= ending
        for task in ending - self._unbroken:
            task.cancel()
        if ending:
            await asyncio.wait(ending, timeout=CLEANUP)


class _Running:
    """One call that runs. A class, because each call has one, and a generator costs three times as much."""

    __slots__ = ("_call", "_calls", "_task")

    def __init__(self, calls: RunningCalls, call: Call) -> None:
        self._calls = calls
        self._call = call

    def __enter__(self) -> None:
        self._task = self._calls._enter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        try:
            if isinstance(error, asyncio.CancelledError):
                self._calls.raise_if_ended(self._call)
        finally:
            self._calls._leave(self._task)


class Stop:
    """How far a server is asked to stop. begun: no further calls are wanted. hurry: without `drain_delay`. now: without
    `drain_grace` either.
    """

    def __init__(self) -> None:
        self.begun, self.hurry, self.now = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def terminate(self) -> None:
        """An orchestrator's SIGTERM: those who send calls here learn of it by asking for health."""
        self.begun.set()

    def hasten(self) -> None:
        """Nobody will ask for health."""
        self.hurry.set()
        self.begun.set()

    def interrupt(self) -> None:
        """A person's Ctrl-C; another one ends the calls that still run."""
        if self.hurry.is_set():
            self.now.set()
        self.hasten()


async def pause(seconds: float, hurry: asyncio.Event) -> None:
    """Return after so many seconds, or when `hurry` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(hurry.wait(), seconds)


def _refusal() -> Draining:
    return Draining("this server is stopping, and nothing was sent for this call: try again, with another server")


def _loss() -> ShuttingDown:
    return ShuttingDown(
        "the server was stopped while the picture was being drawn; it may have been charged: check whether you were"
        " billed before you ask again"
    )
