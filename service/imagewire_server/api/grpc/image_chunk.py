"""Stream messages in protobuf's wire format. Chunks are written by hand, so that their bytes are copied once."""

from collections.abc import Sequence

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk, StreamEvent


def serialized(event: StreamEvent, more: Sequence[StreamEvent] = ()) -> bytes:
    """An event on the wire, with others in its field `more`."""
    made = _fields(event)
    for other in more:
        text = b"".join(_fields(other))
        made += _MORE, _varint(len(text)), text
    return b"".join(made)


def _fields(event: StreamEvent) -> list[bytes]:
    if not isinstance(event, Chunk):
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


_MORE, _IMAGE, _MEDIA = _tag(pb.Event, "more"), _tag(pb.Event, "image_chunk"), _tag(pb.Event, "media_chunk")
# The same in both kinds of chunk, as all their fields are.
_DATA = _tag(pb.ImageChunk, "data")
