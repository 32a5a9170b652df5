"""The events of one completion that are kept for its readers, bounded in bytes for it and for the process."""

from dataclasses import replace
from typing import TYPE_CHECKING

from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.events import Chunk, StreamEvent

if TYPE_CHECKING:
    from collections.abc import Callable

# What Python needs beside an event's own bytes.
_OVERHEAD = 256
# The most bytes that a reader gets at once: what it has been given counts as read, and may be dropped here.
_PORTION = 256 * 1024


class EventsNotKept(InvalidRequest):
    """A reader asks for events that are dropped, or of a completion that keeps none."""

    def __init__(self, description: str) -> None:
        super().__init__([Violation("after_sequence", description)])


class BufferBudget:
    """What the buffers of all completions may hold together. One object for the process.

    waiting: called when there is room again.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.used = 0
        self.waiting: set[Callable[[], None]] = set()

    def count(self, size: int) -> None:
        """Add so many bytes, or give them back."""
        was_full = self.used >= self.max_bytes
        self.used += size
        if was_full and self.used < self.max_bytes:
            for call in tuple(self.waiting):
                call()


class EventBuffer:
    """Events by their position, 0 for the completion's first. start, end: of what is kept. max_bytes: of this buffer.

    Both bounds may be passed by what arrives at once, as long as a reader waits for it.
    """

    def __init__(self, max_bytes: int, budget: BufferBudget) -> None:
        self._max_bytes = max_bytes
        self.budget = budget
        self._events: dict[int, StreamEvent] = {}
        self._sizes: dict[int, int] = {}
        self.used = 0
        self.start = 0
        self.end = 0
        self._dropped = 0, 0  # the sequence of the last dropped event, and where its bytes ended, if it was a chunk

    @property
    def is_full(self) -> bool:
        """Whether a bound is met."""
        return self.used >= self._max_bytes or self.budget.used >= self.budget.max_bytes

    def add(self, events: list[StreamEvent]) -> None:
        """Keep what has arrived."""
        size = 0
        for event in events:
            self._events[self.end] = event
            self._sizes[self.end] = own = _size(event)
            self.end += 1
            size += own
        self._count(size)

    def trim(self, needed: int) -> None:
        """Drop the oldest events in front of position `needed`, as many as the bounds ask."""
        while self.start < needed and self.is_full:
            self._drop()

    def drop(self, needed: int) -> None:
        """Drop all events in front of position `needed`: they are kept elsewhere."""
        while self.start < needed:
            self._drop()

    def _drop(self) -> None:
        event = self._events.pop(self.start)
        self._count(-self._sizes.pop(self.start))
        self.start += 1
        self._dropped = event.sequence, _end(event)

    def clear(self) -> None:
        """Drop everything; there are no readers any more."""
        self.drop(self.end)

    def read(self, position: int) -> list[StreamEvent]:
        """The events from a position on, not many bytes at once."""
        found: list[StreamEvent] = []
        size = 0
        while position < self.end and size < _PORTION:
            found.append(self._events[position])
            size += self._sizes[position]
            position += 1
        return found

    def find(self, after_sequence: int, offset: int) -> tuple[int, list[StreamEvent]]:
        """Where a reader goes on that has the events up to a sequence, and `offset` bytes of the file it began.

        Returns the position, and what of the chunk in front of it the reader lacks. Raises EventsNotKept where some of
        it is dropped, and InvalidRequest where there are not so many bytes.
        """
        sequence, arrived = self._dropped
        if sequence > after_sequence or (sequence == after_sequence and arrived > offset):
            raise EventsNotKept("names an event after which some are no longer kept; draw again")
        arrived = arrived if sequence == after_sequence else 0
        position = self.start
        while position < self.end and self._events[position].sequence <= after_sequence:
            event = self._events[position]
            position += 1
            if event.sequence == after_sequence and isinstance(event, Chunk):
                arrived = _end(event)
                if arrived > offset:
                    return position, [_from(event, offset)]
        if offset > arrived:
            words = f"is beyond the {arrived} bytes that event {after_sequence} began; send how many have arrived"
            raise InvalidRequest([Violation("offset", words)])
        return position, []

    def _count(self, size: int) -> None:
        self.used += size
        self.budget.count(size)


def _size(event: StreamEvent) -> int:
    return _OVERHEAD + (len(event.data) if isinstance(event, Chunk) else event.ByteSize())


def _end(event: StreamEvent) -> int:
    return event.offset + len(event.data) if isinstance(event, Chunk) else 0


def _from(chunk: Chunk, offset: int) -> Chunk:
    """A chunk without the bytes in front of an offset."""
    if offset <= chunk.offset:
        return chunk
    return replace(chunk, offset=offset, data=chunk.data[offset - chunk.offset :])
