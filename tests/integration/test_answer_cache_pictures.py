"""The answer cache and input pictures: the same content is the same, however it is sent."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack
from tests.integration.keeping import draws
from tests.integration.test_answer_cache import asked
from tests.pictures import encoded

MODEL = "gemini/gemini-2.5-flash-image"
PNG = encoded("PNG", 64, 48)
URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
CACHED = "x-imagewire-cached-answers"


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(keep="local", keep_dir=str(tmp_path), rest=True) as made:
        yield made


async def uploaded(stack: Stack) -> str:
    answer = await stack.rest.post("/v1/files", files={"file": ("a.png", PNG)}, data={"purpose": "vision"})
    return str(answer.json()["id"])


async def chat(stack: Stack, part: dict[str, Any]) -> bool:
    content = [{"type": "text", "text": "Make it blue"}, part]
    body = {"model": MODEL, "cache": {"ttl": 600}, "messages": [{"role": "user", "content": content}]}
    answer = await stack.rest.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text[:500]
    return CACHED in answer.headers


async def edit(stack: Stack, image: Any) -> bool:
    fields = {"model": MODEL, "prompt": "Make it blue", "cache": '{"ttl": 600}'}
    form = [*((name, (None, value)) for name, value in fields.items()), ("image", image)]
    answer = await stack.rest.post("/v1/images/edits", files=form)
    assert answer.status_code == 200, answer.text[:500]
    return CACHED in answer.headers


async def test_in_chats(local: Stack) -> None:
    parts = [
        {"type": "image_url", "image_url": {"url": URL}},
        {"type": "image_url", "image_url": {"url": URL, "detail": "auto"}},
        {"type": "file", "file": {"file_id": await uploaded(local)}},
    ]
    assert [await chat(local, part) for part in parts] == [False, True, True]
    assert draws(local) == 1


async def test_in_edits(local: Stack) -> None:
    images = [("a.png", PNG, "image/png"), ("b", PNG), (None, await uploaded(local))]
    assert [await edit(local, image) for image in images] == [False, True, True]
    assert draws(local) == 1


async def test_over_grpc_and_rest(local: Stack) -> None:
    ident = await uploaded(local)
    found = []
    for image in (pb.Image(data=PNG), pb.Image(image_id=ident), pb.Image(data=PNG, mime_type="image/png")):
        message = pb.ChatMessage(role=pb.Role.ROLE_USER, content="Make it blue", image=image)
        events = await asked(local, pb.Spec(model=MODEL, messages=[message]))
        found.append(events[-1].finished.usage.cached_answer)
    assert found == [False, True, True]
    assert draws(local) == 1
