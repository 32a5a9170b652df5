"""Reads an answer that is sent again from the answer cache, and sees to it that a damaged one is not found again."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog

from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.contract.keep_errors import AnswerNotKept, damaged
from imagewire_server.core.fault_log import describe
from imagewire_server.core.keeping import settled
from imagewire_server.core.reader import Reader
from imagewire_server.core.store import cached_answer
from imagewire_server.core.store.records import Kept
from imagewire_server.core.store.store import Store, StoreDown

_log = structlog.get_logger("imagewire.keep")


class CachedReader(Reader):
    """A Reader of an answer of the store. key: by which the cache found it. Call `begin` first."""

    def __init__(self, store: Store, kept: Kept, key: bytes) -> None:
        self._store, self._kept, self._key = store, kept, key
        self._has_request_id = False
        self._first: list[list[StreamEvent]] = []
        self._events = self._checked()

    async def begin(self, *, whole: bool) -> bool:
        """Read up to the first bytes of a picture, or to the end. Returns whether it is there.

        whole: read and check all of it before, for a caller that gets nothing until it has all; nothing of it is held.
        """
        try:
            if whole:
                async with aclosing(self._checked()) as checked:
                    async for _ in checked:
                        pass
            async for events in self._events:
                self._first.append(events)
                if any(isinstance(event, Chunk) or event.HasField("finished") for event in events):
                    return True
        except asyncio.CancelledError:
            await self.aclose()
            raise
        except AnswerNotKept:
            pass  # whatever is damaged, another one is drawn
        return False

    async def answer(self, kept: Kept) -> None:
        """Let it be the answer of a request, where that has claimed a request_id."""
        if kept.request_id:
            self._has_request_id = True
            recorder = self._store.record(kept)
            recorder.end(None, free=False, answer=self._kept.completion_id)
            try:
                await settled(recorder)
            except asyncio.CancelledError:
                await self.aclose()
                raise

    async def __anext__(self) -> list[StreamEvent]:
        return self._first.pop(0) if self._first else await anext(self._events)

    async def aclose(self) -> None:
        """See Reader."""
        await self._events.aclose()

    async def _checked(self) -> AsyncGenerator[list[StreamEvent], None]:
        """The events, marked. What cannot be read to its end is not found again. Raises AnswerNotKept."""
        try:
            async with aclosing(self._store.read(self._kept, 0, 0)) as stored:
                async for events in stored:
                    yield cached_answer.mark(events)
        except Exception as error:
            _log.warning("a cached answer cannot be read: the next such request is drawn", **describe(error))
            with contextlib.suppress(StoreDown):
                await self._store.forget_cached(self._kept.caller, self._key)
            raise damaged(self._kept.completion_id, has_request_id=self._has_request_id) from error
