"""Stream messages in protobuf's wire format. Chunks are written by hand, so that their bytes are copied once."""

from collections.abc import Sequence
from dataclasses import dataclass

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk, StreamEvent


@dataclass(slots=True)
class Frame:
    """Some of a chunk that goes out as a chunk of its own. data: a view, so that it is copied only when it is written.

    Each reader has a frame size of its own, so chunks are cut here and not where they are numbered and kept.
    """

    kind: str
    candidate_index: int
    part_index: int
    offset: int
    data: memoryview
    sequence: int


Outgoing = StreamEvent | Frame


def file_bytes(event: Outgoing) -> int:
    """How many bytes of a picture or of other media an event holds."""
    return 0 if isinstance(event, pb.Event) else len(event.data)


def framed(events: Sequence[StreamEvent], most: int) -> Sequence[Outgoing]:
    """The same events; of chunks with more than so many bytes their frames."""
    if not any(isinstance(event, Chunk) and len(event.data) > most for event in events):
        return events
    made: list[Outgoing] = []
    for event in events:
        if isinstance(event, Chunk) and len(event.data) > most:
            made += _frames(event, most)
        else:
            made.append(event)
    return made


def _frames(chunk: Chunk, most: int) -> list[Frame]:
    data = memoryview(chunk.data)
    return [
        Frame(
            chunk.kind,
            chunk.candidate_index,
            chunk.part_index,
            chunk.offset + at,
            data[at : at + most],
            chunk.sequence,
        )
        for at in range(0, len(data), most)
    ]


def serialized(event: Outgoing, more: Sequence[Outgoing] = ()) -> bytes:
    """An event on the wire, with others in its field `more`."""
    made: list[bytes | memoryview] = _fields(event)
    for other in more:
        text = b"".join(_fields(other))
        made += _MORE, _varint(len(text)), text
    return b"".join(made)


def resumed(event: bytes) -> bytes:
    """A serialized event as a message of ResumeCompletion."""
    return b"".join((_RESUMED, _varint(len(event)), event))


def _fields(event: Outgoing) -> list[bytes | memoryview]:
    if isinstance(event, pb.Event):
        return [event.SerializeToString()]
    outside = pb.Event(sequence=event.sequence).SerializeToString()
    inside = pb.ImageChunk(
        candidate_index=event.candidate_index, part_index=event.part_index, offset=event.offset
    ).SerializeToString()
    inside += _DATA + _varint(len(event.data))
    tag = _IMAGE if event.kind == "image_chunk" else _MEDIA
    return [outside, tag, _varint(len(inside) + len(event.data)), inside, event.data]


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def _tag(message: type[pb.ProtoMessage], field: str) -> bytes:
    """The tag of a field whose length stands before it: bytes or a message."""
    return _varint(message.DESCRIPTOR.fields_by_name[field].number << 3 | 2)


_RESUMED = _tag(pb.ResumeCompletionResponse, "event")
_MORE, _IMAGE, _MEDIA = _tag(pb.Event, "more"), _tag(pb.Event, "image_chunk"), _tag(pb.Event, "media_chunk")
# The same in both kinds of chunk, as all their fields are.
_DATA = _tag(pb.ImageChunk, "data")
