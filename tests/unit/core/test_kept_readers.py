"""Readers of what is kept: their errors are the contract's."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import DeadlineExceeded
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.keep_errors import StoreUnavailable
from imagewire_server.core.kept_readers import ReaderInTime, StoredReader, check_time, is_drawn
from imagewire_server.core.store.store import StoreDown
from tests.unit.core.store.local.stores import ID, LARGE, events, kept, opened

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
    in_time = ReaderInTime(StoredReader(source()), asyncio.get_running_loop().time() + 60, kept())
    async with in_time as reader:
        assert [events async for events in reader] == [[EVENT]]


async def test_what_nobody_waits_for_is_not_begun() -> None:
    now = asyncio.get_running_loop().time()
    check_time(None)
    check_time(now + 60)
    with pytest.raises(DeadlineExceeded) as raised:
        check_time(now)
    assert "charged" in str(raised.value)


async def test_whether_an_answer_is_being_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path / "a") as store, opened(tmp_path / "a") as other:
        assert not await is_drawn(store, "me", "cmpl-1")
        recorder = store.record(kept())
        for batch in events(LARGE)[:3]:
            recorder.add(batch)
        recorder.let_go()
        await store.flush()
        assert await is_drawn(other, "me", "cmpl-1")
        assert not await is_drawn(other, "you", "cmpl-1")
        recorder.end(None, free=False)
        await store.flush()
        assert not await is_drawn(other, "me", "cmpl-1")

        async def fail(*_: object, **__: object) -> None:
            raise StoreDown("disk")

        monkeypatch.setattr(other, "find", fail)
        assert not await is_drawn(other, "me", "cmpl-1")


async def test_a_store_that_fails_on_the_way() -> None:
    async with StoredReader(source(StoreDown("disk"))) as reader:
        await anext(reader)
        with pytest.raises(StoreUnavailable):
            await anext(reader)


RESUME = r"resume it by its completion_id \(ResumeCompletion\)"
KEPT = rf"it is drawn to its end and kept: {RESUME}"
MAYBE = rf"but it may not be kept: {RESUME}, which charges nothing; allow more time$"
LOST = "but it may not be kept: allow more time$"


@pytest.mark.parametrize(
    ("request_id", "failed", "written", "words"),
    [
        ("", None, 0, rf"{KEPT}; that is not charged again$"),  # it is read from the store
        (ID, None, 0, rf"{KEPT} or repeat the request with its request_id; that is not charged again$"),
        ("", False, 1, rf"{KEPT}; that is not charged again$"),
        (ID, False, 0, rf"{KEPT} or repeat the request with its request_id"),
        ("", False, 0, MAYBE),
        ("", True, 1, LOST),
        (ID, True, 1, LOST),
    ],
)
async def test_a_deadline_promises_what_is_so(request_id: str, failed: bool | None, written: int, words: str) -> None:
    recorder: Any = None if failed is None else SimpleNamespace(failed=failed, written=written)
    given = kept(request_id=request_id)
    soon = asyncio.get_running_loop().time() + 0.05
    reader = ReaderInTime(StoredReader(source(stays=True)), soon, given, recorder)
    await anext(reader)
    with pytest.raises(DeadlineExceeded, match=words) as caught:
        await anext(reader)
    assert caught.value.charged
    assert caught.value.metadata.get("completion_id") == (None if failed else given.completion_id)
    await reader.aclose()


async def test_leaving_ends_the_reading() -> None:
    events = source()
    reader = StoredReader(events)
    await anext(reader)
    await reader.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(events)
