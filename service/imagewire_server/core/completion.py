"""One drawing and its readers: its events are numbered once, and a reader attaches at a sequence number and leaves.

Without a buffer there is one reader, and it pulls: its own task runs the upstream call, so a slow reader slows the
upstream, and nothing is queued or kept. No second reader can join later: what was read is gone, and a pull that is
under way is bound to the task that runs it, by its time-outs and by the cancellation of that task.

With a buffer a task of the completion's own pulls (`feed.py`).
"""

from collections.abc import AsyncGenerator, Awaitable, Callable

from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import StreamEvent
from imagewire_server.core.event_buffer import EventBuffer, EventsNotKept
from imagewire_server.core.feed import Feed, OnDisconnect
from imagewire_server.core.keeping import Keeping
from imagewire_server.core.numbering import Numbering
from imagewire_server.core.reader import Reader

# Draws: the events, each numbered before it is yielded; those that arrived together are one list. Closing the generator
# ends the upstream call.
Source = Callable[[Numbering], AsyncGenerator[list[StreamEvent], None]]


class Completion:
    """One drawing. buffer: where its events are kept. Without one it has one reader, and ends with it.

    keeping: what keeps its events beyond the buffer.
    """

    __slots__ = ("_feed", "_numbering", "_source")

    def __init__(
        self,
        source: Source,
        *,
        buffer: EventBuffer | None = None,
        on_disconnect: OnDisconnect = OnDisconnect.CANCEL,
        keeping: Keeping | None = None,
    ) -> None:
        if buffer is None and on_disconnect is not OnDisconnect.CANCEL:
            raise ValueError("what goes on without its reader needs a buffer")
        self._numbering = Numbering(keeping.image_id if keeping is not None and not keeping.recorder.failed else None)
        self._source: Source | None = source
        self._feed: Feed | None = None
        if buffer is not None:
            # A later reader may need them.
            self._numbering.hash_files()
            self._source = None
            self._feed = Feed(source(self._numbering), self._numbering, buffer, on_disconnect, keeping)

    def attach(self, after_sequence: int = 0, offset: int = 0, *, hashes: bool) -> Reader:
        """A reader of the events after a sequence. offset: how many bytes it has of the file which that event began.

        hashes: whether the reader needs the sha256 of pictures and media. It is a third of the work on a large picture,
        so it is left out where the only reader does not need it; with a buffer it is always made. Raises EventsNotKept,
        and InvalidRequest for a position that there is not.
        """
        if self._feed is not None:
            return self._feed.attach(after_sequence, offset)
        source, self._source = self._source, None
        if source is None or after_sequence or offset:
            raise EventsNotKept("is of an answer whose events are not kept; draw again")
        if hashes:
            self._numbering.hash_files()
        return _PullingReader(source(self._numbering))

    @property
    def is_read(self) -> bool:
        """Whether a reader is attached, or may be: without a buffer nobody knows."""
        return self._feed is None or self._feed.is_read

    async def aclose(self, reason: Error | None = None) -> None:
        """End a drawing with a buffer, and drop what is in memory. A reader that is still attached gets the reason."""
        if self._feed is not None:
            await self._feed.aclose(reason)


class _PullingReader(Reader):
    """The only reader of a completion without a buffer: it runs the upstream call itself."""

    __slots__ = ("_source",)

    def __init__(self, source: AsyncGenerator[list[StreamEvent], None]) -> None:
        self._source = source

    def __anext__(self) -> Awaitable[list[StreamEvent]]:
        return self._source.__anext__()

    async def aclose(self) -> None:
        await self._source.aclose()
