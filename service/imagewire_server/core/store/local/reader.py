"""Reads an answer back, also while another process writes it."""

import asyncio
import contextlib
import io
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.keep_errors import AnswerNotKept, not_kept, unknown, unreadable
from imagewire_server.core.store import cached_answer
from imagewire_server.core.store.checked import FileCheck, damaged, told
from imagewire_server.core.store.local.database import Database
from imagewire_server.core.store.local.folder import Folder
from imagewire_server.core.store.log_format import Ended, FileBegins, NoRecord, Record, RecordReader
from imagewire_server.core.store.position import after_the_last, beyond
from imagewire_server.core.store.records import Kept, State
from imagewire_server.core.store.store import Damaged

_T = TypeVar("_T")
_Found = bytes | list[Record]

_PIECE = 128 * 1024
# Seconds between two looks at what another process writes: more and more while nothing comes.
_SHORTEST, _LONGEST = 0.02, 0.25


@dataclass(slots=True)
class _Position:
    """sequence: of the last event that the reader has. offset: how many bytes it has of the file behind it."""

    sequence: int
    offset: int


class LocalReader:
    """The events of one answer. Its files are read in threads."""

    def __init__(self, database: Database, folder: Folder, kept: Kept, after_sequence: int, offset: int) -> None:
        self._database = database
        self._folder = folder
        self._kept = kept
        self._at = _Position(after_sequence, offset)
        self._records = RecordReader()
        self._open: list[Record] = []
        self._log: io.FileIO | None = None
        self._is_small = False
        self._last = 0

    def request(self) -> pb.Spec | None:
        """What was asked, None where that is not known. In a thread."""
        found = None
        try:
            with contextlib.suppress(NoRecord):
                found = self._read_log()
        finally:
            if self._log is not None:
                self._log.close()
        return found[0] if found and isinstance(found[0], pb.Spec) else None

    async def events(self) -> AsyncGenerator[list[StreamEvent], None]:
        """See Store.read."""
        try:
            while True:
                record = await self._next()
                if isinstance(record, Ended) and record.answer:
                    async for events in self._other(record.answer):
                        yield cached_answer.mark(events)
                    return
                if isinstance(record, Ended):
                    self._check_nothing_left()
                    if self._at.sequence > self._last:
                        raise after_the_last(self._last)
                    if record.error is not None:
                        raise record.error
                    return
                if isinstance(record, FileBegins):
                    async for events in self._file(record):
                        yield events
                elif isinstance(record, pb.Event):
                    self._last = record.sequence
                    if record.sequence > self._at.sequence:
                        self._check_nothing_left()
                        self._at.sequence = record.sequence
                        yield [record]
        except NoRecord as error:
            raise unreadable(self._kept.completion_id) from error
        finally:
            if self._log is not None:
                self._log.close()

    async def _other(self, completion_id: str) -> AsyncGenerator[list[StreamEvent], None]:
        """The events of the answer that this one is the same as."""
        kept = await asyncio.to_thread(self._database.by_id, completion_id)
        if kept is None or not cached_answer.is_there(kept):
            raise not_kept(self._kept.completion_id)  # it was removed, or is about to be
        other = LocalReader(self._database, self._folder, kept, self._at.sequence, self._at.offset)
        async with contextlib.aclosing(other.events()) as found:
            async for events in found:
                yield events

    async def _next(self) -> Record:
        """The next record, as soon as there is one. Raises OutcomeUnknown and others when there will be none."""
        while not self._open:
            self._open = await self._wait_for(self._read_log)
        return self._open.pop(0)

    async def _wait_for(self, look: Callable[[], _T | None]) -> _T:
        """What `look`, which runs in a thread, finds, as soon as it finds something."""
        pause = _SHORTEST
        while True:
            # Asked first: what the owner wrote before it ended is there afterwards.
            over = await asyncio.to_thread(self._over)
            found = await asyncio.to_thread(look)
            if found is not None:
                return found
            if over is not None:
                raise over
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST)

    def _over(self) -> Error | None:
        """What the answer ends with where its log does not say so, None while its owner draws it."""
        kept = self._database.by_id(self._kept.completion_id)
        if kept is None or kept.state is not State.RUNNING:
            return self._lost(kept)
        return None if self._folder.is_alive(kept.owner) else unknown(self._kept.completion_id)

    def _read_log(self) -> list[Record] | None:
        if self._log is None and not self._is_small:
            log = self._database.log(self._kept.completion_id)
            if log is not None:
                self._is_small = True
                return self._records.feed(log)
            try:
                self._log = io.FileIO(self._folder.log(self._kept.completion_id))
            except FileNotFoundError:
                return None
        if self._log is None:
            return None
        return self._records.feed(self._log.read(_PIECE) or b"") or None

    async def _file(self, begins: FileBegins) -> AsyncGenerator[list[StreamEvent], None]:
        """The bytes of a file that the reader lacks. Its next record tells that the file is whole."""
        if begins.sequence < self._at.sequence:
            return
        offset = 0
        if begins.sequence == self._at.sequence:
            offset, self._at.offset = self._at.offset, 0
        part = self._folder.part(self._kept.completion_id, begins.number)
        source = _FileSource(self._database, self._folder, part, FileCheck(offset))
        try:
            while not self._open:
                at = source.check.at
                found: _Found = await self._wait_for(partial(self._read_file_or_log, source))
                if isinstance(found, bytes):
                    yield [begins.chunk(at, found)]
                else:
                    self._open = found
            size, sha256 = _ended(self._open[0])
            at = source.check.at
            while data := await asyncio.to_thread(source.read, sha256):
                yield [begins.chunk(at, data)]
                at += len(data)
            if not source.is_found:
                kept = await asyncio.to_thread(self._database.by_id, self._kept.completion_id)
                raise self._lost(kept) from (None if _is_removed(kept) else self._damaged(sha256))
            size = size or source.size
            if offset > size:
                raise beyond(begins.sequence, size)
            if source.size != size or not source.check.fits(size, sha256):
                raise unreadable(self._kept.completion_id) from self._damaged(sha256)
        finally:
            source.close()

    def _lost(self, kept: Kept | None) -> AnswerNotKept:
        """Why what should be there is not: the answer was removed while it was read, or it is damaged."""
        return (not_kept if _is_removed(kept) else unreadable)(self._kept.completion_id)

    def _damaged(self, sha256: bytes) -> Damaged:
        return damaged(sha256, self._kept.completion_id)

    def _read_file_or_log(self, source: "_FileSource") -> _Found | None:
        return source.read(b"") or self._read_log()

    def _check_nothing_left(self) -> None:
        """No file begins where the reader says that it has some bytes of one."""
        if self._at.offset:
            raise beyond(self._at.sequence, 0)


