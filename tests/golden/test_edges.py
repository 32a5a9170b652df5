"""Every golden answer through both real edges: the same text, pictures, reasons, usage, and the same errors."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import httpx
import pytest
from aiohttp import web

from imagewire import acollect
from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack, spec
from tests.golden.cases import CASES, WHOLE, Case
from tests.golden.test_rest import Seen, joined_chunks, of_grpc, of_rest, picture_digest, same_items, same_usage
from tests.integration.status import told
from tests.upstream import answering

MODEL = "gemini/gemini-2.5-flash-image"
CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "A banana"}]}
STREAM = {"stream": True, "stream_options": {"include_usage": True}}
RESPONSE = {"model": MODEL, "input": "A banana", "tools": [{"type": "image_generation"}]}
IMAGES = {"model": MODEL, "prompt": "A banana"}
BROKEN = [case for case in CASES if case.fails]
each_case = pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.name)
each_broken_case = pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
both = pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])


@asynccontextmanager
async def serving(case: Case) -> AsyncIterator[Stack]:
    """A server whose provider gives the case's answer."""

    async def answer(_: web.Request) -> web.Response:
        kind = "text/event-stream" if case.sse else "application/json"
        return web.Response(body=case.answer, content_type=kind)

    async with answering(answer) as url, running_stack(rest=True, gemini_base_url=url) as stack:
        yield stack


async def over_grpc(stack: Stack, *, stream: bool) -> pb.CreateCompletionResponse:
    if stream:
        return await acollect(stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec(MODEL))))
    made: pb.CreateCompletionResponse = await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec(MODEL)))
    return made


async def over_rest(stack: Stack, path: str, given: dict[str, Any]) -> httpx.Response:
    return await stack.rest.post(path, json=given)


def told_events(answer: httpx.Response) -> list[dict[str, Any]]:
    """The JSON of a response's or a picture's events."""
    return [json.loads(event.partition("\ndata: ")[2]) for event in answer.text.removesuffix("\n\n").split("\n\n")]


@each_case
@both
async def test_a_chat(case: Case, stream: bool) -> None:
    async with serving(case) as stack:
        expected = await over_grpc(stack, stream=stream)
        answer = await over_rest(stack, "/v1/chat/completions", {**CHAT, **(STREAM if stream else {})})
    assert answer.status_code == 200, answer.text
    if stream:
        message, choice, usage, _ = joined_chunks(answer.text)
    else:
        [choice] = answer.json()["choices"]
        message, usage = choice["message"], answer.json().get("usage")
    assert of_rest(message, choice) == of_grpc(expected)
    same_usage(usage, expected.usage)


@each_case
@both
async def test_a_response(case: Case, stream: bool) -> None:
    async with serving(case) as stack:
        expected = await over_grpc(stack, stream=stream)
        answer = await over_rest(stack, "/v1/responses", {**RESPONSE, "stream": stream})
    response = told_events(answer)[-1]["response"] if stream else answer.json()
    same_items(response, of_grpc(expected))


def finals(seen: Seen) -> list[str]:
    """The pictures that are no drafts, else the last draft."""
    return [digest for digest, thought in seen.pictures if not thought] or [d for d, _ in seen.pictures[-1:]]


@each_case
@both
async def test_pictures_alone(case: Case, stream: bool) -> None:
    async with serving(case) as stack:
        expected = await over_grpc(stack, stream=stream)
        answer = await over_rest(stack, "/v1/images/generations", {**IMAGES, "stream": stream})
    seen = of_grpc(expected)
    if not seen.pictures:
        error = told_events(answer)[-1]["error"] if answer.status_code == 200 else answer.json()["error"]
        assert error["code"] == "picture_withheld"
        assert (seen.native or "") in error["message"]
        return
    if stream:
        done = [event for event in told_events(answer) if event["type"] == "image_generation.completed"]
    else:
        done = answer.json()["data"]
    assert [picture_digest(one["b64_json"]) for one in done] == finals(seen)
    usage = done[-1]["usage"] if stream else answer.json()["usage"]
    assert usage["total_tokens"] == expected.usage.total_tokens
    assert usage["output_tokens"] == expected.usage.candidates_tokens + expected.usage.thoughts_tokens


@each_broken_case
@both
@pytest.mark.parametrize(
    ("path", "given"),
    [("/v1/chat/completions", CHAT), ("/v1/responses", RESPONSE), ("/v1/images/generations", IMAGES)],
    ids=["chat", "responses", "images"],
)
async def test_an_error(case: Case, stream: bool, path: str, given: dict[str, Any]) -> None:
    async with serving(case) as stack:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await over_grpc(stack, stream=stream)
    async with serving(case) as stack:  # another, which nothing is remembered of
        answer = await over_rest(stack, path, {**given, "stream": stream})
    expected = told(caught.value)
    if answer.status_code == 200:
        last = answer.text.rstrip().rpartition("data: ")[2]
        error = json.loads(last)["error"]
        assert stream
    else:
        error = answer.json()["error"]
        status = {"INVALID_ARGUMENT": 400, "ABORTED": 502}[expected.code]
        assert answer.status_code == status
    assert error["code"] == expected.info.reason.lower()
    assert error["message"] == expected.message
    assert ("x-should-retry" in answer.headers) is (answer.status_code != 200)  # it may have been charged
