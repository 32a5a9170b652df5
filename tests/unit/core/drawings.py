"""Drawings for tests of completions: a scripted source, and what its readers must see."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.completion import Completion
from imagewire_server.core.event_buffer import BufferBudget, EventBuffer
from imagewire_server.core.numbering import Numbering
from imagewire_server.core.reader import Reader
from tests.event_forms import message

ENOUGH = 1 << 30
PICTURE = bytes(range(256)) * 40


def batches(picture: bytes = PICTURE, size: int = 1000) -> list[list[StreamEvent]]:
    """A drawing: a text, a picture in chunks, and the ends."""
    kinds = pb.PartKind
    chunks = [Chunk("image_chunk", 0, 1, at, picture[at : at + size]) for at in range(0, len(picture), size)]
    return [
        [pb.Event(started=pb.Started(completion_id="c"))],
        [
            pb.Event(part_started=pb.PartStarted(kind=kinds.PART_KIND_TEXT)),
            pb.Event(text_delta=pb.TextDelta(text="Here")),
            pb.Event(part_finished=pb.PartFinished()),
        ],
        [pb.Event(part_started=pb.PartStarted(part_index=1, kind=kinds.PART_KIND_IMAGE)), chunks[0]],
        *([chunk] for chunk in chunks[1:]),
        [pb.Event(part_finished=pb.PartFinished(part_index=1, image=pb.Image(size_bytes=len(picture))))],
        [pb.Event(candidate_finished=pb.CandidateFinished()), pb.Event(finished=pb.Finished())],
    ]


class Scripted:
    """A Source. error: raised at the end. gate: what each list of events waits for."""

    def __init__(self, events: list[list[StreamEvent]], error: Exception | None = None) -> None:
        self._batches = events
        self._error = error
        self.gates: list[asyncio.Event] = []
        self.pulled = 0
        self.closed = False
        self.numbered: list[StreamEvent] = []

    def hold(self, number: int) -> asyncio.Event:
        """From the list with this number on nothing comes before the event is set."""
        self.gates = [asyncio.Event() for _ in self._batches]
        for gate in self.gates[:number] + self.gates[number + 1 :]:
            gate.set()
        return self.gates[number]

    async def __call__(self, numbering: Numbering) -> AsyncGenerator[list[StreamEvent], None]:
        try:
            for number, events in enumerate(self._batches):
                await asyncio.sleep(0)
                if self.gates:
                    await self.gates[number].wait()
                self.pulled += 1
                made = [replace(event) if isinstance(event, Chunk) else copy(event) for event in events]
                for event in made:
                    numbering.number_chunk(event) if isinstance(event, Chunk) else numbering.number(event)
                self.numbered += made
                yield made
            if self._error is not None:
                raise self._error
        finally:
            self.closed = True


def copy(event: pb.Event) -> pb.Event:
    made = pb.Event()
    made.CopyFrom(event)
    return made


def kept(source: Scripted, most: int = ENOUGH, budget: BufferBudget | None = None, **more: Any) -> Completion:
    """A completion with a buffer."""
    return Completion(source, buffer=EventBuffer(most, budget or BufferBudget(ENOUGH)), **more)


async def read(reader: Reader) -> list[StreamEvent]:
    """All that a reader gets; it leaves then."""
    async with reader:
        return [event async for events in reader for event in events]


def joined(events: list[StreamEvent]) -> list[StreamEvent]:
    """Neighbouring chunks of a picture as one."""
    found: list[StreamEvent] = []
    for event in events:
        before = found[-1] if found else None
        if isinstance(event, Chunk) and isinstance(before, Chunk) and event.offset == before.offset + len(before.data):
            found[-1] = replace(before, data=before.data + event.data)
        else:
            found.append(event)
    return found


def wire(events: list[StreamEvent]) -> list[bytes]:
    """Each event as bytes; neighbouring chunks as one, since no reader's cut is another's."""
    return [message(event).SerializeToString(deterministic=True) for event in joined(events)]


async def reference() -> list[StreamEvent]:
    return await read(Completion(Scripted(batches())).attach(hashes=True))


async def settle() -> None:
    """Let every task do what it can without being woken from outside."""
    for _ in range(50):
        await asyncio.sleep(0)
