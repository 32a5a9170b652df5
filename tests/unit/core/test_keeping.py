"""What one drawing has of its store."""

import asyncio
from pathlib import Path

import pytest

from imagewire_server.contract.errors import Internal
from imagewire_server.contract.keep_errors import AnswerNotKept
from imagewire_server.core import keeping, picture_links
from imagewire_server.core.keeping import Keeping
from imagewire_server.core.store.store import StoreDown
from tests.unit.core import scripted_stores
from tests.unit.core.drawings import settle
from tests.unit.core.scripted_stores import ScriptedStore
from tests.unit.core.store.local.stores import SMALL, events, kept, opened


async def test_its_pictures_have_ids_and_what_is_written_is_read_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        recorder = store.record(kept())
        made = Keeping(store, kept(), recorder, lambda: True, lambda _: None)
        assert made.image_id(1, 2) == picture_links.image_id(store.secret, "cmpl-1", 1, 2)
        for batch in events(SMALL):
            recorder.add(batch)
        recorder.end(None, free=False)
        await store.flush()
        [last] = [event async for batch in made.read(3, 0) for event in batch]
        assert last == events(SMALL)[-1][0]


@pytest.mark.parametrize(("request_id", "outcome"), [("id", None), ("", Internal("it failed"))])
async def test_only_who_may_ask_again_waits_until_the_end_is_written(
    monkeypatch: pytest.MonkeyPatch, request_id: str, outcome: Exception | None
) -> None:
    store = ScriptedStore()
    store.is_settled.clear()
    await scripted_stores.keeping(store).settle(None)
    made = scripted_stores.keeping(store, request_id=request_id)
    waiting = asyncio.create_task(made.settle(outcome))
    await settle()
    assert not waiting.done()
    store.is_settled.set()
    await waiting
    store.is_settled.clear()
    monkeypatch.setattr(keeping, "LONGEST", 0.0)
    await made.settle(outcome)  # a disk that hangs holds nobody


async def test_where_the_store_does_not_work_the_answer_is_not_kept() -> None:
    store = ScriptedStore()
    store.error = StoreDown("disk I/O error")
    with pytest.raises(AnswerNotKept) as caught:
        await anext(scripted_stores.keeping(store).read(0, 0))
    assert (caught.value.charged, caught.value.metadata) == (True, {"completion_id": "cmpl-1"})
