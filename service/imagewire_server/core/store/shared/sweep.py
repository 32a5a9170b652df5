"""Keeps a shared store within its time and its bytes. Each process can, one of all does it at a time."""

import time
from datetime import UTC, datetime, timedelta

from imagewire_server.core.store.shared import names
from imagewire_server.core.store.shared.database import Database, Removal
from imagewire_server.core.store.shared.objects import Objects

# Room is made from the first share of the limit on, down to the second, so that it is not made for each answer.
_FULL, _ROOMY = 0.95, 0.9
_AT_ONCE = 64
# Seconds after which an object that nothing knows is not part of an upload that is about to be known.
_FORGOTTEN = 7200.0
_EXPIRE_EVERY = 30.0
_COLLECT_EVERY = 3600.0


class Sweep:
    """Removes what is old. max_bytes: of all that is kept. most: bytes of one answer, or of one picture.

    Its methods raise the faults of Redis and the objects.
    """

    def __init__(self, database: Database, objects: Objects, max_bytes: int) -> None:
        self._database, self._objects, self._max_bytes = database, objects, max_bytes
        self.most = int(_ROOMY * max_bytes)

    async def look(self) -> None:
        """Do what it is time for."""
        if await self._database.take_turn("expire", _EXPIRE_EVERY):
            await self.expire()
            await self.make_room()
        if await self._database.take_turn("collect", _COLLECT_EVERY):
            await self.collect()

    def is_full(self, total: int) -> bool:
        """Whether room must be made, with so many bytes kept."""
        return total > _FULL * self._max_bytes

    async def expire(self) -> None:
        """Remove the answers and pictures whose time is over."""
        while True:
            found = await self._database.expired(time.time(), _AT_ONCE)
            removed = [name for name in found if await self._remove(name)]
            if not removed:
                return

    def is_too_full(self, total: int) -> bool:
        """Whether that is too much even for a moment."""
        return total > self._max_bytes

    async def make_room(self) -> None:
        """Remove the oldest, where all together is too much. What is being drawn stays, and what still arrives."""
        if not self.is_full(await self._database.total()):
            return
        stay = 0
        while found := await self._database.oldest(_AT_ONCE, stay):
            for name in found:
                if await self._database.total() <= self.most:
                    return
                stay += not await self._remove(name, Removal.ROOM)

    async def collect(self) -> None:
        """Remove the objects that nothing refers to: those of processes that ended, or of records that are lost."""
        old = datetime.now(UTC) - timedelta(seconds=_FORGOTTEN)
        async for listed in self._objects.every():
            found = {path: names.of_object(path) for path, written in listed if written < old}
            unknown = set(await self._database.unknown(list(set(found.values()))))
            paths = [path for path, name in found.items() if name in unknown]
            if paths:
                await self._objects.delete(paths)

    async def _remove(self, name: str, how: Removal = Removal.OVER) -> bool:
        """Returns whether it is removed: not while it is being drawn."""
        if not await self._database.remove(name, how):
            return False
        await self._objects.remove(name)
        return True
