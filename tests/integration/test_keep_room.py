"""A store that is small for what goes into it: nothing is paid for twice, and who reads live misses nothing."""

import asyncio
import contextlib
import hashlib
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack
from tests.integration.keeping import draw, draws, flat, resume
from tests.integration.shared_store import keep_settings
from tests.integration.status import told
from tests.integration.test_kept_images import PICTURE, described, download, upload

MODELS = ["gemini/emulator-size-3000KB", "gemini/emulator-size-3001KB", "gemini/emulator-size-3002KB"]
PIECE = 1_000_000  # bytes of a message


@pytest.fixture(params=["local", "folder"])
async def small(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stack]:
    """Room for two pictures of 3 MB, not for three."""
    async with running_stack(**keep_settings(request, tmp_path), keep_max_bytes=8_000_000) as made:
        yield made


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    return keep_settings(request, tmp_path)


def picture(number: int, size: int = 3_000_000) -> bytes:
    return PICTURE + bytes([number]) * (size - len(PICTURE))


def in_pieces(data: bytes) -> list[tuple[int, bytes]]:
    return [(at, data[at : at + PIECE]) for at in range(0, len(data), PIECE)]


async def reason_of(call: object) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call  # type: ignore[misc]
    return told(failed.value).info.reason


async def gone(stack: Stack, completion_id: str) -> str:
    """Wait until an answer has made room: a shared store does that beside everything else. Returns why it is gone."""
    async with asyncio.timeout(60):
        while True:
            try:
                await resume(stack, completion_id=completion_id)
            except grpc.aio.AioRpcError as error:
                return told(error).info.reason


async def test_what_made_room_is_not_drawn_again(small: Stack) -> None:
    ids = [str(uuid.uuid4()) for _ in range(3)]
    drawn = [await draw(small, model, request_id=ident) for model, ident in zip(MODELS, ids, strict=True)]
    first = drawn[0][0].started.completion_id
    assert await gone(small, first) == "ANSWER_NOT_KEPT"
    assert await reason_of(draw(small, MODELS[0], request_id=ids[0])) == "ANSWER_NOT_KEPT"
    assert await reason_of(resume(small, request_id=ids[0])) == "ANSWER_NOT_KEPT"
    assert (await draw(small, MODELS[2], request_id=ids[2]))[-1].HasField("finished")
    assert draws(small) == 3


async def test_an_upload_removes_no_more_than_it_needs(small: Stack) -> None:
    ident = str(uuid.uuid4())
    await draw(small, request_id=ident)
    made = [
        (await upload(small, described(picture(n), mime_type="image/png"), *in_pieces(picture(n)))).image.image_id
        for n in range(2)
    ]
    assert [len((await download(small, one))[1]) for one in made] == [3_000_000, 3_000_000]
    assert await reason_of(draw(small, request_id=ident)) == "ANSWER_NOT_KEPT"


async def test_an_upload_that_is_larger_than_the_store_is_refused_before_it_arrives(small: Stack) -> None:
    image = pb.Image(mime_type="image/png", size_bytes=7_200_001, sha256=hashlib.sha256(b"").digest())
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await upload(small, image)
    (violation,) = told(failed.value).bad.field_violations
    assert (violation.field, "keep_max_bytes" in violation.description) == ("image.size_bytes", True)


async def test_half_sent_uploads_are_bounded(small: Stack) -> None:
    data = picture(1, 5_000_000)
    calls = [small.images.UploadImage() for _ in range(2)]
    first, second = calls
    await first.write(pb.UploadImageRequest(image=described(data)))
    for at, piece in in_pieces(data):
        await first.write(pb.UploadImageRequest(chunk=pb.ImageData(offset=at, data=piece)))
    await second.write(pb.UploadImageRequest(image=described(data)))
    # Those behind the refusal are not sent.
    with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
        for at, piece in in_pieces(data):
            await second.write(pb.UploadImageRequest(chunk=pb.ImageData(offset=at, data=piece)))
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await second
    assert told(failed.value).info.reason == "OVERLOADED"
    assert "keep_max_bytes" in (failed.value.details() or "")
    await first.done_writing()
    assert len((await download(small, (await first).image.image_id))[1]) == len(data)


@pytest.mark.parametrize("cap", [100_000, 2_000_000, 3_100_000])
@pytest.mark.parametrize("store", ["local", "folder"], indirect=True)
async def test_who_reads_live_has_every_byte_of_an_answer_that_is_too_large(store: dict[str, str], cap: int) -> None:
    ident = str(uuid.uuid4())
    async with running_stack(**store, keep_max_bytes=cap) as stack:
        events = await draw(stack, request_id=ident)
        assert [len(row[2]) for row in flat(events) if len(row) == 3] == [3_000_000]
        assert events[-1].HasField("finished")
        assert await reason_of(draw(stack, request_id=ident)) == "ANSWER_NOT_KEPT"
        assert draws(stack) == 1
