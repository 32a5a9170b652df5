"""Readers of answers that are kept, and of those that go on without their caller."""

import asyncio
from collections.abc import AsyncGenerator

from imagewire_server.contract.errors import DeadlineExceeded
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.keep_errors import DrawnOn, unavailable
from imagewire_server.core.reader import Reader
from imagewire_server.core.store.records import Kept, State
from imagewire_server.core.store.store import Recorder, Store, StoreDown


def check_time(deadline: float | None) -> None:
    """Raise DeadlineExceeded where the caller's deadline has passed: what nobody waits for any more is not begun.

    deadline: on the event loop's clock.
    """
    if deadline is not None and asyncio.get_running_loop().time() >= deadline:
        raise DeadlineExceeded.for_free()


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
            raise self._late() from error

    def _late(self) -> DeadlineExceeded:
        request_id, recorder = self._kept.request_id, self._recorder
        if recorder is not None and recorder.failed:
            return DeadlineExceeded(
                "the deadline passed while the picture was being drawn; it is drawn to its end and may be charged, but"
                " it may not be kept: allow more time"
            )
        # A request_id is written before anything is drawn.
        is_kept = recorder is None or bool(recorder.written or request_id)
        return DrawnOn(self._kept.completion_id, has_request_id=bool(request_id), is_kept=is_kept)

    async def aclose(self) -> None:
        """See Reader."""
        await self._reader.aclose()
