"""Who has a request_id: one payment for it, however long its drawing takes, and whatever the clock and the disk do."""

import time
from pathlib import Path

import pytest

from imagewire_server.contract.errors import Overloaded
from imagewire_server.core.store.records import State
from imagewire_server.core.store.store import StoreDown
from tests.unit.core.store.local.stores import ID, LARGE, events, files, kept, opened, put

OVER = time.time() - 1


async def test_what_is_still_drawn_has_its_id_beyond_its_time(tmp_path: Path) -> None:
    async with opened(tmp_path) as store, opened(tmp_path) as other:
        assert await store.claim(kept(request_id=ID, expires=OVER)) is None
        found = await other.claim(kept("cmpl-2", request_id=ID))
        assert found is not None
        assert (found.completion_id, found.state) == ("cmpl-1", State.RUNNING)
        assert await other.find("me", request_id=ID) == found


async def test_what_ended_gives_its_id_back_in_time_with_all_that_it_has(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        given = kept(request_id=ID, expires=OVER)
        await store.claim(given)
        await put(store, given, events(LARGE))
        assert len(files(tmp_path)) == 2
        assert await store.claim(kept("cmpl-2", request_id=ID)) is None
        assert files(tmp_path) == []


async def test_an_owner_that_died_gives_it_back_in_time(tmp_path: Path) -> None:
    async with opened(tmp_path) as owner:
        await owner.claim(kept(request_id=ID, expires=OVER))
    async with opened(tmp_path) as store:
        assert await store.claim(kept("cmpl-2", request_id=ID)) is None


async def test_while_nothing_can_be_kept_no_id_is_taken(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        given = kept(request_id=ID)
        await store.claim(given)
        await put(store, given, events(LARGE))
        store.is_down, store._tries_at = True, float("inf")
        with pytest.raises(StoreDown):
            await store.claim(kept("cmpl-2", request_id=ID.replace("2", "3")))
        found = await store.claim(kept("cmpl-2", request_id=ID))
        assert found is not None
        assert found.state is State.ENDED


@pytest.mark.parametrize("free", [True, False])
async def test_an_id_that_was_taken_before_nothing_could_be_kept_does_not_wait_for_ever(
    tmp_path: Path, free: bool
) -> None:
    async with opened(tmp_path) as store:
        given = kept(request_id=ID)
        await store.claim(given)
        store.is_down, store._tries_at = True, float("inf")
        await put(store, given, events(LARGE), Overloaded("no slot") if free else None, free=free)
        found = await store.find("me", request_id=ID)
        assert found is not None
        assert found.state is (State.FREE if free else State.NOT_KEPT)
