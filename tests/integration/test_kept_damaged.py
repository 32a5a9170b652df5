"""Kept pictures that are damaged, cut or gone, in each store: nobody takes them for good, and nothing is paid."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack, spec
from tests.integration.keeping import BIG, draw, draws, resume
from tests.integration.shared_store import keep_settings
from tests.integration.status import told
from tests.integration.test_kept_images import asked, described, download, sent, upload

Damage = Callable[[Path], object]


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.fixture(params=["local", "folder"])
async def keeping(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(rest=True, **keep_settings(request, tmp_path)) as made:
        yield made


async def damage(stack: Stack, folder: Path, data: bytes, how: Damage) -> None:
    """Damage the file with these bytes, or its last piece."""
    store = stack.server.keeper._store
    assert store is not None
    await store.flush()

    def find() -> Path:
        found = [one for one in folder.rglob("*") if one.is_file() and 0 < one.stat().st_size <= len(data)]
        return next(one for one in found if data.endswith(one.read_bytes()))

    await asyncio.to_thread(lambda: how(find()))


def picture(events: list[pb.Event]) -> tuple[bytes, str]:
    data = b"".join(event.image_chunk.data for event in events)
    [image] = [event.part_finished.image for event in events if event.part_finished.HasField("image")]
    return data, image.image_id


async def fails(call: Any) -> Any:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    return told(failed.value)


@pytest.mark.parametrize("how", [flip, cut, empty, Path.unlink])
async def test_a_damaged_picture_has_no_good_end(keeping: Stack, tmp_path: Path, how: Damage) -> None:
    ident = str(uuid.uuid4())
    events = await draw(keeping, request_id=ident)
    data, image_id = picture(events)
    completion_id = events[0].started.completion_id
    await damage(keeping, tmp_path, data, how)
    create = pb.CreateCompletionRequest(spec=spec(BIG), request_id=ident, max_inline_bytes=30_000_000)
    for call in (
        draw(keeping, request_id=ident),
        resume(keeping, completion_id=completion_id),
        resume(keeping, request_id=ident, after_sequence=1),
        keeping.chat.CreateCompletion(create),
    ):
        status = await fails(call)
        assert (status.code, status.info.reason) == ("ABORTED", "ANSWER_NOT_KEPT")
        assert status.info.metadata["completion_id"] == completion_id
    status = await fails(download(keeping, image_id))
    assert (status.code, status.info.reason) == ("NOT_FOUND", "IMAGE_NOT_FOUND")
    go_on = pb.ChatMessage(role=pb.Role.ROLE_USER, content="With a hat")
    continued = pb.Spec(model=BIG, messages=[go_on], previous_completion_id=completion_id)
    for given, reason in (
        (asked(pb.Image(image_id=image_id)), "IMAGE_NOT_FOUND"),
        (continued, "COMPLETION_NOT_FOUND"),
    ):
        status = await fails(keeping.chat.CreateCompletion(pb.CreateCompletionRequest(spec=given)))
        assert (status.code, status.info.reason) == ("NOT_FOUND", reason)
    assert draws(keeping) == 1


@pytest.mark.parametrize("how", [flip, empty, Path.unlink])
async def test_an_upload_mends_a_picture_that_is_named_by_its_hash(keeping: Stack, tmp_path: Path, how: Damage) -> None:
    data, _ = picture(await draw(keeping))
    sha256 = hashlib.sha256(data).digest()
    await damage(keeping, tmp_path, data, how)
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


@pytest.mark.parametrize(("how", "status"), [(flip, 200), (cut, 404), (empty, 404), (Path.unlink, 404)])
async def test_a_file_that_is_damaged_has_no_good_end(keeping: Stack, tmp_path: Path, how: Damage, status: int) -> None:
    """Its size is seen before the answer begins, and its hash before that ends."""
    data, image_id = picture(await draw(keeping))
    await damage(keeping, tmp_path, data, how)
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


async def test_a_small_picture_that_is_damaged_is_not_begun(keeping: Stack, tmp_path: Path) -> None:
    data, image_id = picture(await draw(keeping, "gemini/emulator-size-500000"))
    await damage(keeping, tmp_path, data, flip)
    assert (await keeping.rest.get(f"/v1/files/{image_id}/content")).status_code == 404
    assert (await keeping.rest.head(f"/v1/files/{image_id}/content")).status_code == 404
