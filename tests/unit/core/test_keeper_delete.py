"""An answer is forgotten by its caller alone, and not while it is drawn."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.keep_errors import CompletionNotFound, KeepOff, StoreUnavailable
from imagewire_server.core.call import Call
from imagewire_server.core.keeper import Keeper
from imagewire_server.core.store.records import State
from tests.unit.core.keepers import ME, ask, events, keeping
from tests.unit.core.scripted_providers import BEGUN, FULL, SENT, Scripted, engine
from tests.unit.core.store.local.stores import ID, kept, opened


async def test_what_is_forgotten_is_not_found_again(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (keeper, _, _):
        ident = (await events(await ask(keeper)))[0].started.completion_id
        with pytest.raises(CompletionNotFound):
            await keeper.delete("you", ident)
        assert await keeper.delete("me", ident)
        with pytest.raises(CompletionNotFound):
            await keeper.delete("me", ident)
        with pytest.raises(CompletionNotFound):
            await keeper.resume(Call(caller=ME), pb.ResumeCompletionRequest(completion_id=ident))


async def test_what_is_drawn_stays_whoever_draws_it(tmp_path: Path) -> None:
    async with keeping(tmp_path, Scripted([SENT, FULL, BEGUN, None])) as (keeper, _, _), keeping(tmp_path) as another:
        reader = await ask(keeper, request_id=ID)
        ident = (await anext(reader))[0].started.completion_id
        assert not await keeper.delete("me", ident)
        assert not await another[0].delete("me", ident)
        with pytest.raises(CompletionNotFound):
            await keeper.delete("you", ident)
        await reader.aclose()
        await keeper.drain(0.0, asyncio.Event())


async def test_what_a_dead_process_drew_is_forgotten(tmp_path: Path) -> None:
    async with opened(tmp_path) as dead:
        await dead.claim(kept(request_id=ID))
    async with keeping(tmp_path) as (keeper, _, store):
        assert await keeper.delete("me", "cmpl-1")
        with pytest.raises(CompletionNotFound):
            await keeper.delete("me", "cmpl-1")
        left = await store.find("me", request_id=ID)
        assert left is not None
        assert left.state is State.NOT_KEPT


async def test_a_store_that_is_down_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    async with keeping(tmp_path) as (keeper, _, store):
        monkeypatch.setattr(store._reads, "by_id", fail)
        with pytest.raises(StoreUnavailable):
            await keeper.delete("me", "cmpl-1")


async def test_without_a_store_there_is_nothing_to_delete() -> None:
    with pytest.raises(KeepOff, match="there is nothing to delete"):
        await Keeper(engine(Scripted()), None).delete("me", "cmpl-1")
