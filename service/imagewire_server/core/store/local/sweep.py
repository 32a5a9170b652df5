"""Keeps a local store within its time and its bytes. Runs in the store's thread, in each process that shares it."""

import contextlib
import time

from imagewire_server.core.store.local.database import Database
from imagewire_server.core.store.local.folder import Folder
from imagewire_server.core.store.records import State

# Room is made from the first share of the limit on, down to the second: what is being written is counted late.
_FULL, _ROOMY = 0.95, 0.85
_AT_ONCE = 64
# Seconds after which a file that nothing knows is not one that is about to be known.
_FORGOTTEN = 600.0


class Sweep:
    """Removes what is old. max_bytes: of all that is kept."""

    def __init__(self, database: Database, folder: Folder, max_bytes: int) -> None:
        self._database, self._folder, self._max_bytes = database, folder, max_bytes

    def expire(self) -> None:
        """Remove the answers and pictures whose time is over."""
        with self._database.transaction():
            answers, images = self._database.expired()
            self._remove([kept.completion_id for kept in answers if self._is_over(kept.state, kept.owner)], images)

    def make_room(self) -> None:
        """Remove the oldest, where all together is too much. What is being drawn stays."""
        if self._database.total <= _FULL * self._max_bytes:
            return
        with self._database.transaction():
            while self._database.total > _ROOMY * self._max_bytes:
                answers, images = self._database.oldest(_AT_ONCE)
                over = [kept.completion_id for kept in answers if self._is_over(kept.state, kept.owner)]
                if not over and not images:
                    return
                for ident in over:
                    self._remove([ident], [])
                    if self._database.total <= _ROOMY * self._max_bytes:
                        return
                self._remove([], images)

    def remove(self, completion_ids: list[str], image_ids: list[str]) -> None:
        """Remove answers and uploaded pictures."""
        with self._database.transaction():
            self._remove(completion_ids, image_ids)

    def release(self, completion_ids: list[str], image_ids: list[str]) -> None:
        """The same, but for the request_ids of answers that may have been charged: nobody is to pay for them again."""
        with self._database.transaction():
            for ident in completion_ids:
                self._database.release(ident)
            self._remove([], image_ids)
            for ident in completion_ids:
                self._folder.remove(ident)

    def collect(self) -> None:
        """Remove the files that nothing refers to: those of processes that ended."""
        old = time.time() - _FORGOTTEN
        with self._database.transaction():
            for file, name in self._folder.leftovers():
                with contextlib.suppress(FileNotFoundError):
                    if file.stat().st_mtime < old and self._database.by_id(name) is None:
                        file.unlink()
            for file, sha256 in self._folder.objects():
                with contextlib.suppress(FileNotFoundError):
                    if file.stat().st_mtime < old and self._database.object(sha256) is None:
                        file.unlink()

    def _is_over(self, state: State, owner: str) -> bool:
        return state is not State.RUNNING or not self._folder.is_alive(owner)

    def _remove(self, completion_ids: list[str], image_ids: list[str]) -> None:
        for ident in completion_ids:
            self._database.delete(ident)
        for ident in image_ids:
            self._database.delete_image(ident)
        # Inside the transaction: nobody can begin to use an object again in between.
        for sha256 in self._database.take_unused():
            self._folder.object(sha256).unlink(missing_ok=True)
        for ident in completion_ids:
            self._folder.remove(ident)
