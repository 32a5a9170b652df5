"""A picture that a caller sends into a local store."""

import contextlib
from typing import TYPE_CHECKING

from imagewire_server.core.store.local.part_file import PartFile
from imagewire_server.core.store.records import KeptImage

if TYPE_CHECKING:
    from imagewire_server.core.store.local.store import LocalStore


class LocalUpload:
    """See Upload."""

    def __init__(self, store: "LocalStore") -> None:
        self._store = store
        self._path = store.folder.new_part()
        self._file: PartFile | None = None

    async def __aenter__(self) -> "LocalUpload":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._store.writer.put(self._remove)

    async def write(self, data: bytes) -> None:
        """See Upload."""
        await self._store.writer.call(lambda: self._write(data))

    async def save(self, image: KeptImage) -> None:
        """See Upload."""
        await self._store.writer.call(lambda: self._save(image))

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._file = PartFile(self._path)
        self._file.write(data)

    def _save(self, image: KeptImage) -> None:
        if self._file is not None:
            self._file.close()
        with self._store.database.transaction():
            self._store.keep_object(self._path, image.sha256, image.size)
            self._store.database.put_image(image, None)
        self._store.make_room()

    def _remove(self) -> None:
        if self._file is not None:
            self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
