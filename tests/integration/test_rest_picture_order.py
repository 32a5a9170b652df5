"""Where a chat's pictures are: drafts behind the others, or as drawn; as drawn in streams; in the content, if asked."""

import json
from typing import Any

import pytest

from tests.conftest import Stack, running_stack
from tests.integration.rest_requests import THREE, ask, body

DRAFTS = f"{THREE}--drafts"
ONLY_DRAFT = f"{THREE}--thought-only"
STORY = f"{THREE}--interleaved"
CONTENT = {"x-image-fields": "content"}


async def message_of(stack: Stack, model: str = DRAFTS, *, stream: bool = False, **headers: str) -> dict[str, Any]:
    """The message of an answer; of a stream, put together as clients do."""
    given = body(model, include_reasoning=True, stream=stream)
    answer = await ask(stack, given, headers=headers)
    assert answer.status_code == 200, answer.text
    if not stream:
        made: dict[str, Any] = answer.json()["choices"][0]["message"]
        return made
    made = {"role": "assistant", "content": "", "images": []}
    for line in answer.text.splitlines():
        if not line.startswith("data: {"):
            continue
        for choice in json.loads(line.removeprefix("data: "))["choices"]:
            for name, value in choice["delta"].items():
                if name in {"content", "reasoning_content"}:
                    made[name] = made.get(name, "") + value
                elif name == "images":
                    made[name] += value
                else:
                    made[name] = value
    return made


async def sent_back(stack: Stack, message: dict[str, Any]) -> list[dict[str, Any]]:
    """The model's parts, after the message was sent back."""
    messages = [*body()["messages"], message, {"role": "user", "content": "Now blue"}]
    answer = await ask(stack, body(THREE, messages=messages))
    assert answer.status_code == 200, answer.text
    assert "x-imagewire-signature-bypass" not in answer.headers
    parts: list[dict[str, Any]] = stack.emulator.ledger.entries[-1].body["contents"][1]["parts"]
    return parts


async def test_the_first_picture_is_no_draft(rest: Stack) -> None:
    message = await message_of(rest)
    first, draft = message["images"]
    assert (first["index"], draft["index"]) == (0, 1)
    assert ("thought" in first, draft.get("thought")) == (False, True)
    assert first["image_url"]["url"] == message["image"]["url"]


@pytest.mark.parametrize(("order", "stream"), [("drawn", False), ("drawn", True), ("final", True)])
async def test_streams_have_the_models_order_and_answers_by_a_setting(order: str, stream: bool) -> None:
    async with running_stack(rest=True, rest_image_order=order) as stack:
        message = await message_of(stack, stream=stream)
        assert [one.get("thought", False) for one in message["images"]] == [True, False]
        assert message["images"][1]["image_url"]["url"] == message["image"]["url"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("order", ["final", "drawn"])
async def test_the_parts_go_back_in_their_own_order(order: str, stream: bool) -> None:
    async with running_stack(rest=True, rest_image_order=order) as stack:
        message = await message_of(stack, stream=stream)
        parts = await sent_back(stack, message)
        pictures = [part for part in parts if "inlineData" in part]
        assert [part.get("thought", False) for part in pictures] == [True, False]
        assert pictures[1]["thoughtSignature"]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_only_draft_is_the_picture(rest: Stack, stream: bool) -> None:
    message = await message_of(rest, ONLY_DRAFT, stream=stream)
    [only] = message["images"]
    assert only["thought"]
    assert only["image_url"]["url"] == message["image"]["url"]


@pytest.mark.parametrize("model", [THREE, DRAFTS, ONLY_DRAFT, STORY])
async def test_the_content_is_an_array_of_parts(rest: Stack, model: str) -> None:
    usual = await message_of(rest, model)
    message = await message_of(rest, model, **CONTENT)
    assert not {"image", "images"} & set(message)
    texts = [part["text"] for part in message["content"] if part["type"] == "text"]
    assert "".join(texts) == usual["content"]
    pictures = [part for part in message["content"] if part["type"] == "image_url"]
    assert [part.get("thought") for part in pictures] == [one.get("thought") for one in usual["images"]]
    assert [part["image_url"]["url"] for part in pictures] == [one["image_url"]["url"] for one in usual["images"]]
    assert await sent_back(rest, message) == await sent_back(rest, usual)


async def test_a_content_without_extras_goes_back_in_its_order(rest: Stack) -> None:
    message = await message_of(rest, STORY, **CONTENT)
    kinds = [part["type"] for part in message["content"]]
    parts = await ask(
        rest,
        body(
            "gemini/gemini-2.5-flash-image",
            messages=[*body()["messages"], {"role": "assistant", "content": message["content"]}, *body()["messages"]],
        ),
    )
    assert parts.status_code == 200, parts.text
    sent = rest.emulator.ledger.entries[-1].body["contents"][1]["parts"]
    assert ["text" if "text" in part else "image_url" for part in sent] == kinds


async def test_a_stream_has_no_such_content(rest: Stack) -> None:
    answer = await ask(rest, body(stream=True), headers=CONTENT)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "x-image-fields")
