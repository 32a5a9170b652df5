"""What all readers of completions have in common."""

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.events import StreamEvent
from imagewire_server.core.reader import Reader


class Twice(Reader):
    """A Reader of two lists of events."""

    def __init__(self) -> None:
        self.left = 2
        self.closed = 0

    async def __anext__(self) -> list[StreamEvent]:
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return [pb.Event(sequence=2 - self.left)]

    async def aclose(self) -> None:
        self.closed += 1


async def test_a_reader_is_read_by_a_loop_and_left_with_its_block() -> None:
    made = Twice()
    async with made as reader:
        assert reader is made
        assert [event.sequence async for events in reader for event in events] == [1, 2]
        assert made.closed == 0
    assert made.closed == 1


async def test_a_reader_is_left_when_its_block_fails() -> None:
    made = Twice()
    with pytest.raises(ValueError, match="mine"):
        async with made:
            raise ValueError("mine")
    assert (made.left, made.closed) == (2, 1)
