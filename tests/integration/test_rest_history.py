"""A history that was rebuilt without signatures works with models that require them, or is refused by name."""

import base64
from pathlib import Path
from typing import Any

import grpc
import pytest

from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack
from tests.integration.rest_requests import MODEL, PNG_URL, THREE, ask, body
from tests.integration.status import told
from tests.pictures import PNG

PLACEHOLDER = base64.b64encode(b"skip_thought_signature_validator").decode()
CALL = {"id": "call_a", "type": "function", "function": {"name": "look", "arguments": "{}"}}
IMAGE = {"type": "image_url", "image_url": {"url": PNG_URL}}
CHAT: dict[str, Any] = {
    "messages": [
        {"role": "user", "content": "A banana"},
        {"role": "assistant", "content": "Here", "images": [IMAGE], "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_a", "content": "yellow"},
        {"role": "assistant", "content": "It is yellow"},
        {"role": "user", "content": "Now blue"},
    ]
}
UNSIGNED = [
    "messages[1].content",
    "messages[1].images[0].image_url.url",
    "messages[1].tool_calls[0].function.arguments",
    "messages[3].content",
]
RESPONSES: dict[str, Any] = {
    "input": [
        {"role": "user", "content": "A banana"},
        {"type": "image_generation_call", "id": "ig_1", "result": PNG_URL.partition(",")[2]},
        {"role": "user", "content": "Now blue"},
    ]
}
BOTH = pytest.mark.parametrize(
    ("path", "given", "fields"),
    [
        (
            "/v1/chat/completions",
            CHAT,
            ",".join(UNSIGNED),
        ),
        ("/v1/responses", RESPONSES, "input[1].result"),
    ],
)


@BOTH
async def test_missing_signatures_are_bypassed(rest: Stack, path: str, given: dict[str, Any], fields: str) -> None:
    answer = await ask(rest, {"model": THREE, **given}, path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-imagewire-signature-bypass"] == fields
    turns = [turn for turn in rest.emulator.ledger.entries[-1].body["contents"] if turn["role"] == "model"]
    signed = [part.get("thoughtSignature") for turn in turns for part in turn["parts"]]
    assert signed == [PLACEHOLDER] * len(fields.split(","))


@BOTH
async def test_a_model_that_requires_none_gets_none(rest: Stack, path: str, given: dict[str, Any], fields: str) -> None:
    answer = await ask(rest, {"model": MODEL, **given}, path)
    assert answer.status_code == 200, answer.text
    assert "x-imagewire-signature-bypass" not in answer.headers
    assert "thoughtSignature" not in str(rest.emulator.ledger.entries[-1].body)


@BOTH
async def test_missing_signatures_are_refused_where_so_configured(
    path: str, given: dict[str, Any], fields: str
) -> None:
    async with running_stack(rest=True, missing_signatures="refuse") as stack:
        answer = await ask(stack, {"model": THREE, **given}, path)
        error = answer.json()["error"]
        assert (answer.status_code, error["param"]) == (400, fields.partition(",")[0])
        assert "provider_specific_fields" in error["message"]
        assert stack.emulator.ledger.entries == []
        assert (await ask(stack, {"model": MODEL, **given}, path)).status_code == 200


async def test_an_answer_that_is_sent_back_unchanged_keeps_its_signatures(rest: Stack) -> None:
    first = await ask(rest, body(THREE))
    messages = [*body()["messages"], first.json()["choices"][0]["message"], {"role": "user", "content": "Now blue"}]
    answer = await ask(rest, body(THREE, messages=messages))
    assert answer.status_code == 200, answer.text
    assert "x-imagewire-signature-bypass" not in answer.headers
    assert PLACEHOLDER not in str(rest.emulator.ledger.entries[-1].body)


async def test_grpc_tells_what_was_bypassed_and_refuses_it_where_so_configured() -> None:
    chat = [
        pb.ChatMessage(role=pb.Role.ROLE_USER, content="A banana"),
        pb.ChatMessage(role=pb.Role.ROLE_ASSISTANT, parts=[pb.Part(text="Here"), pb.Part(image=pb.Image(data=PNG))]),
        pb.ChatMessage(role=pb.Role.ROLE_USER, content="Now blue"),
    ]
    request = pb.CreateCompletionRequest(spec=pb.Spec(model=THREE, messages=chat))
    async with running_stack() as stack:
        call = stack.chat.CreateCompletion(request)
        await call
        said = dict(await call.trailing_metadata())
        assert said["x-imagewire-signature-bypass"] == "spec.messages[1].parts[0],spec.messages[1].parts[1]"
    async with running_stack(missing_signatures="refuse") as stack:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stack.chat.CreateCompletion(request)
        error = told(caught.value)
        named = [one.field for one in error.bad.field_violations]
        assert (error.code, named) == ("INVALID_ARGUMENT", ["spec.messages[1].parts[0]", "spec.messages[1].parts[1]"])
        assert "thought_signature" in error.message
        assert stack.emulator.ledger.entries == []


async def test_a_response_that_a_chat_goes_on_from_is_named(tmp_path: Path) -> None:
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path)) as stack:
        first = await ask(stack, {"model": MODEL, "input": "A banana"}, "/v1/responses")
        more = {"model": THREE, "input": "Now blue", "previous_response_id": first.json()["id"]}
        answer = await ask(stack, more, "/v1/responses")
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-imagewire-signature-bypass"] == "previous_response_id"
        assert PLACEHOLDER in str(stack.emulator.ledger.entries[-1].body)
