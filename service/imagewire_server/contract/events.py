"""A piece of a picture, or of other media, as an event that holds its bytes as they are.

It is no protobuf message until it is written.

protobuf copies bytes when they are put into a message, each time they are asked for, and when the message is
serialized. Pictures are nearly all that passes here, and this copies them once.
"""

from typing import cast

from imagewire_server.contract import pb


def image_chunk(candidate_index: int, part_index: int, offset: int, data: bytes) -> pb.Event:
    """An event with an ImageChunk. It knows of an event's: WhichOneof, sequence, image_chunk, SerializeToString."""
    return cast("pb.Event", _ChunkEvent("image_chunk", candidate_index, part_index, offset, data))


def media_chunk(candidate_index: int, part_index: int, offset: int, data: bytes) -> pb.Event:
    """An event with a MediaChunk. It knows of an event's: WhichOneof, sequence, media_chunk, SerializeToString."""
    return cast("pb.Event", _ChunkEvent("media_chunk", candidate_index, part_index, offset, data))


def serialized(event: pb.Event, more: list[pb.Event]) -> bytes:
    """An event on the wire, with others in its field `more`."""
    texts = [event.SerializeToString()]
    for other in more:
        text = other.SerializeToString()
        texts += _MORE, _varint(len(text)), text
    return b"".join(texts)


class _ChunkEvent:
    __slots__ = ("candidate_index", "data", "kind", "offset", "part_index", "sequence")

    def __init__(self, kind: str, candidate_index: int, part_index: int, offset: int, data: bytes) -> None:
        self.sequence = 0
        self.kind = kind
        self.candidate_index = candidate_index
        self.part_index = part_index
        self.offset = offset
        self.data = data

    @property
    def image_chunk(self) -> "_ChunkEvent":
        return self

    @property
    def media_chunk(self) -> "_ChunkEvent":
        return self

    def WhichOneof(self, _: str) -> str:  # noqa: N802  # protobuf's name
        return self.kind

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        outside = pb.Event(sequence=self.sequence).SerializeToString()
        inside = pb.ImageChunk(
            candidate_index=self.candidate_index, part_index=self.part_index, offset=self.offset
        ).SerializeToString()
        inside += _DATA + _varint(len(self.data))
        chunk = _IMAGE if self.kind == "image_chunk" else _MEDIA
        return b"".join((outside, chunk, _varint(len(inside) + len(self.data)), inside, self.data))


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def _tag(message: type[pb.ProtoMessage], field: str) -> bytes:
    """The tag of a field whose length is told before it: bytes or a message."""
    return _varint(message.DESCRIPTOR.fields_by_name[field].number << 3 | 2)


_MORE, _IMAGE, _MEDIA = _tag(pb.Event, "more"), _tag(pb.Event, "image_chunk"), _tag(pb.Event, "media_chunk")
# The same in both kinds of chunk, as all their fields are.
_DATA = _tag(pb.ImageChunk, "data")
