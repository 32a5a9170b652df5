"""Answers that clients have not read yet: how many bytes they are, and an end for those that are never read.

A call does not end with its handler. gRPC keeps the answer, or the status of a failure, until the client has room for
it (HTTP/2's flow control), for ever if need be. Until then the handler's task is not done.
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
    """timeout: seconds in which an answer must be read, or its call is cut. most: bytes of all of them together."""

    def __init__(self, timeout: float, most: int) -> None:
        self._timeout = timeout
        self._most = most
        self._bytes = 0
        # When each is cut, its bytes, and what to call at its end.
        self._unread: dict[Task, tuple[float, int, Callable[[bool], None] | None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0  # when the timer fires; the handle of uvloop does not say so once it is due

    def size(self) -> int:
        """The bytes of all of them."""
        return self._bytes

    def check(self) -> None:
        """Raise Overloaded while unread answers exceed the limit."""
        if self._bytes > self._most:
            raise Overloaded(
                f"clients have not read {self._bytes} bytes of their answers yet, and this server keeps {self._most}"
                " (max_unread_bytes): try again in a second, or use StreamCompletion",
                retry_after=_RETRY_AFTER,
            )

    def add(self, task: Task, size: int = 0, ended: Callable[[bool], None] | None = None) -> None:
        """A call's task is about to give gRPC this many bytes. ended: called with whether they were read."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._timeout + size / _SLOWEST
        self._unread[task] = until, size, ended
        self._bytes += size
        task.add_done_callback(self._done)
        if self._timer is None or until < self._next:
            self._wait(until)

    def _done(self, task: Task) -> None:
        self._forget(task, taken=True)

    def _forget(self, task: Task, *, taken: bool) -> None:
        entry = self._unread.pop(task, None)
        if entry is not None:
            self._bytes -= entry[1]
            if entry[2] is not None:
                entry[2](taken)

    def _wait(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._next = asyncio.get_running_loop().call_at(until, self._due), until

    def _due(self) -> None:
        """Cut the calls whose time is over, and set the timer for the next."""
        self._timer = None
        now = asyncio.get_running_loop().time()
        due = [task for task, (until, _, _) in self._unread.items() if until <= now]
        for task in due:
            self._forget(task, taken=False)
        _cut(set(due))
        if self._unread:
            self._wait(min(until for until, _, _ in self._unread.values()))


def _cut(tasks: set[Task]) -> None:
    """End calls whose handlers have returned: their streams are reset, and gRPC frees what it keeps of them.

    grpc.aio has no method for this, but it resets the stream of a call that nothing refers to any more. Two tasks refer
    to it. Its server refers to the newest call as well, so that one ends when the next call comes.
    """
    holders = _holders(tasks)
    for task in tasks:
        if task not in holders:
            _log.error("a call whose answer is not read could not be cut")
            continue
        task.cancel()
        holders[task].cancel()


def _holders(tasks: set[Task]) -> dict[Task, Task]:
    """grpc.aio's own task of each call, by the handler's task, which it has started; it waits for the call's end."""
    found: dict[Task, Task] = {}
    for other in asyncio.all_tasks() if tasks else ():
        coroutine: Any = other.get_coro()
        if getattr(coroutine, "__qualname__", "") == "_schedule_rpc_coro":
            for held in gc.get_referents(*gc.get_referents(coroutine)):
                if isinstance(held, asyncio.Task) and held in tasks:
                    found[held] = other
    return found
