"""A Store for one process, or for the workers of one machine."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from imagewire_server.contract import pb
from imagewire_server.contract.events import StreamEvent
from imagewire_server.core.store import cached_answer, checked
from imagewire_server.core.store.local.claims import Claims
from imagewire_server.core.store.local.marks import Marks
from imagewire_server.core.store.local.objects import LocalObjects
from imagewire_server.core.store.local.place import Place
from imagewire_server.core.store.local.reader import LocalReader
from imagewire_server.core.store.local.recorder import LocalRecorder
from imagewire_server.core.store.local.small_answers import HELD, SmallAnswers
from imagewire_server.core.store.local.sweep import Sweep
from imagewire_server.core.store.local.upload import LocalUpload
from imagewire_server.core.store.local.writer import FAULTS, Writer
from imagewire_server.core.store.records import Kept, KeptImage, State
from imagewire_server.core.store.store import Damaged, NoRoom, StoreDown

_T = TypeVar("_T")

_EXPIRE_EVERY = 30.0  # seconds
_COLLECT_EVERY = 3600.0
_TRY_EVERY = 1.0


class LocalStore:
    """See Store. folder: made where it is missing. loop: that uses it. ttl: seconds. max_bytes: of all that is kept.

    Raises OSError and sqlite3.Error where the folder cannot be used.
    """

    def __init__(self, folder: Path, loop: asyncio.AbstractEventLoop, *, ttl: float, max_bytes: int) -> None:
        self.ttl = ttl
        self.is_down = False
        self._place = Place(folder)
        self.folder, self.database, self._reads = self._place.folder, self._place.database, self._place.reads
        self.objects = LocalObjects(self.database, self.folder)
        self.writer = Writer(loop, self._look, self._hang)
        self._sweep = Sweep(self.database, self.folder, max_bytes, self.writer.goes_on)
        self._claims = Claims(self.database, self.folder, self._sweep)
        self._recorders: dict[str, LocalRecorder] = {}
        self._marks = Marks(self.database, self._sweep, self._recorders)
        self._expires_at = self._collects_at = self._tries_at = 0.0
        self._is_stuck = False  # the thread hung, and has written nothing since
        self.small = SmallAnswers(loop, self.writer, self.database, self._sweep.make_room)
        self.writer.start()

    @property
    def most(self) -> int:
        """See Store."""
        return self._sweep.most

    @property
    def owner(self) -> str:
        """The name of this process."""
        return self._place.owner

    @property
    def secret(self) -> bytes:
        """See Store."""
        return self._place.secret

    async def claim(self, kept: Kept) -> Kept | None:
        """See Store."""
        mine = replace(kept, owner=self.owner)

        def undo(found: Kept | None) -> None:
            if found is None:  # nobody draws it: who asked was told that the store does not work
                self.writer.put(partial(self.mark, replace(mine, state=State.FREE)))

        return await self._asking(lambda: self._claims.claim(mine, is_down=self.is_down), undo)

    def record(self, kept: Kept) -> LocalRecorder:
        """See Store."""
        # Nobody is promised what cannot be kept.
        self.is_down = self.is_down or self._place.is_removed
        recorder = LocalRecorder(self, replace(kept, owner=self.owner))
        recorder.failed = self.is_down
        self._recorders[kept.completion_id] = recorder
        return recorder

    async def find(self, caller: str, *, completion_id: str = "", request_id: str = "") -> Kept | None:
        """See Store."""

        def look() -> Kept | None:
            found = self._reads.by_request(caller, request_id) if request_id else self._reads.by_id(completion_id)
            return found if found is not None and found.caller == caller and self._claims.is_there(found) else None

        return await self._soon(look)

    async def is_alive(self, kept: Kept) -> bool:
        """See Store."""
        return await self._reading(lambda: self.folder.is_alive(kept.owner))

    async def read(self, kept: Kept, after_sequence: int, offset: int) -> AsyncGenerator[list[StreamEvent], None]:
        """See Store."""
        reader = LocalReader(self._reads, self.folder, kept, after_sequence, offset)
        try:
            async with contextlib.aclosing(reader.events()) as found:
                async for events in found:
                    yield events
        except FAULTS as error:
            self.writer.warn("reading it", error)
            raise StoreDown(str(error)) from error

    async def flush(self) -> None:
        """See Store."""
        await self._asking(lambda: None)

    async def request(self, kept: Kept) -> pb.Spec | None:
        """See Store."""
        return await self._soon(lambda: LocalReader(self._reads, self.folder, kept, 0, 0).request(), wait=False)

    async def cached(self, caller: str, key: bytes, since: float) -> Kept | None:
        """See Store."""

        def look() -> Kept | None:
            found = self.database.cached(caller, key)
            return found if found is not None and cached_answer.counts(found, caller, since) else None

        # In the thread: what has ended in this process is found, also where it is about to be written.
        return await self._asking(look)

    async def forget_cached(self, caller: str, key: bytes) -> None:
        """See Store."""
        await self._asking(lambda: self.database.forget_cached(caller, key))

    async def image(self, caller: str, *, image_id: str = "", sha256: bytes = b"") -> KeptImage | None:
        """See Store."""
        return await self._soon(lambda: self._reads.image(caller, image_id, sha256), wait=bool(image_id))

    async def image_bytes(self, image: KeptImage, offset: int, size: int) -> bytes:
        """See Store."""

        def read() -> bytes:
            found = self._reads.object(image.sha256)
            if found is None:
                raise Damaged("the picture is no longer kept")
            if found[1] is not None:
                return found[1][offset : offset + size]
            try:
                return self.folder.read_object(image.sha256, offset, size)
            except FileNotFoundError as error:
                if self._reads.object(image.sha256) is None:
                    raise Damaged("the picture was removed meanwhile") from error
                raise checked.damaged(image.sha256) from error

        return await self._reading(read)

    def upload(self) -> LocalUpload:
        """See Store."""
        return LocalUpload(self)

    async def delete_image(self, caller: str, image_id: str) -> bool:
        """See Store."""

        def delete() -> bool:
            with self.database.transaction():
                if self.database.image(caller, image_id, b"") is None:
                    return False
                completion_id = self.database.completion_of(image_id)
                self._sweep.release([completion_id] if completion_id else [], [image_id])
            return True

        return await self._asking(delete)

    async def delete(self, kept: Kept) -> None:
        """See Store."""
        await self._asking(lambda: self._sweep.release([kept.completion_id], []))

    async def prolong(self, until: float, *, completion_ids: Sequence[str] = (), image_ids: Sequence[str] = ()) -> None:
        """See Store."""

        def prolong() -> None:
            with self.database.transaction():
                self.database.prolong(until, completion_ids, image_ids)

        await self._asking(prolong)

    async def aclose(self) -> None:
        """See Store."""
        self.small.let_go()
        await self.writer.aclose(self._close)

    def _close(self) -> None:
        for recorder in list(self._recorders.values()):
            recorder.close()
        self._place.close()

    async def _soon(self, look: Callable[[], _T | None], *, wait: bool = True) -> _T | None:
        """What is found now; or, in case it is being written, in a moment. wait: for other workers as well."""
        found = await self._reading(look)
        if found is None:
            await self.flush()
            found = await self._reading(look)
        if found is None and wait:
            await asyncio.sleep(3 * HELD)
            found = await self._reading(look)
        return found

    async def _asking(self, step: Callable[[], _T], undo: Callable[[_T], None] | None = None) -> _T:
        """Have the thread do a step, behind all that it was given before. undo: see Writer.call."""
        self.small.send()
        return await self.writer.call(step, undo)

    async def _reading(self, look: Callable[[], _T]) -> _T:
        try:
            return await asyncio.to_thread(look)
        except FAULTS as error:
            self.writer.warn("reading it", error)
            raise StoreDown(str(error)) from error

    def forget(self, recorder: LocalRecorder) -> None:
        """A recorder has ended that has left nothing to do."""
        self._recorders.pop(recorder.kept.completion_id, None)

    def _hang(self) -> None:
        """The thread hangs. What is drawn goes on without it."""
        self.is_down, self._is_stuck, self._tries_at = True, True, 0.0
        for recorder in list(self._recorders.values()):
            recorder.give_up()

    # What follows is for the thread.

    def done(self, recorder: LocalRecorder) -> None:
        """A recorder has ended, and nobody reads any more what it has written."""
        self.forget(recorder)
        self._write_marks()

    def make_room(self) -> bool:
        """See Sweep. Returns whether there is room now."""
        self._sweep.make_room()
        return not self._sweep.is_too_full()

    def end_upload(self, name: str) -> None:
        """See Sweep."""
        self._sweep.end_upload(name)

    def fail(self, kept: Kept, error: BaseException) -> None:
        """An answer cannot be kept: mark it, now or as soon as the database can be written again."""
        self.writer.warn("keeping an answer", error)
        if not isinstance(error, NoRoom):
            self.is_down, self._tries_at = True, time.monotonic() + _TRY_EVERY
        self.mark(replace(kept, state=State.NOT_KEPT))

    def mark(self, kept: Kept) -> None:
        """Note how an answer has ended that is not kept, now or as soon as the database can be written again."""
        self._marks.add(kept)
        self._write_marks()

    def _write_marks(self) -> None:
        if not self._is_stuck:  # else each of them would wait for it
            self._marks.write()

    def _begin_anew(self) -> None:
        """The folder was removed, or a part of it. What is drawn now had its beginning in what is gone."""
        self.is_down = True
        gone = FileNotFoundError("the folder of kept answers was removed, or a part of it")
        self.writer.warn("using its folder", gone)
        for recorder in [one for one in list(self._recorders.values()) if not one.failed]:
            recorder.fail(gone)
            self.writer.then(recorder.tell)
        self._place.renew()
        self._tries_at = 0.0

    def _look(self) -> float:
        """Called between steps, and when there are none; returns seconds until it is to be called again."""
        now = time.monotonic()
        if not self._place.is_there:
            self._begin_anew()
        if (self.is_down or self._is_stuck) and now >= self._tries_at:
            self._tries_at = now + _TRY_EVERY
            self.folder.make()
            self.folder.try_to_write()
            self.database.try_to_write()
            self._is_stuck = self.is_down = False
            self.writer.works()
        self._write_marks()
        if now >= self._expires_at:
            self._expires_at = now + _EXPIRE_EVERY
            self._sweep.expire()
            self._sweep.make_room()
        if now >= self._collects_at:
            self._collects_at = now + _COLLECT_EVERY
            self._sweep.collect()
        return _TRY_EVERY
