"""Draining: how far the server is asked to stop, and the running calls, which are awaited, or ended after the grace.

A call that is ended here gets our own status before the server cuts its connection. A service mesh would see a cut
connection as UNAVAILABLE and repeat the call, even if a picture has been paid for.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from imagewire_server.contract.errors import Draining, ShuttingDown
from imagewire_server.core.call import Call

# Seconds in which ended calls send their status, after what their clients have still to read, and clean up.
CLEANUP = 5.0


class RunningCalls:
    """The running calls. Once they have been ended, new ones are refused."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._ended: set[asyncio.Task[Any]] = set()
        self._shielded: set[asyncio.Task[Any]] = set()
        self._shut = False

    def __len__(self) -> int:
        return len(self._running)

    def running(self, call: Call) -> "_Running":
        """A context in which a call runs. Raises Draining if new calls are refused, or what `raise_if_ended` raises."""
        return _Running(self, call)

    def raise_if_ended(self, call: Call) -> None:
        """For a cancelled call: if `end` ended it, raise ShuttingDown, or Draining if nothing was sent for it."""
        task = asyncio.current_task()
        # If the client has left as well, its cancellation counts.
        if task is not None and task in self._ended and task.uncancel() == 0:
            raise (loss() if call.tried else _refusal()) from None

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
    def shielded(self) -> Iterator[None]:
        """A context within `running`: what runs in it is finished before the call is ended."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine runs in one
        self._shielded.add(task)
        try:
            yield
        finally:
            self._shielded.discard(task)
            if task in self._ended:
                task.cancel()

    async def wait(self, over: "asyncio.Task[None]") -> None:
        """Return when no call is running, or when `over` is done."""
        while self._running and not over.done():
            await asyncio.wait({*self._running, over}, return_when=asyncio.FIRST_COMPLETED)

    async def end(self) -> None:
        """Refuse new calls, end the running ones, and let them send their status."""
        self._shut = True
        ending = set(self._running)
        self._ended |= ending
        for task in ending - self._shielded:
            task.cancel()
        if ending:
            await asyncio.wait(ending, timeout=CLEANUP)


class _Running:
    """One running call. A class, because each call has one, and a generator costs three times as much."""

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
    """How far a server is asked to stop. begun: no new calls are wanted. hurry: skip `drain_delay`. now: skip
    `drain_grace` as well.
    """

    def __init__(self) -> None:
        self.begun, self.hurry, self.now = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def terminate(self) -> None:
        """An orchestrator's SIGTERM: load balancers learn of it from health checks."""
        self.begun.set()

    def hasten(self) -> None:
        """Stop without waiting for health checks."""
        self.hurry.set()
        self.begun.set()

    def interrupt(self) -> None:
        """A person's Ctrl-C; another one ends the calls that still run."""
        if self.hurry.is_set():
            self.now.set()
        self.hasten()


async def pause(seconds: float, hurry: asyncio.Event) -> None:
    """Return after this many seconds, or when `hurry` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(hurry.wait(), seconds)


def _refusal() -> Draining:
    return Draining("this server is stopping, and nothing was sent for this call: try again, with another server")


def loss() -> ShuttingDown:
    """Of a drawing that the grace did not suffice for."""
    return ShuttingDown(
        "the server was stopped while the picture was being drawn; it may have been charged: check whether you were"
        " billed before you ask again"
    )
