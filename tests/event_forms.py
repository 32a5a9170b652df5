"""Events in their two forms: as the wire has them, and as they pass inside the server."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.services.image_chunk import Outgoing, serialized

_KINDS: tuple[Literal["image_chunk", "media_chunk"], ...] = ("image_chunk", "media_chunk")


def message(event: Outgoing) -> pb.Event:
    """The event as a message, by way of the wire."""
    return pb.Event.FromString(serialized(event))


def internal(event: pb.Event) -> StreamEvent:
    """The event as a provider yields it."""
    for kind in _KINDS:
        if event.HasField(kind):
            chunk = getattr(event, kind)
            return Chunk(
                kind, chunk.candidate_index, chunk.part_index, chunk.offset, chunk.data, sequence=event.sequence
            )
    return event


def kind_of(event: StreamEvent) -> str:
    """The name of what it holds."""
    return event.kind if isinstance(event, Chunk) else str(event.WhichOneof("event"))


def cut(events: Iterable[StreamEvent], most: int) -> list[StreamEvent]:
    """The same events, with chunks of at most so many bytes."""
    made: list[StreamEvent] = []
    for event in events:
        if isinstance(event, Chunk):
            made += (
                replace(event, offset=event.offset + at, data=event.data[at : at + most])
                for at in range(0, len(event.data), most)
            )
        else:
            made.append(event)
    return made


def all_internal(events: Iterable[pb.Event]) -> list[StreamEvent]:
    """Each as a provider yields it."""
    return [internal(event) for event in events]
