"""Events as few messages: all of them, in order, within the bound."""

import asyncio
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire._grpc.verify import unbatched
from imagewire_server.contract import pb
from imagewire_server.contract.errors import Stalled
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.call import Call
from imagewire_server.services.image_chunk import framed, serialized
from imagewire_server.services.stream_writer import StreamWriter, _without_last, batched
from tests.event_forms import message

_EVENTS = st.lists(
    st.one_of(st.just(None), st.integers(1, 40_000)),
    max_size=12,
)


def event(number: int, size: int | None) -> StreamEvent:
    """A text's event, or a picture's of a size."""
    if size is None:
        return pb.Event(sequence=number, text_delta=pb.TextDelta(text="x"))
    return Chunk("image_chunk", 0, 0, 0, b"x" * size, sequence=number)


@given(_EVENTS, st.integers(1, 50_000))
def test_batches_hold_every_event_within_the_bound(sizes: list[int | None], most: int) -> None:
    events = [event(number, size) for number, size in enumerate(sizes, 1)]
    messages = batched(events, most)
    for inside in messages:
        sizes_inside = [len(e.data) if isinstance(e, Chunk) else 0 for e in inside]
        assert len(inside) == 1 or sum(sizes_inside) <= max(most, sizes_inside[0])
    received = [pb.Event.FromString(serialized(inside[0], inside[1:])) for inside in messages]
    expected = [message(e) for e in events]
    assert [e for message in received for e in unbatched(message)] == expected


@given(
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**63 - 1),
    st.binary() | st.integers(0, 1 << 18).map(bytes),
)
def test_a_chunk_is_on_the_wire_what_protobuf_makes_of_it(
    candidate: int, part: int, offset: int, sequence: int, data: bytes
) -> None:
    fields: dict[str, Any] = {"candidate_index": candidate, "part_index": part, "offset": offset, "data": data}
    for made, expected in (
        (Chunk("image_chunk", **fields, sequence=sequence), pb.Event(sequence=sequence, image_chunk=fields)),
        (Chunk("media_chunk", **fields, sequence=sequence), pb.Event(sequence=sequence, media_chunk=fields)),
    ):
        assert message(made) == expected


@given(_EVENTS.filter(bool), st.integers(1, 50_000))
def test_frames_hold_the_same_bytes_within_the_bound(sizes: list[int | None], most: int) -> None:
    events = [event(number, size) for number, size in enumerate(sizes, 1)]
    made = framed(events, most)
    chunks = [e for e in made if not isinstance(e, pb.Event)]
    assert all(len(e.data) <= most for e in chunks)
    for number, size in enumerate(sizes, 1):
        mine = [e for e in chunks if e.sequence == number]
        assert b"".join(e.data for e in mine) == b"x" * (size or 0)
        assert [e.offset for e in mine] == list(range(0, size or 0, most))
    assert [e for e in made if isinstance(e, pb.Event)] == [e for e in events if isinstance(e, pb.Event)]
    joined = b"".join(message(e).image_chunk.data for e in made)
    assert joined == b"".join(message(e).image_chunk.data for e in events)


def test_what_is_small_is_one_message() -> None:
    assert len(batched([event(number, 500) for number in range(1, 10)], 1 << 18)) == 1


class _Slow:
    """A call whose first write waits until it is let go."""

    def __init__(self) -> None:
        self.begun, self.free = asyncio.Event(), asyncio.Event()
        self.written: list[pb.Event] = []

    async def write(self, message: bytes) -> None:
        self.begun.set()
        await self.free.wait()
        self.written.append(pb.Event.FromString(message))


async def test_a_streams_end_waits_for_a_heartbeat_that_is_under_way() -> None:
    call: Any = _Slow()
    counted = Call()
    async with StreamWriter(
        call, counted, nullcontext, heartbeat_interval=0.001, stall_timeout=60, max_frame_bytes=1 << 18, batch=True
    ) as writer:
        await call.begun.wait()
        ending = asyncio.create_task(writer.write([pb.Event(sequence=1, finished=pb.Finished())]))
        done, _ = await asyncio.wait([ending], timeout=0.05)
        assert not done, "gRPC takes one message at a time, and the last one comes with the status"
        call.free.set()
        await ending
        assert pb.Event.FromString(writer.last).HasField("finished")
    assert [event.HasField("heartbeat") for event in call.written] == [True]
    # The last message is counted by who sends it.
    assert counted.sent_bytes == len(call.written[0].SerializeToString()) > 0


async def test_a_heartbeat_that_nobody_reads_ends_the_stream_with_the_next_event() -> None:
    call: Any = _Slow()
    counted = Call()
    async with StreamWriter(
        call, counted, nullcontext, heartbeat_interval=0.001, stall_timeout=0.05, max_frame_bytes=1 << 18
    ) as writer:
        await call.begun.wait()
        with pytest.raises(Stalled):
            await writer.write([pb.Event(sequence=1, finished=pb.Finished())])


def test_an_end_that_is_large_is_not_kept_for_the_status() -> None:
    messages, last = _without_last([[event(1, 20_000), event(2, None)]])
    assert [[e.sequence for e in message] for message in messages] == [[1]]
    assert pb.Event.FromString(last).sequence == 2
