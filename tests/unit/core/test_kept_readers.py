"""Readers of what is kept: their errors are the contract's."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import DeadlineExceeded
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.keep_errors import StoreUnavailable
from imagewire_server.core.kept_readers import ReaderInTime, StoredReader
from imagewire_server.core.store.store import StoreDown

EVENT = pb.Event(sequence=1)


async def source(error: Exception | None = None, *, stays: bool = False) -> AsyncGenerator[list[StreamEvent], None]:
    yield [EVENT]
    if stays:
        await asyncio.Event().wait()
    if error is not None:
        raise error


async def test_events_pass() -> None:
    async with StoredReader(source()) as reader:
        assert [events async for events in reader] == [[EVENT]]
    in_time = ReaderInTime(StoredReader(source()), asyncio.get_running_loop().time() + 60)
    async with in_time as reader:
        assert [events async for events in reader] == [[EVENT]]


async def test_a_store_that_fails_on_the_way() -> None:
    async with StoredReader(source(StoreDown("disk"))) as reader:
        await anext(reader)
        with pytest.raises(StoreUnavailable):
            await anext(reader)


async def test_a_deadline() -> None:
    reader = ReaderInTime(StoredReader(source(stays=True)), asyncio.get_running_loop().time() + 0.05)
    await anext(reader)
    with pytest.raises(DeadlineExceeded, match="neither is charged again"):
        await anext(reader)
    await reader.aclose()


async def test_leaving_ends_the_reading() -> None:
    events = source()
    reader = StoredReader(events)
    await anext(reader)
    await reader.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(events)
