"""Events as few messages: all of them, in order, within the bound."""

from hypothesis import given
from hypothesis import strategies as st

from imagewire._assemble import unbatched
from imagewire_server.contract import pb
from imagewire_server.edges.grpc_api.writer import batched

_EVENTS = st.lists(
    st.one_of(st.just(None), st.integers(1, 40_000)),
    max_size=12,
)


def event(number: int, size: int | None) -> pb.Event:
    """A text's event, or a picture's of a size."""
    if size is None:
        return pb.Event(sequence=number, text_delta=pb.TextDelta(text="x"))
    return pb.Event(sequence=number, image_chunk=pb.ImageChunk(data=b"x" * size))


@given(_EVENTS, st.integers(1, 50_000))
def test_batches_hold_every_event_within_the_bound(sizes: list[int | None], most: int) -> None:
    events = [event(number, size) for number, size in enumerate(sizes, 1)]
    expected = [event(number, size) for number, size in enumerate(sizes, 1)]
    messages = list(batched(events, most))
    for message in messages:
        inside = [message, *message.more]
        assert len(inside) == 1 or sum(len(e.image_chunk.data) for e in inside) <= max(
            most, len(message.image_chunk.data)
        )
    assert [e for message in messages for e in unbatched(message)] == expected


def test_what_is_small_is_one_message() -> None:
    assert len(list(batched([event(number, 500) for number in range(1, 10)], 1 << 18))) == 1
