"""What a request's place in the answer cache is, and which answers are worth to be sent again."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.config.routing import Routing
from imagewire_server.contract import pb
from imagewire_server.contract.errors import Cut, DeadlineExceeded, InvalidRequest, NotFound, Overloaded
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.keep_errors import KeepOff
from imagewire_server.core.answer_cache import AnswerCache, Entry, check_off
from imagewire_server.core.call import Call
from imagewire_server.core.concurrency import Admission
from imagewire_server.core.generate import Engine
from imagewire_server.core.router import Router, Upstream
from imagewire_server.core.store.store import StoreDown
from imagewire_server.core.wishes import CacheWish, Wishes
from tests.conftest import spec
from tests.deployments import google
from tests.unit.core.keepers import ME, YOU
from tests.unit.core.scripted_providers import BEGUN, Scripted, end
from tests.unit.core.store.local.stores import SMALL, kept, opened
from tests.unit.core.store.local.stores import events as drawing

STOP, LENGTH = pb.FinishReason.FINISH_REASON_STOP, pb.FinishReason.FINISH_REASON_MAX_TOKENS


def picture(**fields: Any) -> StreamEvent:
    return pb.Event(part_finished=pb.PartFinished(image=pb.Image(mime_type="image/png", **fields)))


def ended(reason: pb.FinishReason = STOP) -> StreamEvent:
    return pb.Event(candidate_finished=pb.CandidateFinished(finish_reason=reason))


DRAFT = pb.Event(part_finished=pb.PartFinished(thought=True, image=pb.Image()))
TEXT = pb.Event(part_finished=pb.PartFinished())
BLOCKED = end(prompt_feedback=pb.PromptFeedback(block_reason="SAFETY"))


@pytest.mark.parametrize(
    ("events", "wants_picture", "good"),
    [
        ([*BEGUN, picture(), ended(), *end()], True, True),
        ([TEXT, ended(), *end()], True, False),
        ([TEXT, ended(), *end()], False, True),
        ([DRAFT, ended(), *end()], True, False),
        ([picture(uri="gs://bucket/a.png"), ended(), *end()], True, False),
        ([picture(), ended(LENGTH), *end()], True, False),
        ([picture(), ended(), ended(LENGTH), *end()], True, False),
        ([picture(), *end()], True, False),
        ([picture(), ended()], True, False),
        (BLOCKED, False, False),
    ],
)
def test_which_answer_is_found_later(events: list[StreamEvent], wants_picture: bool, good: bool) -> None:
    entry = Entry(b"key", 60.0, wants_picture)
    for event in events:
        entry.see([event])
    assert entry.key_for(Call(), None) == (b"key" if good else b"")


def test_what_failed_or_is_a_fallbacks_or_must_not_be_stored_is_not_found() -> None:
    def entry(**fields: Any) -> Entry:
        made = Entry(b"key", 60.0, wants_picture=True, **fields)
        made.see([picture(), ended(), *end()])
        return made

    assert entry().key_for(Call(), Cut("broke off")) == b""
    assert entry().key_for(Call(fallbacks=["other"]), None) == b""
    assert entry(stores=False).key_for(Call(), None) == b""
    assert entry().key_for(Call(), None) == b"key"


def engine(*ttls: float | None, defaults: pb.Spec | None = None) -> Engine:
    """With so many deployments of the name n0."""
    completed = (lambda *_: defaults) if defaults is not None else None
    upstreams = [
        Upstream(google(f"d{number}", "n0", "gemini", "m", cache_ttl=ttl), Scripted(), completed=completed)
        for number, ttl in enumerate(ttls)
    ]
    return Engine(Router(upstreams, Routing()), Admission(9))


@pytest.mark.parametrize(
    ("default", "ttls", "wish", "expected"),
    [
        (0.0, [None], CacheWish(), None),
        (60.0, [None], CacheWish(), 60.0),
        (60.0, [None, 30.0], CacheWish(), 30.0),
        (60.0, [90.0], CacheWish(), 90.0),
        (60.0, [0.0], CacheWish(), None),
        (0.0, [None, 30.0], CacheWish(), None),
        (0.0, [30.0], CacheWish(), 30.0),
        (0.0, [None], CacheWish(600.0), 600.0),
        (60.0, [None], CacheWish(600.0), 600.0),
        (60.0, [None], CacheWish(0.0), 0.0),
        (60.0, [None], CacheWish(fresh=True), 0.0),
        (60.0, [None], CacheWish(600.0, fresh=True), 0.0),
        (0.0, [None], CacheWish(fresh=True, stores=False), None),
    ],
)
async def test_the_time_that_holds(
    tmp_path: Path, default: float, ttls: list[float | None], wish: CacheWish, expected: float | None
) -> None:
    async with opened(tmp_path) as store:
        cache = AnswerCache(engine(*ttls), store, default)
        entry = await cache.entry(spec("n0"), Call(), Wishes(cache=wish))
    assert (entry.ttl if entry else None) == expected


async def test_what_cannot_be_cached_is_refused_only_where_the_caller_asks(tmp_path: Path) -> None:
    made = spec("n0", output_config=pb.OutputConfig(uri_prefix="gs://bucket/"))
    async with opened(tmp_path) as store:
        cache = AnswerCache(engine(None), store, 60.0)
        for wish in (CacheWish(), CacheWish(0.0)):
            assert await cache.entry(made, Call(), Wishes(cache=wish)) is None
        with pytest.raises(InvalidRequest, match="cache_ttl: cannot be used with output_config"):
            await cache.entry(made, Call(), Wishes(cache=CacheWish(60.0)))
        with pytest.raises(InvalidRequest, match="cache_ttl: is 1001 s, and this server keeps answers for 1000 s"):
            await cache.entry(spec("n0"), Call(), Wishes(cache=CacheWish(1001.0)))
        with pytest.raises(NotFound):
            await cache.entry(spec("unknown"), Call(), Wishes())


@pytest.mark.parametrize(
    ("asked", "defaults", "wants"),
    [
        ([], None, True),
        ([], [], True),
        ([], [pb.Modality.MODALITY_TEXT], False),
        ([pb.Modality.MODALITY_TEXT], None, False),
        ([pb.Modality.MODALITY_TEXT, pb.Modality.MODALITY_IMAGE], None, True),
        ([pb.Modality.MODALITY_IMAGE], [pb.Modality.MODALITY_TEXT], True),
    ],
)
async def test_whether_a_picture_is_wanted(tmp_path: Path, asked: Any, defaults: Any, wants: bool) -> None:
    of_deployment = None if defaults is None else pb.Spec(response_modalities=defaults)
    async with opened(tmp_path) as store:
        cache = AnswerCache(engine(None, defaults=of_deployment), store, 60.0)
        entry = await cache.entry(spec("n0", response_modalities=asked), Call(), Wishes())
    assert entry is not None
    assert entry.wants_picture is wants


async def test_a_deployment_that_cannot_say_what_it_asks_is_not_cached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> str:
        raise Overloaded("no file descriptor")

    monkeypatch.setattr(Scripted, "target", fail)
    async with opened(tmp_path) as store:
        cache = AnswerCache(engine(None), store, 60.0)
        assert await cache.entry(spec("n0"), Call(), Wishes(cache=CacheWish(60.0))) is None


async def test_what_is_kept_by_the_key_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise StoreDown("disk I/O error")

    async with opened(tmp_path) as store:
        cache = AnswerCache(engine(None), store, 60.0)
        entry = await cache.entry(spec("n0"), Call(caller=ME), Wishes())
        assert entry is not None
        assert await cache.find(entry, Call(caller=ME), whole=False) is None
        recorder = store.record(kept())
        for some in drawing(SMALL):
            recorder.add(some)
        recorder.end(None, free=False, cache_key=entry.key)
        call = Call(caller=ME)
        found = await cache.find(entry, call, whole=False)
        assert found is not None
        await found.aclose()
        assert (call.completion_id, call.cached_answers) == ("cmpl-1", 1)
        assert await cache.find(replace(entry, ttl=0.0), Call(caller=ME), whole=False) is None
        assert await cache.find(entry, Call(caller=YOU), whole=False) is None
        monkeypatch.setattr(store, "cached", fail)
        assert await cache.find(entry, Call(caller=ME), whole=False) is None


def test_what_was_drawn_by_another_configuration_is_not_found() -> None:
    before, after = (engine(None).router for _ in "12")
    entry = Entry(b"key", 60.0, wants_picture=True, router=before)
    entry.see([picture(), ended(), *end()])
    assert (entry.key_for(Call(), None, before), entry.key_for(Call(), None, after)) == (b"key", b"")


async def test_the_deadline_holds_while_it_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait(*_: Any) -> None:
        await asyncio.Event().wait()

    async with opened(tmp_path) as store:
        monkeypatch.setattr(store, "cached", wait)
        cache = AnswerCache(engine(None), store, 60.0)
        now = asyncio.get_running_loop().time()
        with pytest.raises(DeadlineExceeded, match="nothing was charged"):
            await cache.find(Entry(b"key", 60.0, wants_picture=True), Call(caller=ME), now, whole=True)


def test_a_server_without_a_store_has_no_cache() -> None:
    with pytest.raises(KeepOff, match="cache_ttl: this server keeps no answers"):
        check_off(Wishes(cache=CacheWish(1.0)))
    for wish in (CacheWish(), CacheWish(0.0), CacheWish(fresh=True)):
        check_off(Wishes(cache=wish))
