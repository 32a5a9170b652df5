"""The folder of a local store as one process uses it: its databases, and the lock that tells others that it lives."""

from pathlib import Path

from imagewire_server.core.store.local.database import Database
from imagewire_server.core.store.local.folder import Folder
from imagewire_server.core.store.store import LONGEST


class Place:
    """database: of the store's thread. reads: of any thread. secret: see Store. Raises FAULTS, as its methods do."""

    def __init__(self, path: Path) -> None:
        self.folder = Folder(path)
        self.secret = self.folder.secret()
        self._owner = self.folder.owner()
        # Longer than anybody waits: that the thread hangs is seen once, and not by each step that fails.
        self.database = Database(self.folder.database, 2 * LONGEST)
        self.reads = Database(self.folder.database, LONGEST)

    @property
    def owner(self) -> str:
        """What others know this process by."""
        return self._owner.name

    @property
    def is_removed(self) -> bool:
        """Whether the folder was removed. Needs no disk; what else can be missing is seen by `is_there`."""
        return self._owner.is_removed

    @property
    def is_there(self) -> bool:
        """Whether what this process has opened was not removed."""
        return self.database.is_there and self.reads.is_there and self._owner.is_there

    def renew(self) -> None:
        """Open all of it again, and make what is missing."""
        with self.folder.alone():
            self.secret = self.folder.secret(self.secret)
            before, self._owner = self._owner, self.folder.owner()
            before.end()
            for database in self.database, self.reads:
                database.reopen()

    def close(self) -> None:
        """Close all of it."""
        self.database.close()
        self.reads.close()
        self._owner.end()
