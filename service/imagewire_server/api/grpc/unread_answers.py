"""What calls that have ended still owe their clients: how much that is, and an end where it is not taken.

A handler's end is not its call's. gRPC keeps an answer, or the status of a failure, until the client has made room for
it (HTTP/2's flow control), for ever if need be, and the handler's task is not done until then.
"""

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import structlog

from imagewire_server.contract.errors import Overloaded

Task = asyncio.Task[Any]

_SLOWEST = 256 * 1024  # bytes a second: at this pace a large answer may take longer than the time-out
_RETRY_AFTER = 1.0
_log = structlog.get_logger("imagewire.grpc")


class UnreadAnswers:
    """timeout: seconds in which an answer is taken, or its call is cut. most: bytes of all of them."""

    def __init__(self, timeout: float, most: int) -> None:
        self._timeout = timeout
        self._most = most
        self._bytes = 0
        # Until when each may stay, its bytes, and who wants to know of its end.
        self._owed: dict[Task, tuple[float, int, Callable[[bool], None] | None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0  # when the timer fires; uvloop's handle of one that is due does not tell

    def check(self) -> None:
        """Raise Overloaded while more is owed than may be."""
        if self._bytes > self._most:
            raise Overloaded(
                f"clients have not read {self._bytes} bytes of their answers yet, and this server keeps {self._most}"
                " (max_unread_bytes): try again in a second, or use StreamCompletion",
                retry_after=_RETRY_AFTER,
            )

    def add(self, task: Task, size: int = 0, ended: Callable[[bool], None] | None = None) -> None:
        """A call's task is about to hand over so many bytes. ended: told whether they were taken."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._timeout + size / _SLOWEST
        self._owed[task] = until, size, ended
        self._bytes += size
        task.add_done_callback(self._taken)
        if self._timer is None or until < self._next:
            self._wait(until)

    def _taken(self, task: Task) -> None:
        self._forget(task, taken=True)

    def _forget(self, task: Task, *, taken: bool) -> None:
        entry = self._owed.pop(task, None)
        if entry is not None:
            self._bytes -= entry[1]
            if entry[2] is not None:
                entry[2](taken)

    def _wait(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._next = asyncio.get_running_loop().call_at(until, self._due), until

    def _due(self) -> None:
        """Cut the calls whose time is over; wait for the next."""
        self._timer = None
        now = asyncio.get_running_loop().time()
        due = [task for task, (until, _, _) in self._owed.items() if until <= now]
        for task in due:
            self._forget(task, taken=False)
        _cut(set(due))
        if self._owed:
            self._wait(min(until for until, _, _ in self._owed.values()))


def _cut(tasks: set[Task]) -> None:
    """End calls whose handlers have ended: their streams are reset, and what gRPC keeps of them is freed.

    grpc.aio has no method for it, but it resets the stream of a call that nobody holds any more. Two tasks hold it, and
    its server holds the newest call, so that one ends when the next comes.
    """
    holders = _holders(tasks)
    for task in tasks:
        if task not in holders:
            _log.error("a call whose answer is not read could not be cut")
            continue
        task.cancel()
        holders[task].cancel()


def _holders(tasks: set[Task]) -> dict[Task, Task]:
    """grpc.aio's own tasks of calls, which started the handlers' and wait for the calls' ends; by the handlers'."""
    found: dict[Task, Task] = {}
    for other in asyncio.all_tasks() if tasks else ():
        coroutine: Any = other.get_coro()
        if getattr(coroutine, "__qualname__", "") == "_schedule_rpc_coro":
            for held in gc.get_referents(*gc.get_referents(coroutine)):
                if isinstance(held, asyncio.Task) and held in tasks:
                    found[held] = other
    return found
