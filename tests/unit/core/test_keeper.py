"""Drawings that are kept: one payment for a request_id, and nobody sees what another caller drew."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import (
    Cut,
    DeadlineExceeded,
    Error,
    InvalidRequest,
    Overloaded,
    ShuttingDown,
)
from imagewire_server.contract.keep_errors import (
    CompletionNotFound,
    KeepOff,
    RequestIdReused,
    StoreUnavailable,
)
from imagewire_server.core import metrics
from imagewire_server.core.call import Call
from imagewire_server.core.keeper import Keeper
from tests.conftest import spec
from tests.unit.core.keepers import DRAWN, ME, YOU, ask, events, keeping
from tests.unit.core.scripted_providers import BEGUN, FULL, SENT, Scripted, engine
from tests.unit.core.store.local.stores import ID

OTHER_ID = ID.replace("2", "3")


def resumed(**fields: Any) -> pb.ResumeCompletionRequest:
    return pb.ResumeCompletionRequest(**fields)


async def test_one_id_is_one_drawing_for_its_caller(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (keeper, provider, _):
        first = await ask(keeper, request_id=ID)
        joined = await ask(keeper, request_id=ID)
        one, two = await events(first), await events(joined)
        assert one == two == await events(await ask(keeper, request_id=ID))
        assert len(provider.asked) == 1
        await events(await ask(keeper, YOU, request_id=ID))
        await events(await ask(keeper, request_id=OTHER_ID))
        assert len(provider.asked) == 3


async def test_another_request_under_an_id_is_refused(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (keeper, provider, _):
        first = await ask(keeper, request_id=ID)
        for _ in range(2):  # while it is drawn, and afterwards
            with pytest.raises(RequestIdReused, match="request_id: belongs to another request"):
                await ask(keeper, asked=spec("n0", "Another prompt"), request_id=ID)
            await events(first)
        assert len(provider.asked) == 1


async def test_what_was_free_is_drawn_again_and_what_was_not_is_not(tmp_path: Path) -> None:
    provider = Scripted([Overloaded("no slot")], [SENT, Cut("broke off")], list(DRAWN))
    async with keeping(tmp_path, provider) as (keeper, _, _):
        with pytest.raises(Overloaded):
            await events(await ask(keeper, request_id=ID))
        for _ in range(3):
            with pytest.raises(Error, match="broke off"):
                await events(await ask(keeper, request_id=ID))
        assert len(provider.asked) == 2


async def test_what_another_caller_drew_is_not_found(tmp_path: Path) -> None:
    async with keeping(tmp_path, Scripted(list(DRAWN), [SENT, *BEGUN_AND_SILENT])) as (keeper, _, _):
        done = (await events(await ask(keeper, request_id=ID)))[0].started.completion_id
        running = await ask(keeper, request_id=OTHER_ID)
        begun = (await anext(running))[0].started.completion_id
        for ident in done, begun:
            with pytest.raises(CompletionNotFound):
                await keeper.resume(Call(caller=YOU), resumed(completion_id=ident))
        for ident in ID, OTHER_ID:
            with pytest.raises(CompletionNotFound):
                await keeper.resume(Call(caller=YOU), resumed(request_id=ident))
            reader = await keeper.resume(Call(caller=ME), resumed(request_id=ident))
            assert (await anext(reader))[0].HasField("started")
            await reader.aclose()
        await running.aclose()


BEGUN_AND_SILENT: list[Any] = [FULL, BEGUN, None]


async def test_a_drawing_goes_on_alone_up_to_a_number(tmp_path: Path) -> None:
    provider = Scripted(*([SENT, *BEGUN_AND_SILENT] for _ in range(3)))
    async with keeping(tmp_path, provider, max_alone=2) as (keeper, _, store):
        for _ in range(3):
            reader = await ask(keeper)
            await anext(reader)
            await reader.aclose()
        assert len(keeper._running) == 2
        await keeper.drain(0.0, asyncio.Event())
        await store.flush()
        assert keeper._running == {}


async def test_cancel_by_request_or_by_setting_ends_with_the_reader(tmp_path: Path) -> None:
    cancel, keep = pb.OnDisconnect.ON_DISCONNECT_CANCEL, pb.OnDisconnect.ON_DISCONNECT_KEEP
    provider = Scripted(*([SENT, *BEGUN_AND_SILENT] for _ in range(3)))
    async with keeping(tmp_path, provider, goes_on=False) as (keeper, _, _):
        for on_disconnect, left in (0, 0), (cancel, 0), (keep, 1):
            reader = await ask(keeper, on_disconnect=on_disconnect)
            await anext(reader)
            await reader.aclose()
            assert len(keeper._running) == left
        await keeper.drain(0.0, asyncio.Event())


async def test_what_the_end_of_the_server_cuts_says_so(tmp_path: Path) -> None:
    async with keeping(tmp_path, Scripted([SENT, *BEGUN_AND_SILENT])) as (keeper, provider, _):
        reader = await ask(keeper, request_id=ID)
        await anext(reader)
        waiting = asyncio.create_task(events(reader))
        await asyncio.sleep(0)
        await keeper.drain(0.0, asyncio.Event())
        with pytest.raises(ShuttingDown):
            await waiting
        with pytest.raises(Error) as raised:
            await events(await ask(keeper, request_id=ID))
        assert (raised.value.reason, len(provider.asked)) == ("SHUTTING_DOWN", 1)


async def test_a_deadline_ends_the_reader_and_not_the_drawing(tmp_path: Path) -> None:
    async with keeping(tmp_path, Scripted([SENT, *BEGUN_AND_SILENT])) as (keeper, _, _):
        soon = asyncio.get_running_loop().time() + 0.2
        reader = await ask(keeper, deadline=soon)
        with pytest.raises(DeadlineExceeded, match="it is drawn to its end and kept: resume it"):
            await events(reader)
        assert len(keeper._running) == 1
        await keeper.drain(0.0, asyncio.Event())


async def test_a_store_that_is_down_costs_only_what_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    async with keeping(tmp_path) as (keeper, provider, store):
        monkeypatch.setattr(store._claims, "claim", fail)
        monkeypatch.setattr(store._reads, "by_request", fail)
        with pytest.raises(StoreUnavailable, match="nothing was sent"):
            await ask(keeper, request_id=ID)
        with pytest.raises(StoreUnavailable):
            await keeper.resume(Call(caller=ME), resumed(request_id=ID))
        assert provider.asked == []
        store.is_down = True
        store._tries_at = float("inf")
        before = metrics.everything().get(("imagewire_answers_not_kept",), 0)
        started = (await events(await ask(keeper)))[0].started
        assert (started.HasField("expire_time"), keeper.is_keeping) == (False, False)
        assert metrics.everything()[("imagewire_answers_not_kept",)] == before + 1


async def test_a_call_that_ends_while_it_claims_gives_the_id_back(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (keeper, provider, _):
        task = asyncio.create_task(ask(keeper, request_id=ID))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        while True:
            try:
                await events(await ask(keeper, request_id=ID))
                break
            except Error as error:  # the words that the id was given back with
                assert error.reason == "SHUTTING_DOWN"  # noqa: PT017
        assert len(provider.asked) == 1


async def test_a_request_that_is_refused_behind_its_claim_gives_the_id_back(tmp_path: Path) -> None:
    wrong = spec("n0")
    wrong.messages[0].image.sha256 = bytes(32)
    async with keeping(tmp_path) as (keeper, provider, _):
        for _ in range(2):
            with pytest.raises(Error, match="you have no such picture here"):
                await ask(keeper, asked=wrong, request_id=ID)
        assert provider.asked == []


async def test_without_a_store_nothing_that_needs_it_is_taken() -> None:
    keeper = Keeper(engine(Scripted(list(DRAWN))), None)
    named = spec("n0")
    named.messages[0].image.image_id = "img-1"
    goes_on = pb.Spec(model="n0", previous_completion_id="cmpl-1")
    for options in (
        {"request_id": ID},
        {"on_disconnect": pb.OnDisconnect.ON_DISCONNECT_KEEP},
        {"asked": named},
        {"asked": goes_on},
    ):
        with pytest.raises(KeepOff):
            await ask(keeper, **options)
    with pytest.raises(KeepOff):
        await keeper.resume(Call(), resumed(completion_id="x"))
    assert len(await events(await ask(keeper))) == 5
    assert [await keeper.has_images("me", ids) for ids in ([], ["img-1"])] == [True, False]


async def test_a_position_that_there_is_not_is_named(tmp_path: Path) -> None:
    async with keeping(tmp_path, Scripted([SENT, *BEGUN_AND_SILENT])) as (keeper, _, _):
        reader = await ask(keeper, request_id=ID)
        await anext(reader)
        with pytest.raises(InvalidRequest, match="after_sequence"):
            await keeper.resume(Call(caller=ME), resumed(request_id=ID, after_sequence=99))
        await keeper.drain(0.0, asyncio.Event())
