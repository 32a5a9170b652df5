"""A picture that is sent into a local store: all of it, or nothing."""

import hashlib
import time
from pathlib import Path

from imagewire_server.core.store.records import KeptImage
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
