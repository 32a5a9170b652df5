"""The bytes of one answer in a shared store, and the room for them."""

from typing import TYPE_CHECKING

from imagewire_server.core.store.records import Kept
from imagewire_server.core.store.store import AHEAD, NoRoom

if TYPE_CHECKING:
    from imagewire_server.core.store.shared.store import SharedStore

_UNCOUNTED = 64 * 1024  # bytes of an answer that count when it ends, so that a small one is not counted twice


class Room:
    """That of an answer which is being drawn. size: bytes that are written."""

    def __init__(self, store: "SharedStore", kept: Kept) -> None:
        self.size = 0
        self._store, self._kept = store, kept
        self._counted = min(_UNCOUNTED, store.most // 16)

    async def reserve(self, size: int) -> None:
        """Count what is about to be written, and make room for it. Raises NoRoom, and FAULTS."""
        if self.size + size > self._store.most:
            raise NoRoom.for_answer()
        if self.size + size > self._counted:
            self._counted = self.size + size + min(AHEAD, self._store.most // 16)
            if not await self._store.count(self._kept, self._counted):
                self._counted = self.size  # a picture of the request is left out, and the drawing goes on
                await self._store.count(self._kept, self._counted)
                raise NoRoom.for_all()
