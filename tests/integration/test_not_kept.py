"""A picture that turns out not to be kept, on a full disk or over keep_max_bytes, reaches its caller all the same."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from imagewire_server.contract import pb
from imagewire_server.core.store.local.part_file import PartFile
from tests.conftest import Stack, running_stack, spec
from tests.integration.rest_requests import MODEL, ask, body
from tests.integration.status import told

IMAGES, RESPONSES, CHAT = "/v1/images/generations", "/v1/responses", "/v1/chat/completions"
BIG = "gemini/emulator-size-3MB"
DRAW = {"type": "image_generation"}


@pytest.fixture(params=["disk", "cap"])
async def full(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stack]:
    settings: dict[str, Any] = {"keep": "local", "keep_dir": str(tmp_path / "kept")}
    if request.param == "cap":
        settings["keep_max_bytes"] = 2_000_000
    else:
        write = PartFile.write

        def fail(file: PartFile, *data: bytes) -> None:
            if file.size > 1_000_000:
                raise OSError(28, "No space left on device")
            write(file, *data)

        monkeypatch.setattr(PartFile, "write", fail)
    async with running_stack(rest=True, **settings) as made:
        yield made


def drawn(stack: Stack) -> str:
    assert len(stack.emulator.ledger.entries) == 1
    return str(stack.emulator.ledger.entries[-1].images[-1]["sha256"])


def inside(given: Any) -> list[str]:
    """The hashes of the pictures that are in an answer."""
    if isinstance(given, dict):
        return [one for value in given.values() for one in inside(value)]
    if isinstance(given, list):
        return [one for value in given for one in inside(value)]
    if not isinstance(given, str) or len(given) < 1000:
        return []
    return [hashlib.sha256(base64.b64decode(given.rpartition(",")[2])).hexdigest()]


ASKS = [
    (CHAT, body(BIG, image_delivery="url")),
    (IMAGES, {"model": BIG, "prompt": "A banana", "response_format": "url"}),
    (RESPONSES, {"model": BIG, "input": "A banana", "tools": [DRAW], "image_delivery": "url"}),
]


@pytest.mark.parametrize(("path", "given"), ASKS)
async def test_an_answer_by_url_has_its_picture_inside(full: Stack, path: str, given: Any) -> None:
    answer = await ask(full, given, path)
    assert answer.status_code == 200, answer.text
    assert set(inside(answer.json())) == {drawn(full)}
    assert "/v1/images/files/" not in answer.text
    assert "image_id" not in answer.text


async def test_a_stream_of_pictures_ends_with_the_picture(full: Stack) -> None:
    given = {"model": BIG, "prompt": "A banana", "response_format": "url", "stream": True}
    answer = await ask(full, given, IMAGES)
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert events[-1]["type"] == "image_generation.completed"
    assert inside(events[-1]["b64_json"]) == [drawn(full)]
    assert "usage" in events[-1]
    assert "url" not in events[-1]


@pytest.mark.parametrize(("path", "given"), [ASKS[0], ASKS[2]])
async def test_a_stream_ends_with_the_picture_inside(full: Stack, path: str, given: Any) -> None:
    answer = await ask(full, {**given, "stream": True}, path)
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert set(inside(events)) == {drawn(full)}
    assert "error" not in events[-1]


async def test_a_unary_answer_has_the_bytes(full: Stack) -> None:
    answer = await full.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec(BIG)))
    assert len(answer.candidates[0].message.image.data) == 3_000_000
    assert hashlib.sha256(answer.candidates[0].message.image.data).hexdigest() == drawn(full)


async def test_a_unary_answer_that_may_not_have_them_says_how_to_get_them(full: Stack) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await full.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec(BIG), max_inline_bytes=100_000))
    known = told(failed.value)
    assert (known.info.reason, known.info.metadata["use"]) == ("ANSWER_TOO_LARGE", "StreamCompletion")
    assert "could not be kept" in known.message


async def test_what_is_kept_is_named(tmp_path: Path) -> None:
    async with running_stack(keep="local", keep_dir=str(tmp_path / "kept")) as stack:
        request = pb.CreateCompletionRequest(spec=spec(MODEL), max_inline_bytes=1000)
        image = (await stack.chat.CreateCompletion(request)).candidates[0].message.image
        call = stack.images.DownloadImage(pb.DownloadImageRequest(image_id=image.image_id))
        first, *_ = [one async for one in call]
        assert first.image.sha256 == image.sha256
