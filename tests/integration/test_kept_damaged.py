"""Kept pictures that are damaged, cut or gone, in each store: nobody takes them for good, and nothing is paid."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import obstore
import pytest

from imagewire_server.contract import pb
from imagewire_server.core.store import checked
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.shared.objects import PIECE
from tests.conftest import Stack, running_stack, spec
from tests.integration.keeping import BIG, draw, draws, resume
from tests.integration.shared_store import keep_settings
from tests.integration.status import told
from tests.integration.test_kept_images import asked, described, download, sent, upload

Damage = Callable[[bytes], bytes | None]


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def cut(data: bytes) -> bytes:
    return data[:-1]


def empty(_: bytes) -> bytes:
    return b""


def gone(_: bytes) -> None:
    return None


@pytest.fixture(params=["local", "folder", "s3"])
async def keeping(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(rest=True, **keep_settings(request, tmp_path)) as made:
        yield made


@pytest.fixture(autouse=True)
def told_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the log says of damage."""
    lines: list[str] = []
    monkeypatch.setattr(checked, "_log", SimpleNamespace(warning=lambda words, **_: lines.append(words)))
    return lines


async def damage(stack: Stack, data: bytes, how: Damage, image_id: str, *, at: int = -1) -> None:
    """Damage the file of a picture, in a shared store the object that has its byte `at`."""
    store: Any = stack.server.keeper._store
    await store.flush()
    if isinstance(store, LocalStore):
        await asyncio.to_thread(_damage_file, store.folder.object(hashlib.sha256(data).digest()), how)
        return
    _, path = await store.database.place(image_id)
    objects, path = store.objects._store, f"{path}/{range(len(data))[at] // PIECE}"
    damaged = how(bytes(await (await obstore.get_async(objects, path)).bytes_async()))
    if damaged is None:
        await obstore.delete_async(objects, path)
    else:
        await obstore.put_async(objects, path, damaged)


def _damage_file(file: Path, how: Damage) -> None:
    damaged = how(file.read_bytes())
    if damaged is None:
        file.unlink()
    else:
        file.write_bytes(damaged)


def picture(events: list[pb.Event]) -> tuple[bytes, str]:
    data = b"".join(event.image_chunk.data for event in events)
    [image] = [event.part_finished.image for event in events if event.part_finished.HasField("image")]
    return data, image.image_id


async def fails(call: Any) -> Any:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    return told(failed.value)


@pytest.mark.parametrize("at", [-1, 0])
@pytest.mark.parametrize("how", [flip, cut, empty, gone])
async def test_a_damaged_picture_has_no_good_end(keeping: Stack, told_of: list[str], how: Damage, at: int) -> None:
    ident = str(uuid.uuid4())
    events = await draw(keeping, request_id=ident)
    data, image_id = picture(events)
    completion_id = events[0].started.completion_id
    await damage(keeping, data, how, image_id, at=at)
    create = pb.CreateCompletionRequest(spec=spec(BIG), request_id=ident, max_inline_bytes=30_000_000)
    for call in (
        lambda: draw(keeping, request_id=ident),
        lambda: resume(keeping, completion_id=completion_id),
        lambda: resume(keeping, request_id=ident, after_sequence=1),
        lambda: keeping.chat.CreateCompletion(create),
    ):
        told_of.clear()
        status = await fails(call())
        assert (status.code, status.info.reason) == ("ABORTED", "ANSWER_NOT_KEPT")
        assert told_of == ["a kept file is damaged or gone"]
        assert status.info.metadata["completion_id"] == completion_id
    told_of.clear()
    status = await fails(download(keeping, image_id))
    assert (status.code, status.info.reason) == ("NOT_FOUND", "IMAGE_NOT_FOUND")
    assert told_of == ["a kept file is damaged or gone"]
    go_on = pb.ChatMessage(role=pb.Role.ROLE_USER, content="With a hat")
    continued = pb.Spec(model=BIG, messages=[go_on], previous_completion_id=completion_id)
    for given, reason in (
        (asked(pb.Image(image_id=image_id)), "IMAGE_NOT_FOUND"),
        (continued, "COMPLETION_NOT_FOUND"),
    ):
        status = await fails(keeping.chat.CreateCompletion(pb.CreateCompletionRequest(spec=given)))
        assert (status.code, status.info.reason) == ("NOT_FOUND", reason)
    assert draws(keeping) == 1


@pytest.mark.parametrize("how", [flip, empty, gone])
async def test_an_upload_mends_a_picture_that_is_named_by_its_hash(keeping: Stack, how: Damage) -> None:
    data, image_id = picture(await draw(keeping))
    sha256 = hashlib.sha256(data).digest()
    await damage(keeping, data, how, image_id)
    request = pb.CreateCompletionRequest(spec=asked(pb.Image(sha256=sha256)))
    status = await fails(keeping.chat.CreateCompletion(request))
    assert (status.code, status.info.reason) == ("NOT_FOUND", "IMAGE_NOT_FOUND")
    assert status.info.metadata["missing"] == sha256.hex()
    assert draws(keeping) == 1
    chunks = [(at, data[at : at + 1_000_000]) for at in range(0, len(data), 1_000_000)]
    made = (await upload(keeping, described(data), *chunks)).image
    assert (await download(keeping, made.image_id))[1] == data
    await keeping.chat.CreateCompletion(request)
    assert sent(keeping, data)


@pytest.mark.parametrize(("how", "status"), [(flip, 200), (cut, 404), (empty, 404), (gone, 404)])
async def test_a_file_that_is_damaged_has_no_good_end(keeping: Stack, how: Damage, status: int) -> None:
    """Its size is seen before the answer begins, and its hash before that ends."""
    data, image_id = picture(await draw(keeping))
    await damage(keeping, data, how, image_id)
    path = f"/v1/files/{image_id}/content"
    assert (await keeping.rest.head(path)).status_code == status
    if status == 404:
        answer = await keeping.rest.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "image_not_found")
        assert "etag" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
        return
    with pytest.raises(Exception, match="peer closed connection"):
        await keeping.rest.get(path)


async def test_a_small_picture_that_is_damaged_is_not_begun(keeping: Stack) -> None:
    data, image_id = picture(await draw(keeping, "gemini/emulator-size-500000"))
    await damage(keeping, data, flip, image_id)
    assert (await keeping.rest.get(f"/v1/files/{image_id}/content")).status_code == 404
    assert (await keeping.rest.head(f"/v1/files/{image_id}/content")).status_code == 404
