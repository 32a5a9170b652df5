"""An answer whose pictures go by URL, until it is known whether the store has them: if not, they are inside it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

from imagewire_server.api.rest.image_buffers import ImageBuffers
from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.formats.openai.common.delivery import Delivery
from imagewire_server.formats.openai.common.encoder import Key, key_of


class HeldAnswer:
    """Its events, and the bytes of its files. Close `buffers` in the end.

    image_ids: of its pictures, as far as they have ended.
    """

    def __init__(self, delivery: Delivery) -> None:
        self.buffers = ImageBuffers(everything=True)
        self.image_ids: list[str] = []
        self._delivery = delivery
        self._events: list[pb.Event] = []
        self._ends = False
        self._chunks: dict[Key, Chunk] = {}  # the first of each file, without its bytes

    async def take(self, events: list[StreamEvent]) -> None:
        """Hold the next events."""
        for event in events:
            if isinstance(event, Chunk):
                if key_of(event) not in self._chunks:
                    self._chunks[key_of(event)] = replace(event, data=b"")
                await self.buffers.take(event)
            else:
                self._events.append(event)
                self._note(event)

    def split(self, events: list[StreamEvent]) -> tuple[list[StreamEvent], list[StreamEvent]]:
        """What can be sent at once, and what must wait until it is known whether the answer is kept: how it ended."""
        for at, event in enumerate(events):
            if isinstance(event, pb.Event):
                self._note(event)
                self._ends = self._ends or event.HasField("candidate_finished") or event.HasField("finished")
            if self._ends:
                return events[:at], events[at:]
        return events, []

    def _note(self, event: pb.Event) -> None:
        if event.HasField("part_finished") and event.part_finished.image.image_id:
            self.image_ids.append(event.part_finished.image.image_id)

    def events(self) -> Iterator[pb.Event]:
        """The events from the start; the bytes of the files are in `buffers`."""
        return map(self._delivery.told, self._events)

    async def again(self) -> AsyncIterator[list[StreamEvent]]:
        """The events from the start, with the bytes of each file in front of its end."""
        for event in self.events():
            if event.HasField("part_finished") and (first := self._chunks.get(key_of(event.part_finished))) is not None:
                offset = 0
                async for data in self.buffers.pieces(key_of(first)):
                    yield [replace(first, offset=offset, data=data)]
                    offset += len(data)
            yield [event]
