"""Tells Redis what this process draws, as long as it lives, and finds out whether the store works."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine
from typing import Any

from imagewire_server.core.store import secret
from imagewire_server.core.store.records import Kept
from imagewire_server.core.store.secret import WrongSecret
from imagewire_server.core.store.shared import names
from imagewire_server.core.store.shared.connection import FAULTS
from imagewire_server.core.store.shared.database import Database, Removal
from imagewire_server.core.store.shared.objects import Objects
from imagewire_server.core.store.warnings import Warnings

# Seconds between two words of an owner that it draws, and between two looks whether the store works again.
_BEAT, _TRY_EVERY = 2.0, 1.0
_CANCEL_AGAIN = 0.2
_START = 5.0  # seconds that the start may take because the store does not answer


class Heart:
    """One process. lost: called for a recorder's answer whose record is lost. beats: called after each word to Redis.

    name: of the owner. secret: see Store; until the store has worked, it is of this process alone. is_down: whether
    the store is known not to work. wrong_secret: what is wrong with the one that all share.
    """

    def __init__(
        self, database: Database, objects: Objects, lost: Callable[[str], bool], beats: Callable[[], None]
    ) -> None:
        self.name = secrets.token_hex(16)
        self.secret = secret.new()
        self.wrong_secret: WrongSecret | None = None
        self.is_down = True
        self.warnings = Warnings()
        self._database, self._objects = database, objects
        self._lost, self._beats = lost, beats
        self._drawn: dict[str, Kept] = {}
        self._read: set[str] = set()
        self._unmarked: dict[str, Kept] = {}
        self._unclaimed: set[str] = set()
        self._trial: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin, and see whether the store works."""
        await asyncio.wait({self.do(self._first())}, timeout=_START)
        self.do(self._beat_on())

    async def stop(self) -> None:
        """End, with what Redis still takes."""
        running = set(self._tasks)
        while running:
            for task in running:
                task.cancel()
            # The client of Redis may take this for a time-out of its connection, and the task goes on.
            _, running = await asyncio.wait(running, timeout=_CANCEL_AGAIN)
        try:
            await self._mark()
            await self._database.leave([*self._drawn, *self._read])
        except FAULTS as error:
            self.note("ending", error)

    def do(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside everything else, until the end."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def note(self, what: str, error: BaseException) -> None:
        """The store does not work."""
        self.warnings.warn(what, error)
        self.is_down = True

    def draws(self, kept: Kept) -> bool:
        """Whether Redis knows that an answer is drawn here."""
        return kept.completion_id in self._drawn

    def begin(self, kept: Kept) -> None:
        """Redis knows that an answer is drawn here."""
        self._drawn[kept.completion_id] = kept

    def leave(self, kept: Kept) -> None:
        """An answer is no longer drawn here."""
        self._drawn.pop(kept.completion_id, None)

    async def hold(self, kept: Kept) -> None:
        """An answer has ended, and who had it drawn still reads it: it must not make room. Raises FAULTS."""
        self._read.add(kept.completion_id)
        await self._database.beat([kept.completion_id])
        if kept.completion_id not in self._read:  # its reader left meanwhile
            await self._database.leave([kept.completion_id])

    def let_go(self, kept: Kept) -> None:
        """Nobody reads it any more who had it drawn."""
        if kept.completion_id in self._read:
            self._read.discard(kept.completion_id)
            self.do(self._let_go(kept.completion_id))

    async def _let_go(self, completion_id: str) -> None:
        with contextlib.suppress(*FAULTS):  # its lease runs out
            await self._database.leave([completion_id])

    def give_up(self, kept: Kept) -> None:
        """Mark how an answer that is not kept has ended, as soon as Redis works."""
        self.leave(kept)
        self._unmarked[kept.completion_id] = kept

    def give_back(self, kept: Kept) -> None:
        """Take a claim back that may have been taken, as soon as Redis works: its answer was lost."""
        self._unclaimed.add(kept.completion_id)

    async def _first(self) -> None:
        await self._beat()
        if self._trial is not None:
            await self._trial

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(_TRY_EVERY if self.is_down else _BEAT)
            await self._beat()

    async def _beat(self) -> None:
        try:
            for ident in await self._database.beat([*self._drawn, *self._read]):
                # A recorder that has written something cannot go on; a claim can.
                if not self._lost(ident) and ident in self._drawn:
                    await self._database.put(self._drawn[ident])
            await self._mark()
            # Redis may have forgotten it, and one that started since has told another.
            self.secret = await self._database.secret(self.secret)
            self.wrong_secret = None
        except WrongSecret as error:
            self.wrong_secret = error
            self.note("reading its secret", error)
            return
        except FAULTS as error:
            self.note("telling it what is drawn", error)
            return
        self._beats()
        if self.is_down and (self._trial is None or self._trial.done()):
            # Beside: whoever waits for an object store cannot say that it lives.
            self._trial = self.do(self._try())

    async def _try(self) -> None:
        try:
            await self._objects.try_to_write()
        except FAULTS as error:
            self.note("writing an object", error)
        else:
            self.is_down = False

    async def _mark(self) -> None:
        for ident, kept in list(self._unmarked.items()):
            await self._database.put(kept)
            if self._unmarked.get(ident) is kept:
                del self._unmarked[ident]
        for ident in list(self._unclaimed):
            await self._database.remove(names.answer(ident), Removal.NEVER_BEGUN)
            self._unclaimed.discard(ident)
