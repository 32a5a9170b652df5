"""Reads an answer back, also while another process writes it: what Redis has, and what it refers to as objects."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.keep_errors import AnswerNotKept, not_kept, unknown, unreadable
from imagewire_server.core.store import cached_answer
from imagewire_server.core.store.checked import FileCheck, damaged, told
from imagewire_server.core.store.log_format import Ended, FileBegins, NoRecord, RecordReader
from imagewire_server.core.store.position import after_the_last, beyond
from imagewire_server.core.store.records import Kept, State
from imagewire_server.core.store.shared import names
from imagewire_server.core.store.shared.connection import FAULTS
from imagewire_server.core.store.shared.database import Database
from imagewire_server.core.store.shared.objects import PIECE, Objects
from imagewire_server.core.store.store import StoreDown

_PORTION = 128 * 1024  # bytes of a picture in one event

_Events = AsyncGenerator[list[StreamEvent], None]


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the stream. log: how long the log is in front of it. file: its number, None for the log itself.

    offset: in the file. data: none where all that is in front of the offset is in the object store.
    """

    log: int
    file: int | None
    offset: int
    data: bytes


class SharedReader:
    """The events of one answer."""

    def __init__(self, database: Database, objects: Objects, kept: Kept, after_sequence: int, offset: int) -> None:
        self._database = database
        self._objects = objects
        self._kept = kept
        self._sequence, self._offset = after_sequence, offset
        self._last = b"0"
        self._last_sequence = 0
        self._records = RecordReader()
        self._log = 0
        self._file: FileBegins | None = None  # the one that the reader wants, while it is read
        self._check = FileCheck()
        self._ended = False
        self._error: Error | None = None
        self._answer = ""
        self._request: pb.Spec | None = None

    async def request(self) -> pb.Spec | None:
        """What was asked, None where that is not known. Raises FAULTS."""
        with contextlib.suppress(FileNotFoundError, NoRecord):
            for _, fields in await self._database.entries(self._kept.completion_id, self._last, wait=False):
                async for _ in self._take(_entry(fields)):
                    return self._request
        return self._request

    async def events(self) -> _Events:
        """See Store.read."""
        try:
            while not self._ended:
                for entry in await self._entries():
                    async for events in self._take(entry):
                        yield events
            if self._error is not None:
                raise self._error
            if self._answer:
                async for events in self._other(self._answer):
                    yield cached_answer.mark(events)
        except FileNotFoundError as error:
            raise await self._gone() from error
        except NoRecord as error:
            raise unreadable(self._kept.completion_id) from error
        except FAULTS as error:
            raise StoreDown(str(error)) from error

    async def _gone(self) -> AnswerNotKept:
        """An object is not there, or cut. Raises StoreDown."""
        try:
            state, _ = await self._database.status(self._kept.completion_id)
        except FAULTS as error:
            raise StoreDown(str(error)) from error
        if not _is_removed(state):
            damaged(b"", self._kept.completion_id)
        return self._lost(state)

    def _lost(self, state: State | None) -> AnswerNotKept:
        """Why what should be there is not: the answer was removed in the meantime, or it is damaged."""
        return (not_kept if _is_removed(state) else unreadable)(self._kept.completion_id)

    async def _other(self, completion_id: str) -> _Events:
        """The events of the answer that this one is the same as."""
        kept = await self._database.by_id(completion_id)
        if kept is None or not cached_answer.is_there(kept):
            raise not_kept(self._kept.completion_id)  # it was removed, or is about to be
        other = SharedReader(self._database, self._objects, kept, self._sequence, self._offset)
        async with contextlib.aclosing(other.events()) as found:
            async for events in found:
                yield events

    async def _entries(self) -> list[_Entry]:
        """The next entries, as soon as there are any. Raises OutcomeUnknown and others when there will be none."""
        ident = self._kept.completion_id
        found = await self._database.entries(ident, self._last, wait=False)
        while not found:
            # Asked first: what the owner wrote before it ended is there afterwards.
            over = await self._over()
            found = await self._database.entries(ident, self._last, wait=over is None)
            if not found and over is not None:
                raise over
        self._last = found[-1][0]
        return [_entry(fields) for _, fields in found]

    async def _over(self) -> Error | None:
        """What the answer ends with where its log does not say so, None while its owner draws it."""
        state, lives = await self._database.status(self._kept.completion_id)
        if state is not State.RUNNING:
            return self._lost(state)
        return None if lives else unknown(self._kept.completion_id)

    async def _take(self, entry: _Entry) -> _Events:
        while self._log < entry.log:
            size = min(PIECE, entry.log - self._log)
            data = await self._objects.read(names.log(self._kept.completion_id), self._log, size)
            for events in self._read_log(data):
                yield events
        if entry.file is None:
            for events in self._read_log(entry.data[self._log - entry.log :]):
                yield events
        elif self._file is not None and self._file.number == entry.file:
            async for events in self._read_file(self._file, entry):
                yield events

    def _read_log(self, data: bytes) -> list[list[StreamEvent]]:
        """What the reader lacks of the log's next events."""
        self._log += len(data)
        found: list[StreamEvent] = []
        for record in self._records.feed(data):
            if isinstance(record, Ended):
                if not record.answer:
                    self._check_offset()
                    if self._sequence > self._last_sequence:
                        raise after_the_last(self._last_sequence)
                self._ended = True
                self._error, self._answer = record.error, record.answer
            elif isinstance(record, FileBegins):
                self._begin(record)
            elif isinstance(record, pb.Spec):
                self._request = record
            else:
                if self._file is not None:
                    self._check_file(record.part_finished)
                self._file = None
                self._last_sequence = record.sequence
                if record.sequence > self._sequence:
                    self._check_offset()
                    self._sequence = record.sequence
                    found.append(record)
        return [found] if found else []

    def _check_file(self, part: pb.PartFinished) -> None:
        size, sha256 = told(part)
        if not self._check.fits(size, sha256):
            raise unreadable(self._kept.completion_id) from damaged(sha256, self._kept.completion_id)

    def _check_offset(self) -> None:
        """No file begins where the reader says that it has some bytes of one."""
        if self._offset:
            raise beyond(self._sequence, 0)

    def _begin(self, file: FileBegins) -> None:
        self._file = None if file.sequence < self._sequence else file
        at, self._offset = (self._offset, 0) if file.sequence == self._sequence else (0, self._offset)
        self._check = FileCheck(at)

    async def _read_file(self, begins: FileBegins, entry: _Entry) -> _Events:
        path, check = names.file(self._kept.completion_id, begins.number), self._check
        while (at := check.at) < entry.offset:
            whole = await self._objects.read(path, at, min(PIECE - at % PIECE, entry.offset - at))
            await asyncio.to_thread(check.add, whole)
            for start in range(0, len(whole), _PORTION):
                yield [begins.chunk(at + start, whole[start : start + _PORTION])]
        data = entry.data[at - entry.offset :]
        if data:
            check.add(data)
            yield [begins.chunk(at, data)]
        if not entry.data and at > entry.offset:
            raise beyond(begins.sequence, entry.offset)


def _is_removed(state: State | None) -> bool:
    return state is None or state is State.NOT_KEPT


def _entry(fields: dict[bytes, bytes]) -> _Entry:
    file = fields.get(b"f")
    return _Entry(int(fields[b"l"]), int(file) if file is not None else None, int(fields.get(b"o", 0)), fields[b"d"])
