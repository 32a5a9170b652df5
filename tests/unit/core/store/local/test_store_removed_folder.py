"""A local store whose folder is removed while it is used: it says so at once, makes it anew, and goes on."""

import shutil
from pathlib import Path

import pytest

from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.records import State
from imagewire_server.core.store.store import StoreDown
from tests.unit.core.store.local.stores import ID, LARGE, SMALL, events, kept, opened, put, read


async def looked(store: LocalStore) -> None:
    """Have the thread look whether all is there."""
    await store.writer.call(lambda: None)
    await store.writer.call(lambda: None)  # behind the look of the first


def removed(folder: Path, part: str) -> None:
    path = folder / part
    if path.is_dir():
        # At one moment: a store that looks while a folder is emptied puts something into it.
        shutil.rmtree(path.rename(folder.with_name("removed")))
    else:
        path.unlink()


@pytest.mark.parametrize("part", ["", "answers.sqlite", "owners", "logs"])
async def test_it_is_made_anew_and_goes_on(tmp_path: Path, part: str) -> None:
    folder = tmp_path / "kept"
    async with opened(folder) as store, opened(folder) as other:
        secret = store.secret
        await put(store, kept(), events(SMALL))
        removed(folder, part)
        for one in store, other:
            await looked(one)
            if part == "logs":  # found out by who needs it
                await put(one, kept("cmpl-2"), events(LARGE, "img-2"))
                one._tries_at = 0.0
            await looked(one)
            assert not one.is_down
        for one in store, other:
            ident = f"cmpl-{one.owner}"
            assert await one.claim(kept(ident, request_id=ID, caller=one.owner)) is None
            await put(one, kept(ident, request_id=ID, caller=one.owner), events(LARGE, f"img-{one.owner}"))
            assert await read(other, kept(ident)) == ([1, 2, 3, 4], LARGE)
            assert store.folder.is_alive(one.owner)
        assert (folder / "answers.sqlite").exists()
        assert store.secret == other.secret == secret
        assert (folder / "secret").read_bytes() == secret


async def test_nothing_is_promised_from_the_first_call_on(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    async with opened(folder) as store:
        await store.flush()
        removed(folder, "")
        folder.write_bytes(b"in the way")
        assert store.record(kept()).failed
        assert store.is_down
        with pytest.raises(StoreDown):
            await store.claim(kept("cmpl-2", request_id=ID))
        folder.unlink()
        await looked(store)
        assert not store.is_down
        assert await store.claim(kept("cmpl-2", request_id=ID)) is None


async def test_what_was_being_drawn_is_not_kept_and_not_paid_for_again(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    async with opened(folder) as store:
        given = kept(request_id=ID)
        await store.claim(given)
        recorder = store.record(given)
        small = store.record(kept("cmpl-2"))
        told: list[bool] = []
        recorder.on_progress(lambda: told.append(recorder.failed))
        *first, last, _ = events(LARGE)
        for batch in first:
            recorder.add(batch)
        small.add(events(SMALL)[0])
        await store.flush()
        removed(folder, "")
        await looked(store)
        await looked(store)
        assert (recorder.failed, small.failed, told[-1]) == (True, True, True)
        recorder.add(last)
        for one in recorder, small:
            one.end(None, free=False)
            one.release()
        await store.flush()
        found = await store.claim(kept("cmpl-3", request_id=ID))
        assert found is not None
        assert (found.completion_id, found.state) == ("cmpl-1", State.NOT_KEPT)
        assert await store.find("me", completion_id="cmpl-2") is None
