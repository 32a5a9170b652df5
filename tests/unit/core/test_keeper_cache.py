"""The answer cache of a keeper: what is drawn, what is sent again, and what becomes of a damaged answer."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.config.routing import Routing
from imagewire_server.contract import pb
from imagewire_server.contract.errors import Cut, DeadlineExceeded, Overloaded, Unreachable
from imagewire_server.contract.events import Chunk
from imagewire_server.contract.keep_errors import AnswerNotKept, KeepOff
from imagewire_server.core import metrics, settle
from imagewire_server.core.cached_reader import CachedReader
from imagewire_server.core.call import Call
from imagewire_server.core.keeper import Keeper
from imagewire_server.core.router import Router
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.store import StoreDown
from imagewire_server.core.wishes import CacheWish, Wishes
from tests.conftest import spec
from tests.unit.core.keepers import ME, YOU, ask, events, keeping
from tests.unit.core.scripted_providers import FULL, SENT, Scripted, counts, end, engine
from tests.unit.core.store.local.stores import ID

SIZE = 300_000
STOP = pb.FinishReason.FINISH_REASON_STOP
BEGINS = pb.Event(part_started=pb.PartStarted(kind=pb.PartKind.PART_KIND_IMAGE))
PICTURE = pb.Image(mime_type="image/png", size_bytes=SIZE)
CACHED = Wishes(cache=CacheWish(600.0))


def good() -> list[Any]:
    chunks = [[Chunk("image_chunk", 0, 0, at, b"x" * 50_000)] for at in range(0, SIZE, 50_000)]
    last = [
        pb.Event(part_finished=pb.PartFinished(image=PICTURE)),
        pb.Event(candidate_finished=pb.CandidateFinished(finish_reason=STOP)),
    ]
    return [SENT, FULL, [BEGINS], *chunks, last, end(counts())]


def provider(*calls: list[Any]) -> Scripted:
    return Scripted(*calls, *(good() for _ in range(9)))


async def drawn(keeper: Keeper, **options: Any) -> list[Any]:
    return await events(await ask(keeper, **{"wishes": CACHED, **options}))


def is_cached(found: list[Any]) -> bool:
    return bool(found[-1].finished.usage.cached_answer)


async def test_a_call_that_is_answered_from_the_cache_is_counted_and_logged_so(tmp_path: Path) -> None:
    async with keeping(tmp_path, provider()) as (keeper, made, _):
        first = await drawn(keeper)
        before = metrics.everything().get(("imagewire_cached_answers",), 0)
        call = Call(caller=ME)
        reader = await keeper.open(spec("n0"), call, stream=True, hashes=True, deadline=None, wishes=CACHED)
        assert is_cached(await events(reader))
        settle.settle(call)
        assert (call.completion_id, call.charged, call.cost_usd) == (first[0].started.completion_id, "no", 0.0)
        assert (call.fields()["cached_answers"], call.tried) == (1, [])
        assert ("x-imagewire-cached-answers", "1") in call.trailers()
        assert metrics.everything()[("imagewire_cached_answers",)] == before + 1
        assert len(made.asked) == 1


async def test_other_callers_and_what_was_drawn_without_it_are_not_found(tmp_path: Path) -> None:
    async with keeping(tmp_path, provider()) as (keeper, made, store):
        await events(await ask(keeper))
        assert await asyncio.to_thread(store._reads._db.execute("SELECT COUNT(*) FROM cached").fetchone) == (0,)
        assert not is_cached(await drawn(keeper))
        assert not is_cached(await drawn(keeper, caller=YOU))
        assert is_cached(await drawn(keeper))
        assert len(made.asked) == 3


@pytest.mark.parametrize("fault", [Cut("broke off"), Overloaded("no slot")])
async def test_an_error_is_not_sent_again(tmp_path: Path, fault: Exception) -> None:
    async with keeping(tmp_path, provider([SENT, [BEGINS], fault])) as (keeper, made, _):
        with pytest.raises(type(fault)):
            await drawn(keeper)
        assert not is_cached(await drawn(keeper))
        assert len(made.asked) == 2


async def test_what_its_caller_cancelled_is_not_sent_again(tmp_path: Path) -> None:
    async with keeping(tmp_path, provider([SENT, [BEGINS], None])) as (keeper, made, _):
        reader = await ask(keeper, wishes=CACHED, on_disconnect=pb.OnDisconnect.ON_DISCONNECT_CANCEL)
        await anext(reader)
        await reader.aclose()
        assert not is_cached(await drawn(keeper))
        assert len(made.asked) == 2


async def test_what_is_drawn_to_its_end_without_its_caller_is_found(tmp_path: Path) -> None:
    async with keeping(tmp_path, provider()) as (keeper, made, _):
        reader = await ask(keeper, wishes=CACHED)
        await anext(reader)
        await reader.aclose()
        await keeper.drain(60.0, asyncio.Event())
        assert is_cached(await drawn(keeper))
        assert len(made.asked) == 1


async def test_a_fallbacks_answer_is_not_sent_again(tmp_path: Path) -> None:
    first, second = Scripted([Unreachable("no route")], good()), provider()
    async with keeping(tmp_path) as (_, _, store):
        keeper = Keeper(engine(first, second, num_retries=0, fallbacks=(("n0", ("n1",)),)), store)
        assert (await drawn(keeper))[0].started.model
        assert not is_cached(await drawn(keeper))
        assert (len(first.asked), len(second.asked)) == (2, 1)
        assert is_cached(await drawn(keeper))


async def test_what_is_drawn_while_the_configuration_changes_is_not_sent_again(tmp_path: Path) -> None:
    def reload(_: Any) -> None:
        keeper._engine.router = Router(keeper._engine.router.upstreams, Routing())

    async with keeping(tmp_path, provider([reload, *good()])) as (keeper, made, _):
        await drawn(keeper)
        assert not is_cached(await drawn(keeper))
        assert is_cached(await drawn(keeper))
        assert len(made.asked) == 2


async def test_the_deadline_holds_for_a_cached_answer_too(tmp_path: Path) -> None:
    async with keeping(tmp_path, provider()) as (keeper, _, _):
        await drawn(keeper)
        reader = await ask(keeper, wishes=CACHED, deadline=asyncio.get_running_loop().time() + 3600)
        await anext(reader)
        reader._deadline = 0.0  # type: ignore[attr-defined]
        with pytest.raises(DeadlineExceeded):
            await events(reader)


async def damaged(store: LocalStore, damage: Callable[[Path], None]) -> None:
    """Damage the one picture that is kept."""
    await store.flush()
    [(file, _)] = await asyncio.to_thread(lambda: list(store.folder.objects()))
    await asyncio.to_thread(damage, file)


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _flip(file: Path) -> None:
    file.write_bytes(b"y" + file.read_bytes()[1:])


@pytest.mark.parametrize("damage", [_truncate, _flip])
async def test_a_damaged_answer_ends_in_an_error_and_is_drawn_anew(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    async with keeping(tmp_path, provider()) as (keeper, made, store):
        await drawn(keeper)
        await damaged(store, damage)
        with pytest.raises(AnswerNotKept):
            await drawn(keeper)
        assert not is_cached(await drawn(keeper))
        assert len(made.asked) == 2


@pytest.mark.parametrize("damage", [_truncate, _flip])
async def test_a_damaged_answer_is_drawn_at_once_where_nothing_was_sent(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    async with keeping(tmp_path, provider()) as (keeper, made, store):
        await drawn(keeper)
        await damaged(store, damage)
        call = Call(caller=ME)
        options: Any = {"stream": False, "hashes": True, "deadline": None, "wishes": CACHED, "request_id": ID}
        again = await events(await keeper.open(spec("n0"), call, **options))
        assert (is_cached(again), call.cached_answers, len(made.asked)) == (False, 0, 2)
        assert is_cached(await drawn(keeper, stream=False))


async def test_the_deadline_holds_while_an_answer_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait(*_: Any, **__: Any) -> bool:
        await asyncio.Event().wait()
        return True

    async with keeping(tmp_path, provider()) as (keeper, made, _):
        await drawn(keeper)
        monkeypatch.setattr(CachedReader, "begin", wait)
        with pytest.raises(DeadlineExceeded, match="nothing was charged"):
            await drawn(keeper, stream=False, deadline=asyncio.get_running_loop().time(), request_id=ID)
        monkeypatch.undo()
        assert is_cached(await drawn(keeper, request_id=ID))
        assert len(made.asked) == 1


@pytest.mark.parametrize("damage", [Path.unlink, _empty])
async def test_an_answer_whose_picture_is_gone_is_drawn_at_once(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    async with keeping(tmp_path, provider()) as (keeper, made, store):
        await drawn(keeper, request_id=ID)
        await damaged(store, damage)
        again = await drawn(keeper)
        assert (is_cached(again), sum(len(event.data) for event in again if isinstance(event, Chunk))) == (False, SIZE)
        assert len(made.asked) == 2


async def test_a_store_that_cannot_look_draws_as_usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise StoreDown("disk I/O error")

    async with keeping(tmp_path, provider()) as (keeper, made, store):
        await drawn(keeper)
        monkeypatch.setattr(store, "cached", fail)
        assert not is_cached(await drawn(keeper))
        assert len(made.asked) == 2


async def test_a_request_id_is_free_again_where_the_cache_refuses(tmp_path: Path) -> None:
    async with keeping(tmp_path, provider()) as (keeper, made, _):
        with pytest.raises(Exception, match="cache_ttl"):
            await drawn(keeper, request_id=ID, wishes=Wishes(cache=CacheWish(5000.0)))
        assert not is_cached(await drawn(keeper, request_id=ID))
        assert len(made.asked) == 1


async def test_the_same_id_waits_for_what_the_cache_says(tmp_path: Path) -> None:
    async with keeping(tmp_path, provider()) as (keeper, made, _):
        await drawn(keeper)
        answers = await asyncio.gather(*(drawn(keeper, request_id=ID) for _ in range(5)))
        assert all(is_cached(answer) for answer in answers)
        assert is_cached(await events(await ask(keeper, request_id=ID)))
        assert len(made.asked) == 1


async def test_an_id_whose_cached_answer_is_deleted_is_not_drawn(tmp_path: Path) -> None:
    async with keeping(tmp_path, provider()) as (keeper, made, _):
        first = await drawn(keeper)
        await drawn(keeper, request_id=ID)
        await keeper.delete(ME.id, first[0].started.completion_id)
        with pytest.raises(AnswerNotKept):
            await drawn(keeper, request_id=ID)
        assert len(made.asked) == 1


async def test_an_answer_that_must_not_be_kept_uses_no_cache(tmp_path: Path) -> None:
    async with keeping(tmp_path, provider(), cache_ttl=600.0) as (keeper, made, _):
        await events(await ask(keeper))
        assert not is_cached(await events(await ask(keeper, wishes=Wishes(keeps=False))))
        assert is_cached(await events(await ask(keeper)))
        assert len(made.asked) == 2


async def test_without_a_store_it_is_refused() -> None:
    keeper = Keeper(engine(provider()), None)
    with pytest.raises(KeepOff, match="cache_ttl"):
        await ask(keeper, wishes=CACHED)
