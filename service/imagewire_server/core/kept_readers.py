"""Readers of answers that are kept, and of those that go on without their caller."""

import asyncio
from collections.abc import AsyncGenerator

from imagewire_server.contract.errors import DeadlineExceeded
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.keep_errors import unavailable
from imagewire_server.core.reader import Reader
from imagewire_server.core.store.records import Kept, State
from imagewire_server.core.store.store import Recorder, Store, StoreDown


async def is_drawn(store: Store, caller: str, completion_id: str) -> bool:
    """Whether a store that may fail knows that an answer of the caller's is being drawn."""
    try:
        kept = await store.find(caller, completion_id=completion_id)
        return kept is not None and kept.state is State.RUNNING and await store.is_alive(kept)
    except StoreDown:
        return False


class StoredReader(Reader):
    """A Reader of events that are read from the store."""

    def __init__(self, events: AsyncGenerator[list[StreamEvent], None]) -> None:
        self._events = events

    async def __anext__(self) -> list[StreamEvent]:
        try:
            return await anext(self._events)
        except StoreDown as error:
            raise unavailable() from error

    async def aclose(self) -> None:
        """See Reader."""
        await self._events.aclose()


class ReaderInTime(Reader):
    """A Reader with its caller's own deadline, of a drawing that goes on behind it.

    kept: the answer. recorder: that keeps it in this process, None for what is read from the store.
    """

    def __init__(self, reader: Reader, deadline: float, kept: Kept, recorder: Recorder | None = None) -> None:
        self._reader = reader
        self._deadline = deadline
        self._kept, self._recorder = kept, recorder

    async def __anext__(self) -> list[StreamEvent]:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await anext(self._reader)
        except TimeoutError as error:
            raise DeadlineExceeded(self._words()) from error

    def _words(self) -> str:
        words = "the deadline passed while the picture was being drawn; it is drawn to its end"
        request_id, recorder = self._kept.request_id, self._recorder
        # A request_id is written before anything is drawn.
        if recorder is not None and (recorder.failed or not (recorder.written or request_id)):
            return f"{words} and may be charged, but it may not be kept: allow more time"
        if not request_id:
            return f"{words} and kept: resume it (ResumeCompletion); that is not charged again"
        again = "or repeat the request with its request_id; neither is charged again"
        return f"{words} and kept: resume it (ResumeCompletion), {again}"

    async def aclose(self) -> None:
        """See Reader."""
        await self._reader.aclose()
