"""Keeps a local store within its time and its bytes. Runs in the store's thread, in each process that shares it."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from imagewire_server.core.store.local.database import Database, Old
from imagewire_server.core.store.local.folder import Folder
from imagewire_server.core.store.records import Kept, State

# Room is made from the first share of the limit on, down to the second, so that it is not made for each answer.
_FULL, _ROOMY = 0.95, 0.9
_AT_ONCE = 64  # in one transaction: other processes wait for its end
_ROUNDS = 16  # transactions until whoever waits has a turn
# Seconds after which a file that nothing knows is not one that is about to be known.
_FORGOTTEN = 600.0


class Sweep:
    """Removes what is old. max_bytes: of all that is kept. most: bytes of one answer, or of one picture.

    goes_on: called again and again, so that a sweep of many files is not taken for a disk that hangs.
    """

    def __init__(self, database: Database, folder: Folder, max_bytes: int, goes_on: Callable[[], None]) -> None:
        self._database, self._folder, self._max_bytes = database, folder, max_bytes
        self._goes_on = goes_on
        self.most = int(_ROOMY * max_bytes)

    def expire(self) -> None:
        """Remove the answers and pictures whose time is over, and what is left of processes that ended."""
        stay = 0
        for _ in range(_ROUNDS):
            self._goes_on()
            with self._database.transaction():
                answers, images = self._database.expired(_AT_ONCE, stay)
                over = [kept.completion_id for kept in answers if self._may_go(kept)]
                self._remove(over, images)
            stay += len(answers) - len(over)
            if not answers and not images:
                break
        with self._database.transaction():
            for name, owner in self._database.uploads():
                if not self._folder.is_alive(owner):
                    self.end_upload(name)
        self._folder.forget_owners()

    def make_room(self) -> None:
        """Remove the oldest, where all together is too much. What is being drawn, or read by who asked for it, stays.

        The request_id of an answer stays taken until its time is over, so that nobody pays for it again.
        """
        if self._database.total <= _FULL * self._max_bytes:
            return
        after = 0.0, ""
        while True:
            self._goes_on()
            with self._database.transaction():
                oldest = self._database.oldest(_AT_ONCE, after)
                for old in oldest:
                    if self._database.total <= self.most:
                        return
                    self._make_way(old)
            if len(oldest) < _AT_ONCE:
                return
            after = oldest[-1].created, oldest[-1].ident

    def is_too_full(self) -> bool:
        """Whether there is too much although room was made: of what is not finished."""
        return self._database.total > self._max_bytes

    def _make_way(self, old: Old) -> None:
        if old.kept is None:
            self._remove([], [old.ident])
        elif self._may_go(old.kept):
            self._release(old.kept)

    def _release(self, kept: Kept) -> None:
        if kept.state is State.FREE:
            self._remove([kept.completion_id], [])
        else:
            self.leave_mark(replace(kept, state=State.NOT_KEPT))

    def leave_mark(self, kept: Kept) -> None:
        """Remove all of an answer but that its request_id is taken, if it has one."""
        if not kept.request_id:
            self.remove([kept.completion_id], [])
            return
        with self._database.transaction():
            hashes = self._database.empty(kept.completion_id)
            self._database.put(kept)
            self._unlink(hashes)
            self._folder.remove(kept.completion_id)

    def end_upload(self, name: str) -> None:
        """Forget an upload that is not finished."""
        self._database.delete_upload(name)
        self._folder.upload(name).unlink(missing_ok=True)

    def remove(self, completion_ids: list[str], image_ids: list[str]) -> None:
        """Remove answers and uploaded pictures."""
        with self._database.transaction():
            self._remove(completion_ids, image_ids)

    def release(self, completion_ids: list[str], image_ids: list[str]) -> None:
        """The same, but for the request_ids of answers that may have been charged: nobody is to pay for them again."""
        with self._database.transaction():
            for ident in completion_ids:
                if (kept := self._database.by_id(ident)) is not None:
                    self._release(kept)
            self._remove([], image_ids)

    def collect(self) -> None:
        """Remove the files that nothing refers to: those of processes that ended."""
        old = time.time() - _FORGOTTEN
        for file, name in self._folder.leftovers():
            self._collect(file, old, partial(self._database.by_id, name))
        for file, sha256 in self._folder.objects():
            self._collect(file, old, partial(self._database.object, sha256))

    def _collect(self, file: Path, old: float, find: Callable[[], object]) -> None:
        """Remove a file from before `old` where nothing is found that refers to it."""
        self._goes_on()
        with contextlib.suppress(FileNotFoundError):
            if file.stat().st_mtime >= old or find() is not None:
                return
            with self._database.transaction():  # for it alone: others do not wait until all files are looked at
                if find() is None:
                    file.unlink()

    def _may_go(self, kept: Kept) -> bool:
        is_drawn = kept.state is State.RUNNING and self._folder.is_alive(kept.owner)
        return not is_drawn and not self._folder.is_read(kept.completion_id)

    def _remove(self, completion_ids: list[str], image_ids: list[str]) -> None:
        hashes = [sha256 for ident in completion_ids for sha256 in self._database.delete(ident)]
        hashes += [sha256 for ident in image_ids for sha256 in self._database.delete_image(ident)]
        self._unlink(hashes)
        for ident in completion_ids:
            self._folder.remove(ident)

    def _unlink(self, hashes: list[bytes]) -> None:
        # Inside the transaction: nobody can begin to use an object again in between.
        for sha256 in self._database.take_unused(hashes):
            self._folder.object(sha256).unlink(missing_ok=True)
