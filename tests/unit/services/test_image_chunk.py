"""Chunks that are written by hand are what protobuf would write, in frames of any size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk
from imagewire_server.services.image_chunk import Outgoing, file_bytes, framed, serialized

_CHUNKS = st.builds(
    Chunk,
    st.sampled_from(["image_chunk", "media_chunk"]),
    st.integers(0, 2**31 - 1),
    st.integers(0, 300),
    st.integers(0, 2**60),
    st.binary(max_size=300),
    st.integers(0, 2**60),
)


def expected(chunk: Chunk) -> pb.Event:
    """The message that a chunk stands for."""
    kind = pb.ImageChunk if chunk.kind == "image_chunk" else pb.MediaChunk
    inside = kind(
        candidate_index=chunk.candidate_index, part_index=chunk.part_index, offset=chunk.offset, data=chunk.data
    )
    return pb.Event(sequence=chunk.sequence, **{chunk.kind: inside})


@given(_CHUNKS)
def test_a_chunk_is_its_message(chunk: Chunk) -> None:
    assert pb.Event.FromString(serialized(chunk)) == expected(chunk)
    assert file_bytes(chunk) == len(chunk.data)


@given(st.lists(_CHUNKS, max_size=4))
def test_others_stand_in_the_field_more(chunks: list[Chunk]) -> None:
    first = pb.Event(sequence=7, text_delta=pb.TextDelta(text="é"))
    made = pb.Event.FromString(serialized(first, [*chunks, first]))
    assert list(made.more) == [*map(expected, chunks), first]
    made.ClearField("more")
    assert made == first


@given(_CHUNKS, st.integers(1, 400))
def test_frames_have_the_bytes_of_their_chunk_in_order(chunk: Chunk, most: int) -> None:
    frames = framed([chunk], most)
    messages = [pb.Event.FromString(serialized(frame)) for frame in frames]
    parts = [getattr(message, chunk.kind) for message in messages]
    assert b"".join(part.data for part in parts) == chunk.data
    at = chunk.offset
    for message, part, frame in zip(messages, parts, frames, strict=True):
        assert file_bytes(frame) == len(part.data) <= most
        assert (message.sequence, part.offset) == (chunk.sequence, at)
        assert (part.candidate_index, part.part_index) == (chunk.candidate_index, chunk.part_index)
        at += len(part.data)


def test_what_is_small_enough_stays_as_it_is() -> None:
    event = pb.Event(sequence=1, text_delta=pb.TextDelta(text="x" * 100))
    small, large = Chunk("image_chunk", 0, 1, 0, b"ab"), Chunk("image_chunk", 0, 1, 2, b"cdefg")
    events: list[Outgoing] = [event, small]
    assert framed([event, small], 2) == events
    made = framed([event, small, large], 2)
    assert list(made[:2]) == events
    assert [file_bytes(one) for one in made] == [0, 2, 2, 2, 1]


@pytest.mark.parametrize("size", [0, 127, 128, 16_383, 16_384, 2_097_152])
def test_lengths_at_the_borders_of_a_varint(size: int) -> None:
    chunk = Chunk("image_chunk", 0, 0, 0, bytes(size))
    assert pb.Event.FromString(serialized(chunk)) == expected(chunk)
