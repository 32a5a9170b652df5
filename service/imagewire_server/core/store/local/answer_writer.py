"""Writes one answer into a local store, in the store's thread: as one row, or as a log and files."""

import io
import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.store import log_format
from imagewire_server.core.store.local.database import SmallRows, completion_row, image_row
from imagewire_server.core.store.local.folder import hold
from imagewire_server.core.store.local.part_file import PartFile, write_all
from imagewire_server.core.store.records import Ending, Kept, KeptImage, State, image_of
from imagewire_server.core.store.request import InputImage, kept_request
from imagewire_server.core.store.store import AHEAD, NoRoom

if TYPE_CHECKING:
    from imagewire_server.core.store.local.store import LocalStore


class AnswerWriter:
    """Either `add_small`, or `begin`, `add`, `end` and `close`. All raise FAULTS; `begin` and `add` also NoRoom.

    size: bytes that are written and not yet objects.
    """

    def __init__(self, store: "LocalStore", kept: Kept) -> None:
        self._store = store
        self._kept = kept
        self.size = self._counted = self._all = 0
        self._log: io.FileIO | None = None
        self._file: PartFile | None = None
        self._files = 0
        self._request = b""

    def add_small(self, rows: SmallRows, events: Iterable[StreamEvent], state: State, how: Ending) -> None:
        """Add all of an answer to the rows that are about to be written. `keep_request` was called before."""
        kept = self._kept
        records = [self._request]
        data: list[bytes] = []
        files = 0
        for event in events:
            if isinstance(event, Chunk):
                if not data:
                    records.append(log_format.file_record(event, files))
                    files += 1
                data.append(event.data)
                continue
            if data:
                whole = b"".join(data)
                data = []
                image = image_of(kept, event.part_finished, len(whole))
                rows.objects.append((image.sha256, image.size, whole))
                rows.images.append(image_row(image, kept.completion_id))
            records.append(log_format.event_record(event))
        records.append(log_format.end_record(how.error, how.answer))
        log = b"".join(records)
        rows.completions.append(completion_row(kept, state, len(log), log))
        if how.cache_key:
            rows.cached.append((kept.caller, how.cache_key, kept.completion_id))

    def begin(self, asked: pb.Spec | None, events: Iterable[StreamEvent]) -> None:
        """The first events of a large answer, or of a slow one."""
        self._log = io.FileIO(self._store.folder.log(self._kept.completion_id), "xb")
        hold(self._log)
        self._reserve(0)
        self.keep_request(asked)
        self._append(self._request)
        self.add(events)

    def add(self, events: Iterable[StreamEvent]) -> None:
        """The next events."""
        records: list[bytes] = []
        data: list[bytes] = []
        for event in events:
            if isinstance(event, Chunk):
                if self._file is None:
                    self._file = PartFile(self._store.folder.part(self._kept.completion_id, self._files))
                    records.append(log_format.file_record(event, self._files))
                    self._files += 1
                data.append(event.data)
                continue
            if self._file is not None:
                self._write(self._file, data)
                data = []
                self._finish_file(self._file, event.part_finished)
                self._file = None
            records.append(log_format.event_record(event))
        # The bytes are there before the record that tells of them.
        if self._file is not None:
            self._write(self._file, data)
        if records:
            self._append(b"".join(records))

    def end(self, state: State, how: Ending) -> None:
        """There are no more."""
        self._put_record(log_format.end_record(how.error, how.answer))
        with self._store.database.transaction():
            self._store.database.put(replace(self._kept, state=state), self.size)
            if how.cache_key:
                self._store.database.put_cached(self._kept, how.cache_key)
        self.stop()
        self._store.make_room()

    def stop(self) -> None:
        """Write no more. What is written stays as long as the log is open."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def close(self) -> None:
        """Write no more, and let go of what is written."""
        self.stop()
        if self._log is not None:
            self._log.close()
        self._log = None

    def keep_request(self, asked: pb.Spec | None) -> None:
        """Keep the pictures of what was asked; it becomes the first record, if there is room for them."""
        if asked is None:
            return
        numbers = itertools.count()

        def take(image: InputImage) -> None:
            self._keep_input(f"{self._kept.completion_id}.in.{next(numbers)}", image)

        try:
            request = kept_request(asked, take, self._store.most)
        except NoRoom as error:
            self._store.writer.warn("keeping a request", error)
            return
        self._request = log_format.request_record(request) if request is not None else b""

    def _keep_input(self, image_id: str, image: InputImage) -> None:
        """Keep a picture of the request, so that its chat can go on."""
        store, kept = self._store, self._kept
        if not self._counted:
            self._reserve(0)  # else nothing would know whose picture it is, if this process ended now
        part = None if store.objects.has(image.sha256) else store.folder.new_part()
        if part is not None:
            # Counted first, like an upload, and gone with its process.
            store.database.put_upload(part.name, store.owner, len(image.data))
            if not store.make_room():
                store.end_upload(part.name)
                raise NoRoom.for_all()
            part.write_bytes(image.data)
        with store.database.transaction():
            if part is not None:
                store.objects.keep(part, image.sha256, len(image.data))
                store.database.delete_upload(part.name)
            made = KeptImage(
                image_id=image_id,
                caller=kept.caller,
                sha256=image.sha256,
                size=len(image.data),
                mime_type=image.mime_type,
                width=image.width,
                height=image.height,
                expires=kept.expires,
            )
            store.database.put_image(made, kept.completion_id)

    def _write(self, file: PartFile, data: list[bytes]) -> None:
        size = sum(map(len, data))
        self._reserve(size)
        file.write(*data)
        self.size += size

    def _append(self, data: bytes) -> None:
        self._reserve(len(data))
        self._put_record(data)

    def _put_record(self, data: bytes) -> None:
        assert self._log is not None  # noqa: S101  # opened by begin
        write_all(self._log, data)
        self.size += len(data)

    def _reserve(self, size: int) -> None:
        """Count what is about to be written, and make room for it: the disk never has more than what counts."""
        self._all += size
        if self._all > self._store.most:
            raise NoRoom.for_answer()
        if self.size + size >= self._counted:
            self._counted = self.size + size + min(AHEAD, self._store.most // 16)
            self._store.database.put(self._kept, self._counted)
            if not self._store.make_room():
                raise NoRoom.for_all()

    def _finish_file(self, file: PartFile, part: pb.PartFinished) -> None:
        file.close()
        image = image_of(self._kept, part, file.size)
        with self._store.database.transaction():
            # In the transaction, so that no sweep of another process removes the object as unused.
            self._store.objects.keep(file.path, image.sha256, file.size)
            self.size -= file.size
            self._counted -= file.size
            self._store.database.put(self._kept, self._counted)
            self._store.database.put_image(image, self._kept.completion_id)
        self._store.make_room()
