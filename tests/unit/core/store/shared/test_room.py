"""The bytes of an answer in a shared store count in steps, before they are written."""

from typing import Any

import pytest

from imagewire_server.core.store.records import Kept
from imagewire_server.core.store.shared.room import Room
from imagewire_server.core.store.store import AHEAD, NoRoom
from tests.unit.core.store.local.stores import kept


class Counting:
    """A store that has room for `most` bytes of all."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.counted: list[int] = []

    async def count(self, _: Kept, size: int) -> bool:
        self.counted.append(size)
        return size <= 8 * AHEAD


def room(store: Any) -> Room:
    return Room(store, kept())


async def test_a_small_answer_counts_when_it_ends() -> None:
    store = Counting(1 << 30)
    await room(store).reserve(64 * 1024)
    assert store.counted == []


async def test_a_large_one_counts_a_step_ahead() -> None:
    store = Counting(1 << 30)
    made = room(store)
    for _ in range(40):
        await made.reserve(100_000)
        made.size += 100_000
    assert len(store.counted) == 4
    assert made.size <= store.counted[-1] <= made.size + AHEAD


async def test_what_does_not_fit_is_not_counted_as_written() -> None:
    store = Counting(1 << 30)
    with pytest.raises(NoRoom, match="not finished are larger"):
        await room(store).reserve(8 * AHEAD)
    with pytest.raises(NoRoom, match="an answer is larger"):
        await room(store).reserve(store.most + 1)


async def test_what_finds_no_room_counts_no_more() -> None:
    store = Counting(1 << 30)
    made = room(store)
    await made.reserve(100_000)
    made.size += 100_000
    with pytest.raises(NoRoom):
        await made.reserve(8 * AHEAD)
    assert store.counted[-1] == made.size, "others find this room"
    await made.reserve(1)
    assert store.counted[-1] == made.size + 1 + AHEAD
