"""Who has a request_id in a local store. Runs in the store's thread."""

import time

from imagewire_server.core.store.local.database import Database
from imagewire_server.core.store.local.folder import Folder
from imagewire_server.core.store.local.sweep import Sweep
from imagewire_server.core.store.records import Kept, State


class Claims:
    """The request ids of one store."""

    def __init__(self, database: Database, folder: Folder, sweep: Sweep) -> None:
        self._database, self._folder, self._sweep = database, folder, sweep

    def claim(self, kept: Kept, *, is_down: bool) -> Kept | None:
        """See Store. is_down: whether nothing new can be kept. Raises FAULTS."""
        with self._database.transaction():
            found = self._database.by_request(kept.caller, kept.request_id)
            if found is not None and self._counts(found):
                return found
            if is_down:
                raise OSError("it did not work a moment ago")
            if found is not None:
                self._sweep.remove([found.completion_id], [])
            self._database.put(kept)
        return None

    def _counts(self, kept: Kept) -> bool:
        """Whether an answer stands for its request_id."""
        return kept.state is not State.FREE and self.is_there(kept)

    def is_there(self, kept: Kept) -> bool:
        """Whether an answer is kept: its time is not over, or it is still drawn, however long that takes."""
        return kept.expires > time.time() or (kept.state is State.RUNNING and self._folder.is_alive(kept.owner))
