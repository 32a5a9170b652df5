"""A picture that a caller sends into a shared store."""

import contextlib
from typing import TYPE_CHECKING

from imagewire_server.core.store.records import KeptImage
from imagewire_server.core.store.shared import names
from imagewire_server.core.store.shared.connection import FAULTS
from imagewire_server.core.store.shared.database import Removal
from imagewire_server.core.store.shared.objects import PieceWriter
from imagewire_server.core.store.store import NoRoom

if TYPE_CHECKING:
    from imagewire_server.core.store.shared.store import SharedStore


class SharedUpload:
    """See Upload."""

    def __init__(self, store: "SharedStore") -> None:
        self._store = store
        self._name = names.new_upload()
        self._file = PieceWriter(store.objects, f"{self._name}/0")
        self._saved = False

    async def __aenter__(self) -> "SharedUpload":
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self._saved:
            await self._file.settle()
            with contextlib.suppress(*FAULTS):  # the sweep finds it
                await self._store.database.remove(self._name, Removal.DELETED)
                await self._store.objects.remove(self._name)

    async def write(self, data: bytes) -> None:
        """See Upload."""
        with self._store.asking():
            if not await self._store.count_upload(self._name, self._file.size + len(data)):
                await self._store.count_upload(self._name, self._file.size)
                raise NoRoom.for_all()
            await self._file.write(data)

    async def save(self, image: KeptImage) -> None:
        """See Upload."""
        with self._store.asking():
            await self._file.close()
            await self._store.database.put_image(image, self._name, self._file.path, upload=True)
            self._saved = True
            self._store.look_for_room(await self._store.database.total())
