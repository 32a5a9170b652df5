"""A request_id is taken in the store, and given back where nothing is drawn under it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.keep_errors import StoreUnavailable
from imagewire_server.core import claiming
from imagewire_server.core.store.records import Kept
from imagewire_server.core.store.store import StoreDown
from tests.unit.core.store.local.stores import ID, kept, opened


async def test_it_is_taken_once_until_it_is_given_back(tmp_path: Path) -> None:
    first, second = kept("cmpl-1", request_id=ID), kept("cmpl-2", request_id=ID)
    async with opened(tmp_path) as store:
        assert await claiming.claim(store, first) is None
        found = await claiming.claim(store, second)
        assert found is not None
        assert found.completion_id == "cmpl-1"
        claiming.give_back(store, first)
        assert await claiming.claim(store, second) is None


async def test_without_a_request_id_there_is_nothing_to_give_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[Kept] = []

    def noted(given: Kept) -> Any:
        recorded.append(given)
        return record(given)

    async with opened(tmp_path) as store:
        record = store.record
        monkeypatch.setattr(store, "record", noted)
        claiming.give_back(store, kept())
        assert recorded == []
        claiming.give_back(store, kept(request_id=ID))
        assert [one.request_id for one in recorded] == [ID]


async def test_a_store_that_is_down_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: Kept) -> None:
        raise StoreDown("disk I/O error")

    async with opened(tmp_path) as store:
        monkeypatch.setattr(store, "claim", fail)
        with pytest.raises(StoreUnavailable):
            await claiming.claim(store, kept(request_id=ID))


async def test_a_call_that_is_cancelled_leaves_the_id_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as store:
        goes_on, begun, claimed = asyncio.Event(), asyncio.Event(), store.claim

        async def slowly(mine: Kept) -> Any:
            begun.set()
            await goes_on.wait()
            return await claimed(mine)

        monkeypatch.setattr(store, "claim", slowly)
        call = asyncio.create_task(claiming.claim(store, kept("cmpl-1", request_id=ID)))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        goes_on.set()
        async with asyncio.timeout(60):
            while (await claiming.claim(store, kept("cmpl-2", request_id=ID))) is not None:
                await store.flush()


def test_a_uuid_has_one_spelling() -> None:
    assert claiming.spelled(ID.upper()) == claiming.spelled(ID) == ID.lower()
    assert claiming.spelled("") == ""


def test_a_spec_is_told_from_others() -> None:
    one = pb.Spec(model="m", labels={"a": "1", "b": "2"})
    same = pb.Spec(labels={"b": "2", "a": "1"}, model="m")
    assert claiming.fingerprint_of(one) == claiming.fingerprint_of(same)
    assert claiming.fingerprint_of(one) != claiming.fingerprint_of(pb.Spec(model="m", labels={"a": "1"}))
