"""A local store whose database another process has locked: nobody waits for long, and it works again by itself."""

import asyncio
import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Overloaded
from imagewire_server.contract.keep_errors import AnswerNotKept
from imagewire_server.core.store.local import writer
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.records import Kept, KeptImage, State
from imagewire_server.core.store.store import StoreDown
from tests.unit.core.store.local.stores import ID, LARGE, SMALL, events, kept, opened, put, read

ASKED = pb.Spec(model="m", messages=[pb.ChatMessage(content="x", image=pb.Image(data=LARGE))])
IMAGE = KeptImage("img-u", "me", hashlib.sha256(LARGE).digest(), len(LARGE), "image/png", 3, 4, time.time() + 1000)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Another process writes, and does not come to an end. Meanwhile nobody waits for as long as otherwise."""
    other = sqlite3.connect(folder / "answers.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(writer, "LONGEST", 0.2)
            yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def committing(store: LocalStore) -> Iterator[None]:
    """The disk hangs when a claim has all but come to an end."""
    go_on, claim = threading.Event(), store._claims.claim

    def hang(given: Kept, *, is_down: bool) -> Kept | None:
        found = claim(given, is_down=is_down)
        go_on.wait()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "LONGEST", 0.2)
        patch.setattr(store._claims, "claim", hang)
        try:
            yield
        finally:
            go_on.set()


async def works(store: LocalStore) -> None:
    """Wait until a store works again."""
    async with asyncio.timeout(60):
        while store.is_down or store.writer.hangs:
            await asyncio.to_thread(lambda: None)


async def test_what_is_drawn_goes_on_without_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        with locked(tmp_path):
            recorder = store.record(kept())
            recorder.ask(ASKED)
            failed = asyncio.Event()
            recorder.on_progress(lambda: failed.set() if recorder.failed else None)
            for batch in events(LARGE):
                recorder.add(batch)
            await failed.wait()
            assert (store.is_down, store.record(kept("cmpl-2")).failed) == (True, True)
            assert (recorder._asked, recorder._held, list(recorder._open)) == (None, [], [])
            recorder.end(None, free=False)
            recorder.release()
            await recorder.settle()
        await works(store)
        await store.flush()
        assert await store.find("me", completion_id="cmpl-1") is None
        await put(store, kept("cmpl-3"), events(LARGE))
        assert await read(store, kept("cmpl-3")) == ([1, 2, 3, 4], LARGE)


async def test_a_small_answer_that_was_not_written_is_not_kept(tmp_path: Path) -> None:
    first, second = kept(request_id=ID), kept("cmpl-2", request_id=ID.replace("2", "3"))
    async with opened(tmp_path) as store:
        for given in first, second:
            await store.claim(given)
        with locked(tmp_path):
            for given, error in (first, None), (second, Overloaded("no slot")):
                recorder = store.record(given)
                for batch in events(SMALL, given.completion_id):
                    recorder.add(batch)
                recorder.end(error, free=error is not None)
            store.small.send()
            await recorder.settle()
            assert (recorder.failed, recorder._small) == (True, None)
        await works(store)
        with pytest.raises(AnswerNotKept):
            await read(store, first)
        found = await store.claim(kept("cmpl-3", request_id=first.request_id))
        assert found is not None
        assert found.state is State.NOT_KEPT
        assert await store.claim(kept("cmpl-4", request_id=second.request_id)) is None, "it was free"


async def test_who_asks_is_told_that_it_does_not_work(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(LARGE))
        with locked(tmp_path):
            async with store.upload() as upload:
                with pytest.raises(StoreDown, match="does not answer"):
                    await upload.write(LARGE)
            calls: list[Any] = [
                store.claim(kept("cmpl-2", request_id=ID)),
                store.delete(kept()),
                store.flush(),
                store.find("me", completion_id="cmpl-9"),
            ]
            for call in calls:
                with pytest.raises(StoreDown, match="does not answer"):
                    await call
            async with store.upload() as upload:
                with pytest.raises(StoreDown):
                    await upload.write(LARGE)
            assert await read(store, kept()) == ([1, 2, 3, 4], LARGE), "what it has can be read"
        await works(store)
        assert await store.claim(kept("cmpl-2", request_id=ID)) is None
        async with store.upload() as upload:
            await upload.write(LARGE)
            await upload.save(IMAGE)
        assert await store.image("me", image_id="img-u") == IMAGE


async def test_a_request_id_that_was_taken_too_late_is_free(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        with committing(store), pytest.raises(StoreDown):
            await store.claim(kept(request_id=ID))
        await works(store)
        assert await store.claim(kept("cmpl-2", request_id=ID)) is None


async def test_a_call_that_is_repeated_at_once_does_not_find_what_is_about_to_be_undone(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        loop, works_again, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
        expire = store._sweep.expire

        def slow() -> None:
            loop.call_soon_threadsafe(works_again.set)
            go_on.wait()
            expire()

        with committing(store):
            with pytest.raises(StoreDown):
                await store.claim(kept(request_id=ID))
            store._sweep.expire, store._expires_at = slow, 0.0  # type: ignore[method-assign]
        await works_again.wait()
        again = asyncio.create_task(store.claim(kept("cmpl-2", request_id=ID)))
        await asyncio.sleep(0)
        go_on.set()
        try:
            assert await again is None
        except StoreDown:
            await works(store)
            assert await store.claim(kept("cmpl-3", request_id=ID)) is None


async def test_what_waits_behind_it_is_not_done_later(tmp_path: Path) -> None:
    done: list[str] = []
    async with opened(tmp_path) as store:
        with locked(tmp_path):
            asked = [
                asyncio.create_task(store.claim(kept(request_id=ID))),
                asyncio.create_task(store.writer.call(lambda: done.append("late"))),
            ]
            for one in asked:
                with pytest.raises(StoreDown):
                    await one
        await works(store)
        await store.flush()
        assert done == []
