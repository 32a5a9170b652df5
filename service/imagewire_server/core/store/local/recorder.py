"""Keeps one answer in a local store.

A small answer is held until it ends, or for a moment, and then written as a whole.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.store.local.answer_writer import AnswerWriter
from imagewire_server.core.store.local.database import SmallRows
from imagewire_server.core.store.local.writer import FAULTS
from imagewire_server.core.store.records import Ending, Kept, State
from imagewire_server.core.store.store import NoRoom, OnProgress, StoreDown, ignore

if TYPE_CHECKING:
    from imagewire_server.core.store.local.store import LocalStore

_SMALL = 64 * 1024  # bytes of an answer that is one row
# Bytes of a larger one that are written together: to change threads costs as much as to write some ten thousand. Half
# of what a completion's buffer has, so that it is never full of what nobody writes.
_TOGETHER = 128 * 1024


class _Piece(NamedTuple):
    """What the thread is to write next. asked: of the first piece. given: how many events there are then."""

    is_first: bool
    asked: pb.Spec | None
    events: list[StreamEvent]
    given: int


class LocalRecorder:
    """A Recorder. store: whose thread writes. began: on the loop's clock, when it got its first events."""

    def __init__(self, store: "LocalStore", kept: Kept) -> None:
        self.kept = kept
        self.failed = False
        self.written = 0
        self.began = 0.0
        self._store = store
        self._progress: OnProgress = ignore
        self._asked: pb.Spec | None = None
        self._held: list[StreamEvent] = []
        self._has_begun = False  # as a log and files
        self._is_released = False
        self._size = self._given = 0
        self._open: deque[_Piece] = deque()
        self._small: tuple[pb.Spec | None, list[StreamEvent]] | None = None  # an answer that has ended
        self._ending = State.ENDED, Ending(None)
        self._writer = AnswerWriter(store, kept)
        self._done = 0  # of the thread: how many events it has written

    def on_progress(self, call: OnProgress) -> None:
        """See Recorder."""
        self._progress = call

    def ask(self, spec: pb.Spec) -> None:
        """See Recorder."""
        if not self.failed:
            self._asked = spec

    def add(self, events: list[StreamEvent]) -> None:
        """See Recorder."""
        if self.failed:
            return
        self._given += len(events)
        if not self._held:
            self.began = asyncio.get_running_loop().time()
            self._store.small.hold(self)
        self._held += events
        for event in events:
            self._size += len(event.data) if isinstance(event, Chunk) else event.ByteSize()
        if self._size > (_TOGETHER if self._has_begun else _SMALL):
            self.let_go()

    def let_go(self) -> None:
        """Write what is held."""
        self._store.small.release(self)
        self._open.append(_Piece(not self._has_begun, self._asked, self._held, self._given))
        self._asked, self._held, self._size, self._has_begun = None, [], 0, True
        self._store.writer.put(self._write_next)

    def end(self, error: Error | None, *, free: bool, cache_key: bytes = b"", answer: str = "") -> None:
        """See Recorder."""
        self._ending = State.FREE if free else State.ENDED, Ending(error, cache_key, answer)
        if self._held and (self._has_begun or isinstance(self._held[-1], Chunk)):
            self.let_go()  # a picture that was cut is no object
        self._store.small.release(self)
        if not self._has_begun and not self.kept.request_id and (free or self.failed):
            self._store.forget(self)
            self._progress = ignore
        elif self._has_begun or self.failed:
            self._store.writer.put(self._end)
        else:
            self._small = self._asked, self._held
            self._asked, self._held = None, []
            self._store.small.add(self)

    def give_up(self) -> None:
        """The thread hangs: keep nothing more, and hold nothing that it has not written."""
        if not self.failed:
            self.failed = True
            self._asked, self._held, self._size, self._small = None, [], 0, None
            self._open.clear()
            self._store.small.release(self)
            self._progress()

    async def settle(self) -> None:
        """See Recorder."""
        with contextlib.suppress(StoreDown):
            await self._store.flush()

    def release(self) -> None:
        """See Recorder."""
        if self._has_begun and not self._is_released:
            self._is_released = True
            self._store.writer.put(self._leave)

    def tell(self) -> None:
        """The thread has written, or has failed."""
        self.written = self._done
        self._progress()

    def tell_end(self) -> None:
        """The same, for the last time."""
        self.tell()
        self._progress = ignore

    # What follows is for the thread.

    def keep_request(self) -> None:
        """Keep the pictures of a small answer's request."""
        small = self._small
        if small is not None and not self.failed:
            self._step(partial(self._writer.keep_request, small[0]), self._done)

    def add_to(self, rows: SmallRows) -> None:
        """Add a small answer to the rows that are written together. Inside a transaction."""
        small = self._small
        if small is not None and not self.failed:
            self._writer.add_small(rows, small[1], *self._ending)

    def has_ended(self) -> None:
        """All of a small answer is written, unless that has failed."""
        if self.failed:
            self._mark_end()
        else:
            self._done = self._given
        self._store.done(self)

    @property
    def size(self) -> int:
        """The bytes that it has written and that are no objects."""
        return self._writer.size

    def fail(self, error: BaseException) -> None:
        """Keep nothing more."""
        if not self.failed:
            self.failed = True
            self._writer.stop()
            self._store.fail(self.kept, error)

    def close(self) -> None:
        """Write no more."""
        self._writer.close()

    def _write_next(self) -> Callable[[], None] | None:
        try:
            piece = self._open.popleft()
        except IndexError:
            return None  # it was given up
        if piece.is_first:
            return self._step(partial(self._writer.begin, piece.asked, piece.events), piece.given)
        return self._step(partial(self._writer.add, piece.events), piece.given)

    def _step(self, work: Callable[[], None], given: int) -> Callable[[], None] | None:
        if self.failed:
            return None
        try:
            work()
            self._done = given
        except (*FAULTS, NoRoom) as error:
            self.fail(error)
        return self.tell

    def _end(self) -> Callable[[], None] | None:
        self._step(partial(self._writer.end, *self._ending), self._done)
        if self.failed:
            self._mark_end()
        if not self._has_begun:
            self._leave()
        return self.tell_end

    def _mark_end(self) -> None:
        is_free = self._ending[0] is State.FREE
        self._store.mark(replace(self.kept, state=State.FREE if is_free else State.NOT_KEPT))

    def _leave(self) -> None:
        """Until now a slow reader may have read what was written, also before a failure."""
        self._writer.close()
        self._store.done(self)
        with contextlib.suppress(*FAULTS):
            self._store.make_room()
