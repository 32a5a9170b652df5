"""Pictures in and out of the store: uploaded, downloaded, deleted, and named in requests by id or hash."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack, spec
from tests.integration.status import told
from tests.pictures import encoded

PICTURE = encoded("PNG", 64, 48)
SHA = hashlib.sha256(PICTURE).digest()


@pytest.fixture
async def keeping(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(keep="local", keep_dir=str(tmp_path / "kept")) as made:
        yield made


def described(data: bytes = PICTURE, **fields: Any) -> pb.Image:
    sha256 = hashlib.sha256(data).digest()
    return pb.Image(**{"mime_type": "image/png", "size_bytes": len(data), "sha256": sha256, **fields})


def upload(stack: Stack, image: pb.Image, *chunks: tuple[int, bytes]) -> Any:
    requests = [pb.UploadImageRequest(image=image)]
    requests += [pb.UploadImageRequest(chunk=pb.ImageData(offset=offset, data=data)) for offset, data in chunks]
    return stack.images.UploadImage(iter(requests))


async def download(stack: Stack, image_id: str, **fields: Any) -> tuple[pb.Image, bytes]:
    call = stack.images.DownloadImage(pb.DownloadImageRequest(image_id=image_id, **fields))
    first, *chunks = [response async for response in call]
    return first.image, b"".join(one.chunk.data for one in chunks)


def asked(image: pb.Image) -> pb.Spec:
    message = pb.ChatMessage(role=pb.Role.ROLE_USER, content="Make it blue", image=image)
    return pb.Spec(model="gemini/gemini-2.5-flash-image", messages=[message])


def sent(stack: Stack, data: bytes) -> bool:
    """Whether the last request to the provider had this picture, by the length of its base64."""
    return f"<{len(base64.b64encode(data))} characters>" in str(stack.emulator.ledger.entries[-1].body)


async def test_a_picture_goes_up_and_comes_down(keeping: Stack) -> None:
    made = (await upload(keeping, described(), (0, PICTURE[:50]), (50, PICTURE[50:]))).image
    assert (made.width, made.height, made.size_bytes, made.sha256, made.data) == (64, 48, len(PICTURE), SHA, b"")
    image, data = await download(keeping, made.image_id)
    assert (image, data) == (made, PICTURE)
    assert (await download(keeping, made.image_id, offset=len(PICTURE) - 3))[1] == PICTURE[-3:]
    assert (await download(keeping, made.image_id, offset=len(PICTURE)))[1] == b""
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await download(keeping, made.image_id, offset=len(PICTURE) + 1)
    assert [one.field for one in told(failed.value).bad.field_violations] == ["offset"]


@pytest.mark.parametrize("named", ["image_id", "sha256"])
async def test_a_request_names_a_kept_picture(keeping: Stack, named: str) -> None:
    made = (await upload(keeping, described(), (0, PICTURE))).image
    await keeping.chat.CreateCompletion(
        pb.CreateCompletionRequest(spec=asked(pb.Image(**{named: getattr(made, named)})))
    )
    assert sent(keeping, PICTURE)


async def test_a_drawn_picture_is_named_by_its_hash(keeping: Stack) -> None:
    answer = await keeping.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec()))
    image = answer.candidates[0].message.image
    await keeping.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked(pb.Image(sha256=image.sha256))))
    assert sent(keeping, image.data)


async def test_missing_pictures_are_listed(keeping: Stack) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await keeping.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked(pb.Image(sha256=SHA))))
    info = told(failed.value).info
    assert (told(failed.value).code, info.reason, info.metadata["missing"]) == (
        "NOT_FOUND",
        "IMAGE_NOT_FOUND",
        SHA.hex(),
    )
    assert keeping.emulator.ledger.entries == []


WRONG: list[tuple[pb.Image, list[tuple[int, bytes]], str]] = [
    (described(size_bytes=len(PICTURE) + 1), [(0, PICTURE)], "image.size_bytes"),
    (described(size_bytes=len(PICTURE) - 1), [(0, PICTURE)], "image.size_bytes"),
    (described(sha256=bytes(32)), [(0, PICTURE)], "image.sha256"),
    (described(sha256=b"x"), [(0, PICTURE)], "image.sha256"),
    (described(mime_type="image/jpeg"), [(0, PICTURE)], "image.mime_type"),
    (described(width=65), [(0, PICTURE)], "image.width"),
    (described(b"x" * 100), [(0, b"x" * 100)], "chunk.data"),
    (described(PICTURE[:8]), [(0, PICTURE[:8])], "chunk.data"),
    (described(), [(1, PICTURE)], "chunk.offset"),
    (described(), [(0, b"")], "chunk.data"),
    (described(size_bytes=2**40), [], "image.size_bytes"),
    (described(mime_type=""), [], "image.mime_type"),
    (described(uri="gs://a/b"), [], "image"),
    (described(display_name="x"), [], "image.display_name"),
]


@pytest.mark.parametrize(("image", "chunks", "field"), WRONG, ids=[f"{i}-{row[2]}" for i, row in enumerate(WRONG)])
async def test_a_wrong_upload_is_named_and_leaves_nothing(
    keeping: Stack, tmp_path: Path, image: pb.Image, chunks: list[tuple[int, bytes]], field: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await upload(keeping, image, *chunks)
    assert [one.field for one in told(failed.value).bad.field_violations] == [field]
    await upload(keeping, described(), (0, PICTURE))  # the store's thread has removed the other by now
    assert [path.name for path in (tmp_path / "kept/parts").iterdir()] == []
    assert len(list((tmp_path / "kept/objects").rglob("*.*"))) <= 1


async def test_a_deleted_picture_is_gone(keeping: Stack) -> None:
    made = (await upload(keeping, described(), (0, PICTURE))).image
    await keeping.images.DeleteImage(pb.DeleteImageRequest(image_id=made.image_id))
    for call in (
        download(keeping, made.image_id),
        keeping.images.DeleteImage(pb.DeleteImageRequest(image_id=made.image_id)),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await call
        assert told(failed.value).info.reason == "IMAGE_NOT_FOUND"


async def test_a_chat_goes_on_by_the_id_of_its_answer(keeping: Stack) -> None:
    model = "gemini/gemini-3-pro-image-preview"
    first = await keeping.chat.CreateCompletion(
        pb.CreateCompletionRequest(
            spec=pb.Spec(
                model=model,
                messages=[
                    pb.ChatMessage(role=pb.Role.ROLE_SYSTEM, content="Draw cats"),
                    pb.ChatMessage(role=pb.Role.ROLE_USER, content="A cat", image=pb.Image(data=PICTURE)),
                ],
            )
        )
    )
    second = await keeping.chat.CreateCompletion(
        pb.CreateCompletionRequest(spec=_next(model, "With a hat", first.completion_id))
    )
    await keeping.chat.CreateCompletion(
        pb.CreateCompletionRequest(spec=_next(model, "And a coat", second.completion_id))
    )
    body = keeping.emulator.ledger.entries[-1].body
    assert [turn["role"] for turn in body["contents"]] == ["user", "model", "user", "model", "user"]
    assert "Draw cats" in str(body["systemInstruction"])
    signed = [part for turn in body["contents"] if turn["role"] == "model" for part in turn["parts"]]
    assert all("thoughtSignature" in part for part in signed if "inlineData" in part)


def _next(model: str, words: str, completion_id: str) -> pb.Spec:
    message = pb.ChatMessage(role=pb.Role.ROLE_USER, content=words)
    return pb.Spec(model=model, messages=[message], previous_completion_id=completion_id)


async def test_an_unknown_answer_is_no_chat_to_go_on_with(keeping: Stack) -> None:
    request = pb.CreateCompletionRequest(spec=_next("gemini/gemini-2.5-flash-image", "x", "cmpl-x"))
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await keeping.chat.CreateCompletion(request)
    assert told(failed.value).info.reason == "COMPLETION_NOT_FOUND"


async def test_an_upload_may_pause_as_long_as_any_request(tmp_path: Path) -> None:
    async with running_stack(keep="local", keep_dir=str(tmp_path / "kept"), receive_timeout=0.5) as stack:
        call = stack.images.UploadImage()
        await call.write(pb.UploadImageRequest(image=described()))
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await call
        assert told(failed.value).info.reason == "REQUEST_TIMEOUT"
        assert "within 0.5 s (receive_timeout)" in (failed.value.details() or "")
        assert [path.name for path in (tmp_path / "kept/parts").iterdir()] == []
