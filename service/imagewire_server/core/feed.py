"""A completion's task and its buffer, for readers that come and go.

The task pulls while a reader waits for more, or when all have left and the policy is to continue. So the fastest reader
sets the pace, and where the buffer is full it waits for the slowest. Events that every attached reader has are kept for
later ones; the oldest of them are dropped for what is new. With nobody attached that is all of them: the upstream is
read to its end, because it is paid for, and late readers may be refused.

With a store (`keeping`) nobody waits for the slowest: what is written is dropped, and read from there. The task may be
a little ahead of its readers, so that a small answer costs no change of tasks for each of its events.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import Enum
from typing import TYPE_CHECKING

from imagewire_server.contract.errors import Error, Internal, InvalidRequest, Violation
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.keep_errors import Cancelled, not_kept
from imagewire_server.core.buffered_reader import BufferedReader
from imagewire_server.core.event_buffer import EventBuffer, EventsNotKept
from imagewire_server.core.keeping import Keeping
from imagewire_server.core.numbering import Numbering
from imagewire_server.core.store.store import Recorder

if TYPE_CHECKING:
    from types import TracebackType

# Seconds after which a store goes on without a reader that does not ask for more.
_PATIENCE = 1.0
# Bytes in memory up to which it does not wait for one.
_AHEAD = 64 * 1024


class OnDisconnect(Enum):
    """What happens when the last reader leaves before the end."""

    CANCEL = "cancel"  # the upstream call ends, and nothing is kept
    CONTINUE = "continue"  # it is read to its end, for later readers


class Feed:
    """The readers of one completion. source: its events, numbered by `numbering`."""

    def __init__(
        self,
        source: AsyncGenerator[list[StreamEvent], None],
        numbering: Numbering,
        buffer: EventBuffer,
        on_disconnect: OnDisconnect,
        keeping: Keeping | None = None,
    ) -> None:
        self._keeping = keeping
        if keeping is not None:
            keeping.recorder.on_progress(self._note_progress)
        self._source = source
        self._numbering = numbering
        self._buffer = buffer
        self._on_disconnect = on_disconnect
        self._readers: set[BufferedReader] = set()
        self._task: asyncio.Task[None] | None = None
        self._asked_at = 0.0  # when a reader last asked for more, on the loop's clock
        self._idle: asyncio.Future[None] | None = None  # what the task waits for while it must not pull
        self._ended = False  # whether no more events come
        self._closed = False
        self._reason: Error | None = None  # what the drawing was ended with, None for the caller's wish
        self._error: Exception | None = None
        self._traceback: TracebackType | None = None

    def attach(self, after_sequence: int, offset: int) -> BufferedReader:
        """See Completion. The first reader starts the task."""
        if self._closed:
            raise self._lost() or EventsNotKept("is of an answer that is no longer kept; draw again")
        if after_sequence > self._numbering.sequence:
            words = f"is beyond event {self._numbering.sequence}, the last one so far; send the last one that arrived"
            raise InvalidRequest([Violation("after_sequence", words)])
        try:
            reader = BufferedReader(self, *self._buffer.find(after_sequence, offset))
        except EventsNotKept as error:
            if not self._is_kept:
                raise self._lost() or error from None
            reader = BufferedReader(self, 0, [])
        reader.sequence, reader.offset = after_sequence, offset
        self._readers.add(reader)
        if self._task is None:
            self._task = asyncio.create_task(self._pull())
        return reader

    async def aclose(self, reason: Error | None = None) -> None:
        """End the drawing, and drop what is in memory. A reader that is still attached gets the reason."""
        self._closed = True
        self._reason = reason or self._reason
        gone = reason or Internal("the answer was given up while it was read")
        self._end(gone if self._readers else None)
        try:
            await self._stop()
        finally:
            self._buffer.clear()
            if self._keeping is not None:
                self._keeping.recorder.release()

    async def _stop(self) -> None:
        """End the task and wait for its clean-up, so that nothing is left running. To be cancelled only hastens it."""
        cancelled = False
        while self._task is not None and not self._task.done():
            self._task.cancel()
            try:
                await asyncio.wait({self._task})
            except asyncio.CancelledError:
                cancelled = True
        if cancelled:
            raise asyncio.CancelledError

    async def leave(self, reader: BufferedReader) -> None:
        """A reader goes, with the consequence that the policy says when it was the last."""
        if reader not in self._readers:
            return
        self._readers.discard(reader)
        reader.wake()
        if self._readers or (self._goes_on and not (self._ended and self._keeping)):
            self.wake()
        else:
            await self.aclose()

    def read(self, position: int) -> list[StreamEvent] | None:
        """What is there from a position on, None while more may come. Raises what the drawing ended with."""
        if position < self._buffer.start and not self._closed:
            return []
        events = [] if self._closed else self._buffer.read(position)
        if events:
            return events
        if not self._ended:
            self._asked_at = asyncio.get_running_loop().time()
            return None
        if self._error is not None:
            # Each reader raises the same error: with the traceback to its origin, and without those of other readers.
            raise self._error.with_traceback(self._traceback)
        raise StopAsyncIteration

    def find(self, sequence: int, offset: int) -> tuple[int, list[StreamEvent]] | None:
        """See EventBuffer.find; None where the events are no longer in memory."""
        try:
            return self._buffer.find(sequence, offset)
        except EventsNotKept:
            return None

    def lacks(self, position: int) -> bool:
        """Whether the event at a position is no longer in memory."""
        return position < self._buffer.start and not self._closed

    def reread(self, sequence: int, offset: int) -> AsyncGenerator[list[StreamEvent], None]:
        """What is no longer in memory, from the store."""
        assert self._keeping is not None  # noqa: S101  # without it nothing is dropped that a reader lacks
        return self._keeping.read(sequence, offset)

    @property
    def is_read(self) -> bool:
        """Whether a reader is attached."""
        return bool(self._readers)

    @property
    def _goes_on(self) -> bool:
        """Whether the drawing goes on without readers."""
        if self._on_disconnect is OnDisconnect.CANCEL:
            return False
        return self._keeping is None or self._keeping.may_go_on()

    def _lost(self) -> Error | None:
        """What somebody is told who asks for events that a store should have; None where there is no store."""
        return not_kept(self._keeping.kept.completion_id) if self._keeping is not None else None

    @property
    def _is_kept(self) -> bool:
        return self._keeping is not None and not self._keeping.recorder.failed

    def _note_progress(self) -> None:
        """The store has written some, or has failed."""
        self._drop_read()
        lags = any(self.lacks(reader.position) for reader in self._readers)
        if self._keeping is not None and self._keeping.recorder.failed and not lags:
            self._keeping.recorder.release()  # memory has all that was not written
        self.wake()

    def wake(self) -> None:
        """Let the task look again whether it may pull."""
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    async def _pull(self) -> None:
        try:
            async with aclosing(self._source) as source:
                while True:
                    while not self._may_pull():
                        await self._wait()
                    events = await anext(source, None)
                    if events is None:
                        break
                    self._buffer.add(events)
                    if self._keeping is not None:
                        self._keeping.recorder.add(events)
                        if self._keeping.see is not None:
                            self._keeping.see(events)
                    self._wake_readers()
        except Exception as error:  # noqa: BLE001  # it is raised where it is read
            await self._finish(error)
        except asyncio.CancelledError:
            if not self._closed:  # from outside, or of something that the source asked
                self._end(Internal("the drawing was cancelled while it was read"))
            if self._keeping is not None:
                self._keeping.on_end(self._reason or _given_up())
            raise
        else:
            await self._finish(None)
        self._buffer.trim(self._needed())
        if self._keeping is not None and not self._readers:
            self._keeping.recorder.release()

    async def _finish(self, outcome: Exception | None) -> None:
        """The drawing is over: first the store learns of it, then the readers."""
        if self._keeping is not None:
            self._keeping.on_end(outcome)
            await self._keeping.settle(outcome)
        self._end(outcome)

    async def _wait(self) -> None:
        """Wait until it may be time to pull: a reader asks, or another completion gives memory back."""
        loop = asyncio.get_running_loop()
        self._idle = loop.create_future()
        self._buffer.budget.waiting.add(self.wake)
        timer = loop.call_later(_PATIENCE, self.wake) if self._is_kept else None
        try:
            await self._idle
        finally:
            self._buffer.budget.waiting.discard(self.wake)
            if timer is not None:
                timer.cancel()

    def _may_pull(self) -> bool:
        """Whether more is wanted, and there is room for it. Drops what is in the way and nobody lacks."""
        if self._keeping is not None and not self._keeping.recorder.failed:
            return self._may_pull_for(self._keeping.recorder)
        needed = self._needed()
        self._buffer.trim(needed)
        if not self._readers:
            return True  # the policy is to continue: else the last one to leave has ended this
        if not any(reader.waits for reader in self._readers):
            return False
        # Where nobody lags, one list of events may pass the bounds: other completions cannot starve this one.
        return needed == self._buffer.end or not self._buffer.is_full

    def _may_pull_for(self, recorder: Recorder) -> bool:
        """Whether there is room, and a reader asks for more, or none has for a while: then the store sets the pace.

        What the store has written is read from there by those who lag.
        """
        self._drop_read()
        is_wanted = self._buffer.used <= _AHEAD or not self._readers or any(reader.waits for reader in self._readers)
        if not is_wanted and asyncio.get_running_loop().time() < self._asked_at + _PATIENCE:
            return False
        self._buffer.trim(recorder.written)
        return not self._buffer.is_full or recorder.written >= self._buffer.end

    def _needed(self) -> int:
        """The position of the first event that an attached reader lacks."""
        return min((self._position(reader) for reader in self._readers), default=self._buffer.end)

    def _position(self, reader: BufferedReader) -> int:
        """Where a reader is in the buffer, or will be when it has read what the store has."""
        if self._keeping is not None and reader.position < self._buffer.start:
            return max(self._keeping.recorder.written, self._buffer.start)
        return reader.position

    def _drop_read(self) -> None:
        """Drop what is in the store, and not about to be read from memory."""
        if self._keeping is None or self._keeping.recorder.failed:
            return
        written = self._keeping.recorder.written
        if written > self._buffer.start:
            self._buffer.drop(min(written, self._needed()))

    def _end(self, error: Exception | None) -> None:
        self._ended, self._error = True, error
        self._traceback = error.__traceback__ if error is not None else None
        self._wake_readers()

    def _wake_readers(self) -> None:
        for reader in self._readers:
            reader.wake()


def _given_up() -> Error:
    """What an answer has ended with whose last reader left, and wanted it cancelled."""
    return Cancelled("the caller left, and had the drawing cancelled; it may have been charged")
