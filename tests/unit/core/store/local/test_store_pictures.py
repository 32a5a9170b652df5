"""Bytes of one kept picture: from a file, from the database, or none."""

import hashlib
import time
from pathlib import Path

import pytest

from imagewire_server.core.store.records import KeptImage
from imagewire_server.core.store.store import Damaged
from tests.unit.core.store.local.stores import LARGE, SMALL, events, files, kept, opened, put


async def test_what_is_not_a_file_any_more_is_damaged(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(LARGE))
        image = await store.image("me", image_id="img-1")
        assert image is not None
        store.folder.object(image.sha256).unlink()
        with pytest.raises(Damaged):
            await store.image_bytes(image, 0, 5)


async def test_a_picture_that_is_removed_while_it_is_read_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(LARGE))
        image = await store.image("me", image_id="img-1")
        assert image is not None

        def removed(*_: object) -> bytes:
            monkeypatch.setattr(store._reads, "object", lambda _: None)
            raise FileNotFoundError

        monkeypatch.setattr(store.folder, "read_object", removed)
        with pytest.raises(Damaged, match="removed meanwhile"):
            await store.image_bytes(image, 0, 5)


async def test_bytes_that_the_database_has_need_no_file(tmp_path: Path) -> None:
    image = KeptImage("img-u", "me", hashlib.sha256(SMALL).digest(), len(SMALL), "image/png", 3, 4, time.time() + 1000)
    async with opened(tmp_path) as store:
        await put(store, kept(), events(SMALL))
        async with store.upload() as upload:
            await upload.write(SMALL)
            await upload.save(image)
        await store.flush()
        assert files(tmp_path) == []
        assert await store.image_bytes(image, 0, len(SMALL)) == SMALL
