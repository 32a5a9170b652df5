"""Writes one answer to a shared store: its events into a stream of Redis, its bytes into the object store.

The stream has what a reader needs to follow: entries with pieces of the log (log_format.py) and of files, each with its
place in the log. What has become an object leaves the stream, so that little of an answer is in Redis at any time.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.store import log_format
from imagewire_server.core.store.records import Ending, Kept, KeptImage, State, image_of
from imagewire_server.core.store.request import InputImage, KeptRequest
from imagewire_server.core.store.shared import names
from imagewire_server.core.store.shared.connection import FAULTS
from imagewire_server.core.store.shared.objects import PIECE, PieceWriter
from imagewire_server.core.store.shared.room import Room
from imagewire_server.core.store.store import NoRoom, OnProgress, ignore

if TYPE_CHECKING:
    from imagewire_server.core.store.shared.store import SharedStore

_ENTRY = 64 * 1024  # bytes of a file in one entry
_SMALL = 16 * 1024  # bytes of a log that stays in Redis


class Lost(Exception):
    """Redis has lost what was written."""


class SharedRecorder:
    """A Recorder. store: whose Redis and objects it uses."""

    def __init__(self, store: "SharedStore", kept: Kept) -> None:
        self.kept = kept
        self.failed = False
        self.written = 0
        self._store = store
        self._progress: OnProgress = ignore
        self._given: list[StreamEvent] = []
        self._ending: tuple[Ending, bool] | None = None
        self._stopping = False
        self._asked: pb.Spec | None = None
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._released = asyncio.Event()
        self._outgrew = False
        self._task: asyncio.Task[None] | None = None
        # The task's own.
        self._log = PieceWriter(store.objects, names.log(kept.completion_id))
        self._file: PieceWriter | None = None
        self._room = Room(store, kept)
        self._files = 0
        self._entries: list[dict[str, object]] = []
        self._ends: list[tuple[PieceWriter, int] | None] = []
        self._in_redis: deque[tuple[bytes, PieceWriter, int]] = deque()

    def on_progress(self, call: OnProgress) -> None:
        """See Recorder."""
        self._progress = call

    def ask(self, spec: pb.Spec) -> None:
        """See Recorder."""
        self._asked = spec

    async def settle(self) -> None:
        """See Recorder."""
        await self.catch_up()

    def release(self) -> None:
        """See Recorder."""
        if not self._released.is_set():
            self._released.set()
            self._store.heart.let_go(self.kept)

    async def catch_up(self) -> None:
        """Return when all that was given is written, or cannot be."""
        if self._task is not None:
            ended = asyncio.create_task(self._idle.wait()) if self._ending is None else self._task
            await asyncio.wait({ended})

    @property
    def is_ending(self) -> bool:
        """Whether it was given all, and is not done."""
        return self._ending is not None

    def add(self, events: list[StreamEvent]) -> None:
        """See Recorder."""
        if not self.failed:
            self._given += events
            self._wake()

    def end(self, error: Error | None, *, free: bool, cache_key: bytes = b"", answer: str = "") -> None:
        """See Recorder."""
        self._ending = Ending(error, cache_key, answer), free
        self._wake()

    async def stop(self) -> None:
        """Write what was given, and no more."""
        self._stopping = True
        self._news.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    def fail(self, error: BaseException) -> None:
        """Give up."""
        if not self.failed:
            self.failed = True
            self._given = []
            for file in (self._log, self._file):
                if file is not None:
                    file.drop()
            self._outgrew = isinstance(error, NoRoom)
            self._store.fail(self.kept, error)
            self._progress()

    def _wake(self) -> None:
        self._news.set()
        self._idle.clear()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
            self._store.open(self)

    async def _run(self) -> None:
        try:
            while True:
                self._news.clear()
                if self._given and not self.failed:
                    given, self._given = self._given, []
                    await self._step(given)
                elif self._ending is not None:
                    await self._finish(*self._ending)
                    return
                elif self._stopping:
                    return
                else:
                    self._idle.set()
                    await self._news.wait()
        finally:
            self._idle.set()
            self._store.close(self)
            self._progress = ignore

    async def _step(self, events: list[StreamEvent]) -> None:
        try:
            await self._write(events)
        except Exception as error:  # noqa: BLE001  # whatever it is, the answer is not kept
            self.fail(error)
        else:
            self.written += len(events)
            self._progress()

    async def _write(self, events: list[StreamEvent]) -> None:
        await self._store.begin(self.kept)
        if self._asked is not None:
            asked, self._asked = self._asked, None
            await self._write_request(asked)
        await self._room.reserve(sum(len(one.data) if isinstance(one, Chunk) else one.ByteSize() for one in events))
        for event in events:
            if isinstance(event, Chunk):
                if self._file is None:
                    await self._append(log_format.file_record(event, self._files))
                    self._file = PieceWriter(self._store.objects, names.file(self.kept.completion_id, self._files))
                    self._files += 1
                await self._append_bytes(self._file, event.data)
            else:
                if self._file is not None:
                    await self._finish_file(self._file, event.part_finished)
                await self._append(log_format.event_record(event))
        await self._flush()

    async def _write_request(self, spec: pb.Spec) -> None:
        """What was asked, and its pictures, so that the chat can go on."""
        asked = KeptRequest(spec, self._store.most)
        pictures = asked.pictures()
        number = 0
        with contextlib.suppress(NoRoom):  # then the chat cannot go on
            while await self._write_next(pictures, number):
                number += 1
        if asked.request is not None:
            await self._append(log_format.request_record(asked.request))

    async def _write_next(self, pictures: Iterator[InputImage], number: int) -> bool:
        """Write the next picture. Returns whether there was one; nothing of it is in memory any more."""
        image = await asyncio.to_thread(next, pictures, None)
        if image is None:
            return False
        await self._room.reserve(len(image.data))
        file = PieceWriter(self._store.objects, names.input_file(self.kept.completion_id, number))
        for start in range(0, len(image.data), PIECE):
            await file.write(image.data[start : start + PIECE])
        await file.close()
        self._room.size += file.size
        made = KeptImage(
            image_id=f"{self.kept.completion_id}.in.{number}",
            caller=self.kept.caller,
            sha256=image.sha256,
            size=file.size,
            mime_type=image.mime_type,
            width=image.width,
            height=image.height,
            expires=self.kept.expires,
        )
        await self._store.database.put_image(made, names.answer(self.kept.completion_id), file.path, upload=False)
        return True

    async def _append(self, record: bytes) -> None:
        self._entry(self._log, self._log.size, record)
        await self._log.write(record)
        self._room.size += len(record)

    async def _append_bytes(self, file: PieceWriter, data: bytes) -> None:
        for start in range(0, len(data), _ENTRY):
            piece = data[start : start + _ENTRY]
            self._entry(file, file.size, piece)
            await file.write(piece)
            self._room.size += len(piece)

    def _entry(self, file: PieceWriter, offset: int, data: bytes) -> None:
        """The next entry. Without data: what is in front of the offset is in the object store."""
        entry: dict[str, object] = {"l": self._log.size}
        if file is not self._log:
            entry |= {"f": self._files - 1, "o": offset}
        self._entries.append({**entry, "d": data})
        self._ends.append((file, offset + len(data)) if data else None)

    async def _flush(self) -> None:
        """Have the entries read by others, and drop those that are objects by now."""
        entries, self._entries = self._entries, []
        ends, self._ends = self._ends, []
        if entries:
            idents = await self._store.database.add(self.kept.completion_id, self.kept.expires, entries)
            self._in_redis.extend((ident, *end) for ident, end in zip(idents, ends, strict=True) if end is not None)
        stored = [ident for ident, file, end in self._in_redis if end <= file.stored]
        if stored:
            await self._store.database.drop(self.kept.completion_id, stored)
            self._in_redis = deque(one for one in self._in_redis if one[2] > one[1].stored)

    async def _finish_file(self, file: PieceWriter, part: pb.PartFinished | None) -> None:
        await self._flush()
        await file.close()
        if part is not None:
            image = image_of(self.kept, part, file.size)
            name = names.answer(self.kept.completion_id)
            await self._store.database.put_image(image, name, file.path, upload=False)
        self._entry(file, file.size, b"")
        await self._flush()
        self._file = None

    async def _finish(self, how: Ending, free: bool) -> None:  # as it was given
        if not self.failed:
            try:
                await self._end(how, free)
            except Exception as fault:  # noqa: BLE001  # whatever it is, the answer is not kept
                self.fail(fault)
            else:
                self._progress()
        if self.failed:
            ended = replace(self.kept, state=State.FREE if free else State.NOT_KEPT)
            if self.kept.request_id and not self._outgrew:
                self._store.heart.give_up(ended)
            if self._room.size or self._outgrew:
                self._store.heart.do(self._clear(ended))

    async def _clear(self, ended: Kept) -> None:
        """Remove the objects of an answer that is not kept: they count no more. ended: how."""
        if self._outgrew:  # until now its reader may lack what is written
            await self._released.wait()
            self._store.heart.give_up(ended)
        with contextlib.suppress(*FAULTS):  # the sweep removes them when their time is over
            await self._store.objects.remove(names.answer(self.kept.completion_id))

    async def _end(self, how: Ending, free: bool) -> None:  # as it was given
        store, kept = self._store, self.kept
        if free and not self.written and not kept.request_id:
            return
        if self._file is not None:
            await self._finish_file(self._file, None)  # a picture that was cut has no id
        await self._append(log_format.end_record(how.error, how.answer))
        if self._log.held > _SMALL or self._log.size > self._log.held:
            await self._log.close()
            self._entry(self._log, self._log.size, b"")
        await self._flush()
        store.heart.leave(kept)
        total = await store.database.put(replace(kept, state=State.FREE if free else State.ENDED), self._room.size)
        if how.cache_key:
            await store.database.put_cached(kept, how.cache_key)
        if not self._released.is_set():
            await store.heart.hold(kept)
        store.look_for_room(total)
