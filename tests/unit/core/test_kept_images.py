"""Pictures that callers upload, download and delete."""

import hashlib
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import InvalidRequest, Overloaded
from imagewire_server.contract.keep_errors import ImageDamaged, ImageNotFound, KeepOff, StoreUnavailable
from imagewire_server.core.kept_images import KeptImages, has_images
from imagewire_server.core.store.local.store import LocalStore
from tests.pictures import encoded
from tests.unit.core.store.local.stores import events, kept, opened

PICTURE = encoded("PNG", 40, 30)
SHA = hashlib.sha256(PICTURE).digest()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    async with opened(tmp_path) as made:
        yield made


def described(**fields: Any) -> pb.Image:
    return pb.Image(**{"mime_type": "image/png", "size_bytes": len(PICTURE), "sha256": SHA, **fields})


async def received(images: KeptImages, image: pb.Image, data: bytes = PICTURE) -> pb.Image:
    async with images.receive("me", image) as upload:
        await upload.take(0, data[:20])
        await upload.take(20, data[20:])
        return await upload.finish(time.time())


async def test_up_down_and_away(store: LocalStore) -> None:
    images = KeptImages(store, 1000)
    assert images.ttl == store.ttl
    made = await received(images, described(width=40))
    assert (made.width, made.height, made.sha256, made.size_bytes, made.mime_type) == (
        40,
        30,
        SHA,
        len(PICTURE),
        "image/png",
    )
    image, pieces = await images.open("me", made.image_id, 5, 7)
    assert image == made
    found = [piece async for piece in pieces]
    assert (b"".join(found), len(found[0])) == (PICTURE[5:], 7)
    with pytest.raises(InvalidRequest, match=f"offset: is {len(PICTURE) + 1}, and the picture has {len(PICTURE)}"):
        await images.open("me", made.image_id, len(PICTURE) + 1, 7)
    for caller, ident in ("you", made.image_id), ("me", "img-x"):
        with pytest.raises(ImageNotFound):
            await images.open(caller, ident, 0, 7)
        with pytest.raises(ImageNotFound):
            await images.delete(caller, ident)
    await images.delete("me", made.image_id)
    with pytest.raises(ImageNotFound):
        await images.open("me", made.image_id, 0, 7)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (described(uri="gs://a/b"), "image: has a source"),
        (described(detail=2), "image.detail: is not for uploads"),
        (described(mime_type=""), "image.mime_type: is required"),
        (described(sha256=b"x"), "image.sha256: is required"),
        (described(size_bytes=0), "image.size_bytes: is required"),
        (described(size_bytes=1001), r"image.size_bytes: is 1001; at most 1000 are allowed \(max_request_bytes\)"),
        (described(size_bytes=len(PICTURE) + 1), "the upload was cut"),
        (described(size_bytes=len(PICTURE) - 1), "more bytes have arrived"),
        (described(sha256=bytes(32)), "image.sha256: does not match the bytes"),
        (described(mime_type="image/webp"), "image.mime_type: is 'image/webp', but the data is image/png"),
        (described(height=31), "image.height: is 31, but the data has 30"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_wrong_is_named(store: LocalStore, image: pb.Image, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        await received(KeptImages(store, 1000), image)


@pytest.mark.parametrize(
    ("offset", "data", "words"),
    [
        (1, b"x", "chunk.offset: is 1, and 0 bytes have arrived"),
        (0, b"", "chunk.data: has 0 bytes"),
        (0, bytes(2 * 1024 * 1024 + 1), "chunk.data: has 2097153 bytes"),
    ],
)
async def test_a_wrong_chunk_is_named(store: LocalStore, offset: int, data: bytes, words: str) -> None:
    async with KeptImages(store, 1000).receive("me", described()) as upload:
        with pytest.raises(InvalidRequest, match=words):
            await upload.take(offset, data)


async def test_what_the_store_has_no_room_for_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=1000) as small:
        images = KeptImages(small, 2000)
        words = r"image.size_bytes: is 901; at most 900 are kept here \(nine tenths of keep_max_bytes\)"
        with pytest.raises(InvalidRequest, match=words):
            images.receive("me", described(size_bytes=901))
        async with images.receive("me", described(size_bytes=900)) as one:
            await one.take(0, bytes(800))
            async with images.receive("me", described(size_bytes=900)) as two:
                with pytest.raises(Overloaded, match=r"leave no room for this picture \(keep_max_bytes\)") as refused:
                    await two.take(0, bytes(800))
        assert refused.value.retry_after == 1.0


async def test_a_store_that_fails(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    images = KeptImages(store, 1000)
    made = await received(images, described())
    _, pieces = await images.open("me", made.image_id, 0, 7)
    monkeypatch.setattr(store._reads, "object", fail)
    with pytest.raises(StoreUnavailable):
        await anext(pieces)
    with pytest.raises(StoreUnavailable):
        await images.open("me", made.image_id, 0, 7)
    monkeypatch.undo()
    _, pieces = await images.open("me", made.image_id, 0, 7)
    monkeypatch.setattr(store._reads, "object", fail)
    monkeypatch.setattr(store._reads, "image", fail)
    with pytest.raises(StoreUnavailable):
        await anext(pieces)
    with pytest.raises(StoreUnavailable):
        await images.find("me", made.image_id)
    monkeypatch.setattr(store.database, "image", fail)
    with pytest.raises(StoreUnavailable):
        await images.delete("me", made.image_id)
    monkeypatch.setattr(store.database, "put_image", fail)
    with pytest.raises(StoreUnavailable):
        await received(images, described())
    monkeypatch.setattr("imagewire_server.core.store.local.upload.PartFile", fail)
    with pytest.raises(StoreUnavailable):
        await received(images, described())


async def test_without_a_store() -> None:
    images = KeptImages(None, 1000)
    with pytest.raises(KeepOff, match="send them in the request"):
        _ = images.ttl
    with pytest.raises(KeepOff):
        images.receive("me", described())
    with pytest.raises(KeepOff):
        await images.open("me", "x", 0, 7)
    with pytest.raises(KeepOff):
        await images.delete("me", "x")


async def test_a_picture_that_is_removed_while_it_is_read(store: LocalStore) -> None:
    images = KeptImages(store, 1000)
    made = await received(images, described())
    _, pieces = await images.open("me", made.image_id, 0, 7)
    await images.delete("me", made.image_id)
    with pytest.raises(ImageNotFound):
        await anext(pieces)


@pytest.mark.parametrize(("damaged", "is_seen_at_once"), [(PICTURE[1:], True), (PICTURE[::-1], False), (None, True)])
async def test_a_damaged_picture_is_not_there(store: LocalStore, damaged: bytes | None, is_seen_at_once: bool) -> None:
    images = KeptImages(store, 1000)
    made = await received(images, described())
    file = store.folder.object(SHA)
    file.unlink() if damaged is None else file.write_bytes(damaged)
    if is_seen_at_once:
        with pytest.raises(ImageDamaged, match="its file in the store is damaged or gone; upload it again"):
            await images.open("me", made.image_id, 0, 7)
    else:
        _, pieces = await images.open("me", made.image_id, 0, 7)
        with pytest.raises(ImageDamaged):
            await anext(pieces)
    await received(images, described())
    _, pieces = await images.open("me", made.image_id, 0, 7)
    assert b"".join([piece async for piece in pieces]) == PICTURE


async def test_whether_pictures_are_there(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    images = KeptImages(store, 1000)
    one, two = [(await received(images, described())).image_id for _ in range(2)]
    assert await has_images(store, "me", [one, two])
    assert await has_images(store, "me", [])
    assert not await has_images(store, "me", [one, "img-x"])
    assert not await has_images(store, "you", [one])

    def fail(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(store._reads, "image", fail)
    assert not await has_images(store, "me", [one])


async def test_a_drawing_that_is_still_written_is_waited_for(store: LocalStore) -> None:
    recorder = store.record(kept())
    for batch in events(PICTURE, "img-drawn"):
        recorder.add(batch)
    recorder.end(None, free=False)
    recorder.release()
    assert await has_images(store, "me", ["img-drawn"])


async def test_whether_the_store_is_down(store: LocalStore) -> None:
    images = KeptImages(store, 1000)
    assert not images.is_down
    store.is_down, store._tries_at = True, float("inf")
    assert images.is_down
    assert not KeptImages(None, 1000).is_down
