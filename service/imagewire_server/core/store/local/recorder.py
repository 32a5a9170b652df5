"""Writes one answer to a local store: in its thread, except for what its methods say.

A small answer is one row. It is held until it ends, or for a moment; a larger one has a log and files.
"""

import contextlib
import io
import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.store import log_format
from imagewire_server.core.store.local.part_file import PartFile, write_all
from imagewire_server.core.store.local.writer import FAULTS
from imagewire_server.core.store.records import Kept, KeptImage, State
from imagewire_server.core.store.request import InputImage, kept_request
from imagewire_server.core.store.store import OnProgress, StoreDown

if TYPE_CHECKING:
    from imagewire_server.core.store.local.store import LocalStore

_SMALL = 64 * 1024  # bytes of an answer that is one row
_COUNTED_EVERY = 4 * 1024 * 1024  # bytes of an answer that are not yet counted in the store's total
HELD = 0.1  # seconds after which its events are written, so that others can read them


class LocalRecorder:
    """A Recorder. store: whose thread, database and folder it uses."""

    def __init__(self, store: "LocalStore", kept: Kept) -> None:
        self.kept = kept
        self.failed = False
        self.written = 0
        self._store = store
        self._progress: OnProgress = lambda: None
        self._has_ended = False
        # The thread's own.
        self._request = b""
        self._held: list[StreamEvent] | None = []
        self._size = 0
        self._began = time.monotonic()
        self._done = 0
        self._grown = self._counted = 0
        self._log: io.FileIO | None = None
        self._file: PartFile | None = None
        self._files = 0

    def on_progress(self, call: OnProgress) -> None:
        """See Recorder. On the loop."""
        self._progress = call

    def ask(self, spec: pb.Spec) -> None:
        """See Recorder. On the loop."""
        if not self.failed:
            self._store.writer.put(lambda: self._step(lambda: self._ask(spec)))

    def add(self, events: list[StreamEvent]) -> None:
        """See Recorder. On the loop."""
        if not self.failed:
            self._store.writer.put(lambda: self._step(lambda: self._add(events)))

    def end(self, error: Error | None, *, free: bool) -> None:
        """See Recorder. On the loop."""
        self._has_ended = True
        self._store.writer.put(lambda: self._finish(error, free=free))

    async def settle(self) -> None:
        """See Recorder."""
        with contextlib.suppress(StoreDown):
            await self._store.flush()

    def _finish(self, error: Error | None, *, free: bool) -> Callable[[], None] | None:
        if self.failed:
            # Until now a slow reader may have read what was written before the failure.
            self._store.close(self)
            self._store.folder.remove(self.kept.completion_id)
            return None
        return self._step(lambda: self._end(error, free=free))

    def look(self) -> None:
        """Write what has been held for long enough."""
        if self._held is not None and not self._has_ended and time.monotonic() - self._began > HELD:
            self._step(self._spill)

    def _step(self, work: Callable[[], None]) -> Callable[[], None] | None:
        if self.failed:
            return None
        try:
            work()
        except FAULTS as error:
            self.fail(error)
        return self.tell

    def tell(self) -> None:
        """Note what is written. On the loop."""
        self.written = self._done
        self._progress()

    def fail(self, error: BaseException) -> None:
        """Keep nothing more."""
        self.failed = True
        self.close()
        self._store.fail(self.kept, error)

    def _ask(self, spec: pb.Spec) -> None:
        numbers = itertools.count()

        def take(image: InputImage) -> None:
            self._store.keep_input(self.kept, f"{self.kept.completion_id}.in.{next(numbers)}", image)

        request = kept_request(spec, take)
        self._request = log_format.request_record(request) if request is not None else b""
        self._size += len(self._request)

    def _add(self, events: list[StreamEvent]) -> None:
        if self._held is not None:
            self._held += events
            self._size += sum(len(event.data) if isinstance(event, Chunk) else event.ByteSize() for event in events)
            if self._size > _SMALL:
                self._spill()
            else:
                self._store.open(self)
        else:
            self._write(events)
            self._done += len(events)

    def _spill(self) -> None:
        """Go on with a log and files."""
        self._store.open(self)
        held, self._held = self._held or [], None
        self._log = io.FileIO(self._store.folder.log(self.kept.completion_id), "xb")
        self._store.database.put(self.kept)
        self._append(self._request)
        self._write(held)
        self._done += len(held)

    def _write(self, events: list[StreamEvent]) -> None:
        records: list[bytes] = []
        for event in events:
            if isinstance(event, Chunk):
                if self._file is None:
                    self._file = PartFile(self._store.folder.part(self.kept.completion_id, self._files))
                    records.append(log_format.file_record(event, self._files))
                    self._files += 1
                # The bytes are there before the record that tells of them.
                self._file.write(event.data)
                self._grow(len(event.data))
            else:
                if self._file is not None:
                    self._finish_file(event)
                records.append(log_format.event_record(event))
        if records:
            self._append(b"".join(records))

    def _append(self, data: bytes) -> None:
        assert self._log is not None  # noqa: S101  # opened by _spill
        write_all(self._log, data)
        self._grow(len(data))

    def _grow(self, size: int) -> None:
        """Count what is written that is no object yet, and make room for it."""
        self._grown += size
        if self._grown - self._counted > _COUNTED_EVERY:
            self._counted = self._grown
            self._store.database.put(self.kept, self._grown)
            self._store.make_room()

    def _finish_file(self, event: pb.Event) -> None:
        file, self._file = self._file, None
        assert file is not None  # noqa: S101  # asked by the caller
        file.close()
        with self._store.database.transaction():
            # In the transaction, so that no sweep of another process removes the object as unused.
            image = self._image(event.part_finished, file.size)
            self._store.keep_object(file.path, image.sha256, file.size)
            self._grown -= file.size
            self._counted = self._grown
            self._store.database.put(self.kept, self._grown)
            self._store.database.put_image(image, self.kept.completion_id)
        self._store.make_room()

    def _image(self, part: pb.PartFinished, size: int) -> KeptImage:
        kept, image, media = self.kept, part.image, part.media
        # Media have an id here too, so that their bytes are kept with the answer, but nobody is told.
        ident = image.image_id or f"{kept.completion_id}.{part.candidate_index}.{part.part_index}"
        return KeptImage(
            image_id=ident,
            caller=kept.caller,
            sha256=image.sha256 or media.sha256,
            size=size,
            mime_type=image.mime_type or media.mime_type,
            width=image.width,
            height=image.height,
            expires=kept.expires,
        )

    def _end(self, error: Error | None, *, free: bool) -> None:
        self._store.close(self)
        if free and self._held is not None and not self.kept.request_id:
            return
        ended = replace(self.kept, state=State.FREE if free else State.ENDED)
        if self._held and isinstance(self._held[-1], Chunk):
            self._spill()  # a picture that was cut is no object
        if self._held is not None:
            self._store.write_soon(self, partial(self._write_small, ended, error))
            return
        self._append(log_format.end_record(error))
        self._store.database.put(ended, self._grown)
        self.close()
        self._store.make_room()

    def _write_small(self, ended: Kept, error: Error | None) -> None:
        """All of it, in a transaction of the store's."""
        records: list[bytes] = [self._request]
        data: list[bytes] = []
        database = self._store.database
        files = 0
        for event in self._held or ():
            if isinstance(event, Chunk):
                if not data:
                    records.append(log_format.file_record(event, files))
                    files += 1
                data.append(event.data)
                continue
            if data:
                whole = b"".join(data)
                data = []
                image = self._image(event.part_finished, len(whole))
                database.put_object(image.sha256, image.size, whole)
                database.put_image(image, self.kept.completion_id)
            records.append(log_format.event_record(event))
        records.append(log_format.end_record(error))
        log = b"".join(records)
        database.put(ended, len(log), log)
        self._done = len(self._held or ())

    def close(self) -> None:
        """Write no more."""
        for file in (self._log, self._file):
            if file is not None:
                file.close()
        self._log = self._file = None
