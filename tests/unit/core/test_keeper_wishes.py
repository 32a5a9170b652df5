"""What a keeper does before and behind a drawing."""

import asyncio
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Cut, NotFound
from imagewire_server.contract.keep_errors import StoreUnavailable
from imagewire_server.core import keeper as keeper_module
from imagewire_server.core import metrics
from imagewire_server.core.call import Call
from imagewire_server.core.store.store import StoreDown
from imagewire_server.core.wishes import Wishes
from tests.conftest import spec
from tests.unit.core.keepers import ME, ask, events, keeping
from tests.unit.core.scripted_providers import BEGUN, COST, FULL, SENT, WHOLE, Scripted, counts, end
from tests.unit.core.store.local.stores import ID


async def test_what_a_request_needs_is_prepared_once_for_a_drawing(tmp_path: Path) -> None:
    prepared = []

    async def prepare() -> None:
        prepared.append(True)

    async with keeping(tmp_path) as (keeper, provider, _):
        for _ in range(2):
            await events(await ask(keeper, request_id=ID, wishes=Wishes(prepare=prepare)))
        assert (len(prepared), len(provider.asked)) == (1, 1)


async def test_a_chat_that_cannot_be_read_is_not_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    async with keeping(tmp_path) as (keeper, provider, store):
        monkeypatch.setattr(store._reads, "by_id", fail)
        with pytest.raises(StoreUnavailable):
            await ask(keeper, asked=pb.Spec(model="n0", previous_completion_id="cmpl-1"))
        assert provider.asked == []


async def test_a_store_that_goes_down_has_no_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> None:
        raise StoreDown("disk I/O error")

    async with keeping(tmp_path) as (keeper, _, store):
        assert await keeper.has_images("me", [])
        assert not await keeper.has_images("me", ["img-1"])
        monkeypatch.setattr(store, "flush", fail)
        assert not await keeper.has_images("me", ["img-1"])
        assert await keeper.has_images("me", [])


async def test_what_a_model_can_do_is_known_by_its_name(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (keeper, _, _):
        assert keeper.capabilities("n0").fields
        with pytest.raises(NotFound):
            keeper.capabilities("none")


@pytest.mark.parametrize(("last", "code"), [([WHOLE, end(counts())], "OK"), ([Cut("broke off")], "UPSTREAM_CUT")])
async def test_a_drawing_whose_caller_has_left_is_counted_and_logged_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: list[Any], code: str
) -> None:
    logged: list[dict[str, Any]] = []
    monkeypatch.setattr(keeper_module, "_log", SimpleNamespace(info=lambda event, **fields: logged.append(fields)))
    call = Call(request_id="r", caller=ME)
    before = metrics.everything().get(("imagewire_cost_usd", "d0"), 0.0)
    async with keeping(tmp_path, Scripted([SENT, FULL, BEGUN, *last])) as (keeper, _, _):
        reader = await keeper.open(spec("n0"), call, stream=True, hashes=True, deadline=None)
        call.settled = True
        await anext(reader)
        await reader.aclose()
        await keeper.drain(600.0, asyncio.Event())  # it ends by itself
        [line] = logged
        assert (line["code"], line["request_id"], call.cost_nano_usd) == (code, "r", COST)
        assert metrics.everything()["imagewire_cost_usd", "d0"] == pytest.approx(before + COST / 10**9)
