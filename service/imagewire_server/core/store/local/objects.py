"""The objects of a local store: the bytes of whole pictures, by their sha256, in the database or in files."""

import hashlib
from pathlib import Path

from imagewire_server.core.store.local.database import Database
from imagewire_server.core.store.local.folder import Folder


class LocalObjects:
    """For the store's thread. All methods raise OSError and sqlite3.Error."""

    def __init__(self, database: Database, folder: Folder) -> None:
        self._database = database
        self._folder = folder

    def keep(self, part: Path, sha256: bytes, size: int) -> None:
        """Make a part an object, in place of the same bytes, which may be damaged. Inside a transaction."""
        if _fits(self._database.object(sha256), sha256):
            part.unlink(missing_ok=True)
        else:
            self._folder.keep_object(part, sha256)
            self._database.put_object(sha256, size)

    def has(self, sha256: bytes) -> bool:
        """Whether an object is there and undamaged."""
        found = self._database.object(sha256)
        return _fits(found, sha256) or (found is not None and self._folder.has_object(sha256))


def _fits(found: tuple[int, bytes | None] | None, sha256: bytes) -> bool:
    """Whether the database has an object's bytes, undamaged."""
    return found is not None and found[1] is not None and hashlib.sha256(found[1]).digest() == sha256
