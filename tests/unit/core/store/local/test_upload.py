"""A picture that is sent into a local store: all of it, or nothing."""

import hashlib
import time
from pathlib import Path

import pytest

from imagewire_server.core.store.records import KeptImage
from imagewire_server.core.store.store import NoRoom
from tests.unit.core.store.local.stores import LARGE, events, files, kept, opened, put, total

IMAGE = KeptImage("img-u", "me", hashlib.sha256(LARGE).digest(), len(LARGE), "image/png", 3, 4, time.time() + 1000)


async def test_a_saved_picture_is_there(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        async with store.upload() as upload:
            await upload.write(LARGE[:1000])
            await upload.write(LARGE[1000:])
            await upload.save(IMAGE)
        assert await store.image("me", image_id="img-u") == IMAGE
        assert await store.image_bytes(IMAGE, 0, 1 << 20) == LARGE


async def test_what_is_not_saved_leaves_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        async with store.upload() as upload:
            await upload.write(LARGE)
        async with store.upload():
            pass
        await store.flush()
        assert (files(tmp_path), await total(store)) == ([], 0)


async def test_the_bytes_of_an_answers_picture_are_stored_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(LARGE))
        before = await total(store)
        async with store.upload() as upload:
            await upload.write(LARGE)
            await upload.save(IMAGE)
        assert await total(store) == before


async def test_what_has_arrived_of_uploads_counts_and_is_bounded(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=1_000_000) as store, opened(tmp_path, max_bytes=1_000_000) as other:
        await put(store, kept(), events(LARGE))
        async with store.upload() as first, other.upload() as second:
            await first.write(bytes(400_000))
            assert await total(store) > 400_000 + len(LARGE)
            await second.write(bytes(400_000))
            assert await store.find("me", completion_id="cmpl-1") is None, "it makes room"
            with pytest.raises(NoRoom):
                await second.write(bytes(400_000))
            await first.write(bytes(100_000))
        await store.flush()
        await other.flush()
        assert (files(tmp_path), await total(store)) == ([], 0)


async def test_an_upload_of_a_process_that_ended_is_removed(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        left = store.folder.new_part()
        left.write_bytes(b"x")
        await store.writer.call(lambda: store.database.put_upload(left.name, "nobody", 1))
        async with store.upload() as upload:
            await upload.write(LARGE)
            await store.writer.call(store._sweep.expire)
            assert not left.exists()
            assert await total(store) == len(LARGE)
            await upload.save(IMAGE)
        assert await store.image_bytes(IMAGE, 0, 1 << 20) == LARGE
        assert await total(store) == len(LARGE)