class _FileSource:
    """A file of an answer: a part while it is drawn, an object when it is whole. Its methods run in threads.

    check: of what is read, and where to go on.
    """

    def __init__(self, database: Database, folder: Folder, part: Path, check: FileCheck) -> None:
        self._database, self._folder, self._part = database, folder, part
        self.check = check
        self._file: io.FileIO | None = None
        self._data: bytes | None = None
        self.size = 0

    @property
    def is_found(self) -> bool:
        """Whether there were bytes to read from, at whatever offset."""
        return self._file is not None or self._data is not None

    def read(self, sha256: bytes) -> bytes:
        """The next bytes, b"" where there are none now. sha256: of the whole file, where it is known."""
        if not self.is_found:
            self._find(sha256)
        data = self._next(self.check.at)
        self.check.add(data)
        return data

    def _next(self, offset: int) -> bytes:
        if self._data is not None:
            self.size = len(self._data)
            return self._data[offset : offset + _PIECE]
        if self._file is None:
            return b""
        self.size = max(self.size, self._file.seek(0, io.SEEK_END))
        if offset >= self.size:  # no file system can seek to any offset
            return b""
        self._file.seek(offset)
        return self._file.read(_PIECE) or b""

    def _find(self, sha256: bytes) -> None:
        if sha256:
            found = self._database.object(sha256)
            if found is not None and found[1] is not None:
                self._data = found[1]
                return
        for path in (self._folder.object(sha256) if sha256 else None, self._part):
            if path is not None:
                try:
                    self._file = io.FileIO(path)
                except FileNotFoundError:
                    continue
                return

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _is_removed(kept: Kept | None) -> bool:
    return kept is None or kept.state is State.NOT_KEPT


def _ended(record: Record) -> tuple[int, bytes]:
    """The size and the hash of the file in front of a record; 0 and b"" where the record does not tell them."""
    return told(record.part_finished) if isinstance(record, pb.Event) else (0, b"")
