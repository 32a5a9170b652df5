"""A reader of a completion that has a task of its own (`feed.py`)."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.reader import Reader

if TYPE_CHECKING:
    from imagewire_server.core.feed import Feed


class BufferedReader(Reader):
    """A completion's Reader. position: of the next event. head: what comes in front of it, cut for this reader.

    sequence, offset: of what it has read. A reader whose next events are no longer in memory has them from the store.
    """

    def __init__(self, feed: "Feed", position: int, head: list[StreamEvent]) -> None:
        self._feed = feed
        self._head = head
        self._news: asyncio.Future[None] | None = None
        self._has_left = False
        self._stored: AsyncGenerator[list[StreamEvent], None] | None = None
        self.position = position
        self.sequence = self.offset = 0

    @property
    def waits(self) -> bool:
        """Whether it has read all there is, and waits for more."""
        return self._news is not None and not self._news.done()

    def wake(self) -> None:
        """There is more, or there never will be."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def __anext__(self) -> list[StreamEvent]:
        if self._news is not None:
            raise RuntimeError("this reader already waits for events: read a completion twice by attaching twice")
        if self._has_left:
            raise StopAsyncIteration
        if self._head:
            head, self._head = self._head, []
            return self._noted(head)
        if self._stored is None and self._feed.lacks(self.position):
            self._stored = self._feed.reread(self.sequence, self.offset)
        if self._stored is not None:
            return await self._next_stored(self._stored)
        while (events := self._feed.read(self.position)) is None:
            self._news = asyncio.get_running_loop().create_future()
            self._feed.wake()
            try:
                await self._news
            finally:
                self._news = None
            if self._has_left:
                raise StopAsyncIteration
        if not events:  # they were dropped in the meantime
            return await self.__anext__()
        self.position += len(events)
        self._feed.wake()
        return self._noted(events)

    async def _next_stored(self, stored: AsyncGenerator[list[StreamEvent], None]) -> list[StreamEvent]:
        """The next events from the store; from memory again as soon as they are there."""
        found = self._feed.find(self.sequence, self.offset)
        if found is not None:
            self._stored = None
            await stored.aclose()
            self.position, self._head = found
            return await self.__anext__()
        return self._noted(await anext(stored))

    def _noted(self, events: list[StreamEvent]) -> list[StreamEvent]:
        last = events[-1]
        self.sequence = last.sequence
        self.offset = last.offset + len(last.data) if isinstance(last, Chunk) else 0
        return events

    async def aclose(self) -> None:
        """See Reader."""
        self._has_left = True
        if self._stored is not None:
            await self._stored.aclose()
        await self._feed.leave(self)
