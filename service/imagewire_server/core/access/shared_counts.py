"""Counts that several processes share, in Redis: each decision is one script, so it is exact however many race.

While Redis does not work, limits are counted by each process for itself, within its share, and budgets are refused.
What ends meanwhile is told to Redis as soon as it works again; what Redis has lost is counted anew. What it was asked,
and nobody waits for any more or has heard the answer of, is undone.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import structlog

from imagewire_server.core.access import scripts
from imagewire_server.core.access.counts import MINUTE, Admitted, CountsDown, LocalCounts, Reserved, Spent
from imagewire_server.core.fault_log import describe

_log = structlog.get_logger("imagewire.limits")

# Seconds: how long Redis may take to answer, how long it is then left alone, and how long what ends the process waits.
_PATIENCE, _PAUSE, _LAST = 1.0, 1.0, 2.0
# Seconds: how long Redis believes that a call runs, unless it is told again, and how often that happens.
_LEASE, _RENEW = 30.0, 10.0
# Seconds after which Redis has forgotten what was counted, all but money.
_FORGOTTEN = 65.0
_MONEY = frozenset({scripts.ABANDON, scripts.SETTLE})

_Told = tuple[str, *tuple[object, ...]]  # a script, and its arguments


class Scripts(Protocol):
    """What runs scripts in Redis."""

    async def run(self, script: str, *arguments: object) -> Any:
        """Run one. Raises any error if Redis does not answer."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class _Unheard(CountsDown):
    """Redis was asked, and may have done it, but has not answered."""


class SharedCounts:
    """Implements Counts. connection: to Redis. local: this process's share, for when Redis does not work."""

    def __init__(self, connection: Scripts, local: LocalCounts, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._local = local
        self._clock = clock
        self._down_until = 0.0
        self._is_down = False
        self._is_tried = False
        self._later: asyncio.Queue[tuple[float, _Told]] = asyncio.Queue()
        self._tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._renew())]

    async def enter(self, name: str, limit: int, ident: str) -> bool:
        """See Counts."""
        undo = (scripts.LEAVE, name, ident)
        try:
            entered = bool(await self._ask(undo, scripts.ENTER, name, limit, ident, _LEASE))
        except CountsDown as down:
            entered = await self._local.enter(name, limit, ident)
            if entered:
                self._put((scripts.RENEW, name, ident, _LEASE))
            else:
                self._undo(down, undo)
            return entered
        if entered:
            self._local.note_running(name, ident)
        return entered

    def leave(self, name: str, ident: str) -> None:
        """See Counts."""
        self._local.leave(name, ident)
        self._put((scripts.LEAVE, name, ident))

    async def admit(
        self, name: str, kind: str, limit: int, ident: str, *, window: float = MINUTE, longest: float = 0.0
    ) -> Admitted:
        """See Counts."""
        undo = (scripts.GIVE_BACK, name, kind, ident)
        try:
            told: bytes = await self._ask(undo, scripts.ADMIT, name, kind, limit, ident, window, longest)
        except CountsDown as down:
            admitted = await self._local.admit(name, kind, limit, ident, window=window, longest=longest)
            if admitted.wait <= longest:
                self._put((scripts.ADD, name, kind, ident))
            else:
                self._undo(down, undo)
            return admitted
        wait, count = map(float, told.split())
        if wait <= longest:
            self._local.add(name, kind, ident)
        return Admitted(wait, count / limit if limit else 1.0)

    def add(self, name: str, kind: str, ident: str) -> None:
        """See Counts."""
        self._local.add(name, kind, ident)
        self._put((scripts.ADD, name, kind, ident))

    def give_back(self, name: str, kind: str, ident: str) -> None:
        """See Counts."""
        self._local.give_back(name, kind, ident)
        self._put((scripts.GIVE_BACK, name, kind, ident))

    def most(self, limit: int) -> int:
        """See Counts."""
        return limit

    async def reserve(self, name: str, limit: int, nano_usd: int, ident: str) -> Reserved:
        """See Counts."""
        undo = (scripts.ABANDON, name, ident)
        try:
            ok, day, until_next, settling = await self._ask(undo, scripts.RESERVE, name, limit, nano_usd, ident)
        except CountsDown as down:
            self._undo(down, undo)
            raise
        return Reserved(bool(ok), int(day), float(until_next), bool(settling))

    def settle(self, name: str, day: int, ident: str, nano_usd: int) -> None:
        """See Counts."""
        self._put((scripts.SETTLE, name, day, ident, nano_usd))

    async def spent(self, names: Sequence[str]) -> list[Spent]:
        """See Counts."""
        until_next, *used = await self._run(scripts.SPENT, *names)
        pairs = [one.split() for one in used]
        return [Spent(int(spent), int(reserved), float(until_next)) for spent, reserved in pairs]

    async def aclose(self) -> None:
        """See Counts."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST):
                await self._later.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._connection.aclose()

    def _put(self, told: _Told) -> None:
        self._later.put_nowait((self._clock(), told))

    def _undo(self, down: CountsDown, undo: _Told) -> None:
        if isinstance(down, _Unheard):
            self._put(undo)

    async def _ask(self, undo: _Told, script: str, *arguments: object) -> Any:
        """What a script answers. undo: tells Redis that nobody waits for it any more. Raises CountsDown."""
        try:
            return await self._run(script, *arguments)
        except asyncio.CancelledError:
            self._put(undo)
            raise

    async def _run(self, script: str, *arguments: object) -> Any:
        """What a script answers. While Redis is down, one at a time tries whether it works. Raises CountsDown."""
        tries = self._is_down
        if tries and (self._is_tried or self._clock() < self._down_until):
            raise CountsDown
        self._is_tried = tries or self._is_tried
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await self._connection.run(script, *arguments)
        except Exception as error:  # whatever the reason: nothing can be counted there
            self._fell(error)
            raise _Unheard from error
        finally:
            if tries:
                self._is_tried = False
        if self._is_down:
            self._is_down = False
            _log.info("the Redis of limits works again")
            self._tell_running()
        return found

    def _fell(self, error: Exception) -> None:
        self._down_until = self._clock() + _PAUSE
        if not self._is_down:
            self._is_down = True
            words = "the Redis of limits does not work: each server counts for itself, budgets are refused"
            _log.error(words, **describe(error))

    async def _write(self) -> None:
        """Tell Redis what nobody waits for, and how long ago it was, in its order, each until it is told.

        All of it may be told twice. What Redis would have forgotten by now is not told.
        """
        while True:
            begun, (script, *arguments) = await self._later.get()
            while script in _MONEY or self._clock() - begun < _FORGOTTEN:
                try:
                    await self._run(script, *arguments, self._clock() - begun)
                except CountsDown:
                    await asyncio.sleep(_PAUSE / 4)
                else:
                    break
            self._later.task_done()

    async def _renew(self) -> None:
        """Tell Redis again and again which calls run. A process that ended by force is silent, so its calls end."""
        while True:
            await asyncio.sleep(_RENEW)
            if not self._is_down or self._later.empty():
                self._tell_running()

    def _tell_running(self) -> None:
        for name, ident in self._local.running():
            self._put((scripts.RENEW, name, ident, _LEASE))
