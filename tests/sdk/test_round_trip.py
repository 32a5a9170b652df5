"""Through the real server: all that Google answered goes back to it as it came, from a chat and from completion()."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import imagewire
from tests.conftest import Stack, running_stack
from tests.pictures import JPEG, PNG
from tests.upstream import Noting, answering

MODEL = "gemini/gemini-2.5-flash-image"


def inline(mime_type: str, data: bytes, **beside: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode(), **beside}}


SIGNATURE = base64.b64encode(b"\xffsigned").decode()
PARTS: list[dict[str, Any]] = [
    {"text": "I think", "thought": True},
    {"executableCode": {"language": "PYTHON", "code": "1 + 1", "big": 9007199254740993}, "thoughtSignature": SIGNATURE},
    {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2\n"}},
    inline("image/png", PNG, displayName="draft.png") | {"thought": True, "thoughtSignature": SIGNATURE},
    {"text": "Here: "},
    inline("audio/wav", b"RIFF sound") | {"partMetadata": {"loud": [1.5, None]}},
    {"text": "and", "thoughtSignature": SIGNATURE},
    inline("image/jpeg", JPEG, displayName="final.jpg") | {"thoughtSignature": SIGNATURE},
    {"functionCall": {"id": "c", "name": "f", "args": {"n": 9007199254740993}}, "thoughtSignature": SIGNATURE},
    {"functionCall": {"name": "g", "args": {"half": 0.5}}},
    {"fileData": {"fileUri": "https://example.com/a.png", "mimeType": "image/png"}},
    {"fileData": {"fileUri": "https://example.com/a.mp4", "mimeType": "video/mp4", "displayName": "film"}},
    {"aKindOfNextYear": [{"deep": [None, True, "\u2028"]}]},
]
TOKEN = base64.b64encode(b"\xffmore").decode()
ANSWER = {
    "candidates": [
        {
            "content": {"role": "model", "parts": PARTS},
            "finishReason": "STOP",
            "continuationToken": TOKEN,
            "newField": {"a": 1},
        }
    ],
    "usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 9, "serviceTier": "flex"},
    "modelStatus": {"modelStage": "DEPRECATED", "retirementTime": "2027-03-15T00:00:00Z"},
    "newField": [1],
}


@asynccontextmanager
async def google() -> AsyncIterator[tuple[Stack, list[str]]]:
    """A server whose Google answers all of this each time; and what was asked of it."""
    noting = Noting(json.dumps(ANSWER))
    async with answering(noting.take) as url, running_stack(gemini_base_url=url) as stack:
        yield stack, noting.bodies


async def test_u2_an_answer_in_a_chat_goes_back_as_google_sent_it() -> None:
    async with google() as (stack, bodies), imagewire.AsyncClient(stack.target) as client:
        chat = client.chat.create(MODEL).append("A banana")
        answer = await chat.sample()
        await chat.append(answer).append("Make it blue").sample(after=answer)
    asked = [json.loads(body) for body in bodies]
    assert asked[1]["contents"][1] == {"role": "model", "parts": PARTS}
    assert asked[1]["continuationToken"] == TOKEN
    assert [image.mime_type for image in answer.images] == ["image/jpeg", "image/png"]
    assert [(media.mime_type, media.uri) for media in answer.media] == [
        ("audio/wav", ""),
        ("video/mp4", "https://example.com/a.mp4"),
    ]
    assert [native.kind for native in answer.natives] == ["executableCode", "codeExecutionResult", "aKindOfNextYear"]
    assert [part.args for part in answer.parts if part.function_call] == [{"n": 9007199254740993}, {"half": 0.5}]
    assert (answer.service_tier.lower(), answer.continuation_token) == ("flex", b"\xffmore")
    assert answer.model_status is not None
    assert answer.model_status.stage == "DEPRECATED"
    assert json.loads(answer.native_fields["newField"]) == [1]
    assert json.loads(answer.candidate.native_fields["newField"]) == {"a": 1}


async def test_u2_a_message_of_completion_goes_back_as_google_sent_it_even_through_json() -> None:
    say = {"role": "user", "content": "A banana"}
    async with google() as (stack, bodies):
        first = await imagewire.acompletion(MODEL, [say], target=stack.target)
        extras = first["provider_specific_fields"]
        for message in (first.choices[0].message, json.loads(json.dumps(first.choices[0].message.model_dump()))):
            token = extras["continuation_token"]
            await imagewire.acompletion(MODEL, [say, message, say], target=stack.target, continuation_token=token)
    asked = [json.loads(body) for body in bodies]
    assert asked[1]["contents"][1]["parts"] == PARTS
    assert asked[2]["contents"][1]["parts"] == PARTS
    assert {body["continuationToken"] for body in asked[1:]} == {TOKEN}
