"""A picture that a caller sends into a local store."""

import contextlib
from typing import TYPE_CHECKING

from imagewire_server.core.store.local.part_file import PartFile
from imagewire_server.core.store.local.writer import FAULTS
from imagewire_server.core.store.records import KeptImage
from imagewire_server.core.store.store import NoRoom

if TYPE_CHECKING:
    from imagewire_server.core.store.local.store import LocalStore


class LocalUpload:
    """See Upload."""

    def __init__(self, store: "LocalStore") -> None:
        self._store = store
        self._path = store.folder.new_part()
        self._file: PartFile | None = None
        self._has_begun = False

    async def __aenter__(self) -> "LocalUpload":
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._has_begun:
            self._store.writer.put(self._remove)

    async def write(self, data: bytes) -> None:
        """See Upload."""
        if not self._store.writer.hangs:
            self._has_begun = True
        if not await self._store.writer.call(lambda: self._write(data)):
            raise NoRoom.for_all()

    async def save(self, image: KeptImage) -> None:
        """See Upload."""
        await self._store.writer.call(lambda: self._save(image))

    def _write(self, data: bytes) -> bool:
        """Returns whether there was room."""
        size = self._file.size if self._file is not None else 0
        # Counted first: what is on the disk is never more than what is counted.
        self._store.database.put_upload(self._path.name, self._store.owner, size + len(data))
        if not self._store.make_room():
            self._store.database.put_upload(self._path.name, self._store.owner, size)
            return False
        if self._file is None:
            self._file = PartFile(self._path)
        self._file.write(data)
        return True

    def _save(self, image: KeptImage) -> None:
        if self._file is not None:
            self._file.close()
        with self._store.database.transaction():
            self._store.objects.keep(self._path, image.sha256, image.size)
            self._store.database.put_image(image, None)
            self._store.database.delete_upload(self._path.name)

    def _remove(self) -> None:
        if self._file is not None:
            self._file.close()
        with contextlib.suppress(*FAULTS):
            self._store.end_upload(self._path.name)
