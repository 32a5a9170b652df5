"""A Store for several machines."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.events import StreamEvent
from imagewire_server.core.store import cached_answer, checked
from imagewire_server.core.store.records import Kept, KeptImage, State
from imagewire_server.core.store.shared import names
from imagewire_server.core.store.shared.connection import FAULTS, Connection
from imagewire_server.core.store.shared.database import Database, Removal
from imagewire_server.core.store.shared.heart import Heart
from imagewire_server.core.store.shared.objects import Objects
from imagewire_server.core.store.shared.reader import SharedReader
from imagewire_server.core.store.shared.recorder import Lost, SharedRecorder
from imagewire_server.core.store.shared.sweep import Sweep
from imagewire_server.core.store.shared.upload import SharedUpload
from imagewire_server.core.store.store import Damaged, NoRoom, StoreDown

_AGAIN = 0.3  # seconds after which another process has written what it began to draw


class SharedStore:
    """See Store. ttl: seconds. max_bytes: of all that is kept, by all machines. Call `start` first."""

    def __init__(self, connection: Connection, objects: Objects, *, ttl: float, max_bytes: int) -> None:
        self.ttl = ttl
        self.objects = objects
        self.database = Database(connection)
        self.heart = Heart(self.database, objects, self._lose, lambda: self._clean(self._sweep.look))
        self._connection = connection
        self._sweep = Sweep(self.database, objects, max_bytes)
        self._sweeping: asyncio.Task[None] | None = None
        self._recorders: dict[str, SharedRecorder] = {}

    async def start(self) -> None:
        """Begin. Where it does not work now, the log says so, and it goes on as soon as it does. Raises WrongSecret."""
        await self.heart.start()
        if self.heart.wrong_secret is not None:
            raise self.heart.wrong_secret

    @property
    def is_down(self) -> bool:
        """See Store."""
        return self.heart.is_down

    @property
    def most(self) -> int:
        """See Store."""
        return self._sweep.most

    @property
    def secret(self) -> bytes:
        """See Store."""
        return self.heart.secret

    async def claim(self, kept: Kept) -> Kept | None:
        """See Store."""
        if self.is_down:
            raise StoreDown("it did not work a moment ago")
        kept = replace(kept, owner=self.heart.name)
        try:
            while True:
                wait, found = await self.database.claim(kept)
                if not wait:
                    break
                # Redis has restarted, and may have forgotten: until each owner has told it what it draws.
                await asyncio.sleep(wait)
        except FAULTS as error:
            # It may have been taken, by a reply that was lost.
            self.heart.give_back(kept)
            self.heart.note("asking it", error)
            raise StoreDown(str(error)) from error
        if found is None:
            self.heart.begin(kept)
        return found

    def record(self, kept: Kept) -> SharedRecorder:
        """See Store."""
        recorder = SharedRecorder(self, replace(kept, owner=self.heart.name))
        recorder.failed = self.is_down
        return recorder

    async def find(self, caller: str, *, completion_id: str = "", request_id: str = "") -> Kept | None:
        """See Store."""

        async def look() -> Kept | None:
            if request_id:
                found = await self.database.by_request(caller, request_id)
            else:
                found = await self.database.by_id(completion_id)
            return found if found is not None and found.caller == caller and found.expires > time.time() else None

        with self.asking():
            found = await look()
            if found is None and completion_id:
                await asyncio.sleep(_AGAIN)
                found = await look()
            return found

    async def is_alive(self, kept: Kept) -> bool:
        """See Store."""
        with self.asking():
            return (await self.database.status(kept.completion_id))[1]

    def read(self, kept: Kept, after_sequence: int, offset: int) -> AsyncGenerator[list[StreamEvent], None]:
        """See Store."""
        return SharedReader(self.database, self.objects, kept, after_sequence, offset).events()

    async def flush(self) -> None:
        """See Store."""
        await asyncio.gather(*(recorder.catch_up() for recorder in list(self._recorders.values())))

    async def request(self, kept: Kept) -> pb.Spec | None:
        """See Store."""
        with self.asking():
            return await SharedReader(self.database, self.objects, kept, 0, 0).request()

    async def cached(self, caller: str, key: bytes, since: float) -> Kept | None:
        """See Store."""
        if self.is_down:
            raise StoreDown("it did not work a moment ago")
        # What has ended in this process is found, also where it is being written.
        await asyncio.gather(*(one.catch_up() for one in list(self._recorders.values()) if one.is_ending))
        with self.asking():
            found = await self.database.cached(caller, key)
            return found if found is not None and cached_answer.counts(found, caller, since) else None

    async def forget_cached(self, caller: str, key: bytes) -> None:
        """See Store."""
        with self.asking():
            await self.database.forget_cached(caller, key)

    async def image(self, caller: str, *, image_id: str = "", sha256: bytes = b"") -> KeptImage | None:
        """See Store."""
        with self.asking():
            ident = image_id or await self.database.newest(caller, sha256)
            found = await self.database.image(ident) if ident else None
            return found if found is not None and found.caller == caller and found.expires > time.time() else None

    async def image_bytes(self, image: KeptImage, offset: int, size: int) -> bytes:
        """See Store."""
        with self.asking():
            place = await self.database.place(image.image_id)
            if place is None:
                raise Damaged("the picture is no longer kept")
            try:
                return await self.objects.read(place[1], offset, min(size, image.size - offset))
            except FileNotFoundError as error:
                if await self.database.place(image.image_id) is None:
                    raise Damaged("the picture was removed meanwhile") from error
                raise checked.damaged(image.sha256) from error

    def upload(self) -> SharedUpload:
        """See Store."""
        return SharedUpload(self)

    async def delete_image(self, caller: str, image_id: str) -> bool:
        """See Store."""
        if await self.image(caller, image_id=image_id) is None:
            return False
        with self.asking():
            place = await self.database.place(image_id)
            if place is not None and await self.database.remove(place[0], Removal.DELETED):
                await self.objects.remove(place[0])
        return True

    async def delete(self, kept: Kept) -> None:
        """See Store."""
        name = names.answer(kept.completion_id)
        with self.asking():
            if await self.database.remove(name, Removal.DELETED):
                await self.objects.remove(name)

    async def prolong(self, until: float, *, completion_ids: Sequence[str] = (), image_ids: Sequence[str] = ()) -> None:
        """See Store."""
        with self.asking():
            places = [await self.database.place(ident) for ident in image_ids]
            found = [names.answer(ident) for ident in completion_ids] + [place[0] for place in places if place]
            await self.database.prolong(until, found)

    async def aclose(self) -> None:
        """See Store."""
        await asyncio.gather(*(recorder.stop() for recorder in list(self._recorders.values())))
        await self.heart.stop()
        await self._connection.aclose()

    # What follows is for its own parts.

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """What somebody waits for. Raises StoreDown."""
        try:
            yield
        except FAULTS as error:
            self.heart.warnings.warn("asking it", error)
            raise StoreDown(str(error)) from error

    async def begin(self, kept: Kept) -> None:
        """Tell others that an answer is drawn here."""
        if not self.heart.draws(kept):
            await self.database.put(kept)
            self.heart.begin(kept)

    def open(self, recorder: SharedRecorder) -> None:
        """A recorder has something to do."""
        self._recorders[recorder.kept.completion_id] = recorder

    def close(self, recorder: SharedRecorder) -> None:
        """A recorder has nothing to do any more."""
        self._recorders.pop(recorder.kept.completion_id, None)

    def fail(self, kept: Kept, error: BaseException) -> None:
        """An answer cannot be kept: it is marked as soon as Redis works; what outgrew the store, when it has ended."""
        if isinstance(error, NoRoom):
            self.heart.warnings.warn("keeping an answer", error)
            return
        if isinstance(error, FAULTS):
            self.heart.note("keeping an answer", error)
        else:
            self.heart.warnings.warn("keeping an answer", error)
        self.heart.give_up(replace(kept, state=State.NOT_KEPT))

    def look_for_room(self, total: int) -> None:
        """Make room, where so many bytes are too many."""
        if self._sweep.is_full(total):
            self._clean(self._sweep.make_room)

    async def count_upload(self, name: str, size: int) -> bool:
        """Count what has arrived of an upload. Returns whether there is room for it. Raises FAULTS."""
        return await self._has_room(await self.database.count_upload(name, size, time.time() + self.ttl))

    async def count(self, kept: Kept, size: int) -> bool:
        """Count the bytes of an answer that is drawn. Returns whether there is room for them. Raises FAULTS."""
        return await self._has_room(await self.database.put(kept, size))

    async def _has_room(self, total: int) -> bool:
        if self._sweep.is_too_full(total):
            await self._sweep.make_room()
            return not self._sweep.is_too_full(await self.database.total())
        self.look_for_room(total)
        return True

    def _clean(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Sweep beside everything else, unless it is being done."""
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = self.heart.do(self._cleaning(work))

    async def _cleaning(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except FAULTS as error:
            self.heart.warnings.warn("cleaning up", error)

    def _lose(self, completion_id: str) -> bool:
        """Redis has lost what it knew of an answer that is drawn here. Returns whether there is a recorder to fail."""
        recorder = self._recorders.get(completion_id)
        if recorder is None:
            return False
        recorder.fail(Lost("Redis has lost the events of an answer"))
        return True
