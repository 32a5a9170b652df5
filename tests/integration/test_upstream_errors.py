"""Errors as Google, proxies and relays send them, over real HTTP, and what a caller sees of each."""

import asyncio
import base64
import gzip
import json
import math
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import grpc
import pytest
from aiohttp import web

from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack, spec
from tests.deployments import google
from tests.integration.status import Told, told
from tests.integration.test_metrics import read, value
from tests.integration.token_server import TokenServer, token_server
from tests.upstream import Answer, answering

STREAM = pb.StreamCompletionRequest(spec=spec())


async def refused(answer: Answer, **settings: Any) -> tuple[Told, Any, int]:
    """What gRPC and REST tell of a call, and how often the provider was asked for the first."""
    asked = 0

    async def counting(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        return await answer(request)

    async with answering(counting) as url, running_stack(gemini_base_url=url, rest=True, **settings) as stack:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec()))
        attempts = asked
    # Another server, which nothing is remembered of.
    async with answering(counting) as url, running_stack(gemini_base_url=url, rest=True, **settings) as stack:
        body = {"model": "gemini/gemini-2.5-flash-image", "messages": [{"role": "user", "content": "x"}]}
        over_rest = await stack.rest.post("/v1/chat/completions", json=body)
    return told(failed.value), over_rest, attempts


def saying(status: int, body: bytes, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return answer


PLAIN = b"the reason of it"
_PACKED = gzip.compress(b'{"error": "the reason of it"}', mtime=0)
ROWS = [
    (400, b'{"error": "the reason of it"}', {}, "INVALID_ARGUMENT", "UPSTREAM_INVALID_ARGUMENT", 400),
    (400, b'{"message": "the reason of it"}', {}, "INVALID_ARGUMENT", "UPSTREAM_INVALID_ARGUMENT", 400),
    (400, _PACKED, {"content_encoding": "gzip"}, "INVALID_ARGUMENT",
     "UPSTREAM_INVALID_ARGUMENT", 400),
    (400, _PACKED, {}, "INVALID_ARGUMENT", "UPSTREAM_INVALID_ARGUMENT", 400),
    (400, b'{"error": {"message": "the reason of it", "x": "' + b"x" * 200_000 + b'"}}', {}, "INVALID_ARGUMENT",
     "UPSTREAM_INVALID_ARGUMENT", 400),
    (201, PLAIN, {}, "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", 502),
    (302, PLAIN, {"location": "/elsewhere"}, "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", 502),
    (307, PLAIN, {"location": "/elsewhere"}, "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", 502),
    (404, PLAIN, {}, "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", 502),
    (408, PLAIN, {}, "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", 504),
    (413, PLAIN, {}, "INVALID_ARGUMENT", "UPSTREAM_INVALID_ARGUMENT", 400),
    (418, PLAIN, {}, "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", 502),
    (499, PLAIN, {}, "ABORTED", "UPSTREAM_CANCELLED", 502),
    (520, PLAIN, {}, "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", 502),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "headers", "code", "reason", "http"), ROWS)
async def test_u8_the_reason_is_shown_and_the_fault_is_the_right_ones(
    status: int, body: bytes, headers: dict[str, str], code: str, reason: str, http: int
) -> None:
    said, over_rest, attempts = await refused(saying(status, body, **headers))
    assert (said.code, said.info.reason, attempts) == (code, reason, 1)
    assert "the reason of it" in said.message
    assert over_rest.status_code == http
    assert over_rest.json()["error"]["code"] == reason.lower()
    charged = status in {201, 408, 499, 520}
    assert (said.pushback == "-1") is charged
    assert (over_rest.headers.get("x-should-retry") == "false") is charged


@pytest.mark.parametrize("status", [201, 203])
async def test_u8_an_answer_under_another_status_of_success_is_one(status: int) -> None:
    whole = {"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}]}
    upstream = saying(status, json.dumps(whole).encode())
    async with answering(upstream) as url, running_stack(gemini_base_url=url) as stack:
        answer = await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec()))
    assert answer.candidates[0].message.content == "a"


# A date comes nearer while the machine is busy.
@pytest.mark.parametrize(("wait", "least", "most"), [("7.5", 7.5, 7.5), ("999999999", 300, 300), ("date", 1, 40)])
async def test_u8_retry_after_in_any_form_is_told_and_bounded(wait: str, least: float, most: float) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
        return web.Response(status=429, headers={"retry-after": until if wait == "date" else wait})

    said, over_rest, attempts = await refused(answer)
    assert least <= said.retry.retry_delay.ToTimedelta().total_seconds() <= most
    assert (over_rest.status_code, attempts) == (429, 1)
    assert least <= int(over_rest.headers["retry-after"]) <= math.ceil(most)


async def test_u8_a_quota_per_day_is_asked_for_once() -> None:
    details = [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded", "details": details}
    said, over_rest, attempts = await refused(saying(429, json.dumps({"error": error}).encode()))
    assert (said.code, said.info.reason, attempts) == ("RESOURCE_EXHAUSTED", "UPSTREAM_QUOTA_EXHAUSTED", 1)
    assert over_rest.json()["error"]["code"] == "upstream_quota_exhausted"
    assert over_rest.headers["x-should-retry"] == "false"


def event(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\r\n\r\n"


TEXT = event({"candidates": [{"content": {"parts": [{"text": "Here"}]}}]})


def streamed(*pieces: bytes) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
        return response

    return answer


@pytest.mark.parametrize("status", ["UNAVAILABLE", "CANCELLED", "RESOURCE_EXHAUSTED", "INTERNAL", "UNAUTHENTICATED"])
async def test_m_an_error_in_the_middle_of_an_answer_does_not_look_repeatable(status: str) -> None:
    error = {"code": 429, "status": status, "message": "words", "details": [{"retryDelay": "1s"}]}
    said, over_rest, attempts = await refused(streamed(TEXT, event({"error": error})))
    assert (said.code, said.pushback, attempts) == ("ABORTED", "-1", 1)
    assert not said.retry.HasField("retry_delay")
    assert (over_rest.status_code, over_rest.headers["x-should-retry"]) == (502, "false")
    assert "retry-after" not in over_rest.headers


async def _gather(call: Any, events: list[pb.Event]) -> None:
    async for one in call:
        events.append(one)  # noqa: PERF401  # those before an error count


@pytest.fixture
async def tokens() -> AsyncIterator[TokenServer]:
    async with token_server() as made:
        yield made


@pytest.mark.parametrize("before", [[TEXT], []], ids=["after text", "before anything"])
async def test_m3_vertex_is_asked_again_only_for_a_401_that_came_as_a_status(
    tokens: TokenServer, before: list[bytes]
) -> None:
    asked = 0
    error = event({"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "words"}})

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        return await streamed(*before, error)(request)

    vertex = (google("v", "draw", "vertex_ai", "m", credentials=tokens.service_account(), project="p"),)
    async with answering(answer) as url, running_stack(vertex, vertex_base_url=url) as stack:
        call = stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec("draw")))
        events: list[pb.Event] = []
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await _gather(call, events)
    assert sum(one.HasField("text_delta") for one in events) == len(before)
    assert asked == 1
    assert (told(failed.value).code, told(failed.value).pushback) == ("ABORTED", "-1")


USAGE = {
    "promptTokenCount": 10,
    "candidatesTokenCount": 1290,
    "totalTokenCount": 1300,
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
}
PICTURE = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(bytes(9000)).decode()}}
COST = (10 * 0.30 + 1290 * 30) / 10**6


def drawn(**beside: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": [PICTURE]}, **beside}], "usageMetadata": USAGE}


async def metrics(stack: Stack) -> dict[str, float]:
    samples = read((await stack.rest.get("/metrics")).text)
    return {
        "cost": value(samples, "imagewire_cost_usd_total", deployment="gemini"),
        "unknown": sum(
            value(samples, "imagewire_calls_of_unknown_cost_total", deployment="gemini", charged=charged)
            for charged in ("yes", "maybe")
        ),
    }


async def changed(stack: Stack, before: dict[str, float]) -> dict[str, float]:
    """The metrics, once a call has been counted: its caller learns of its end first."""
    async with asyncio.timeout(30):
        while (after := await metrics(stack)) == before:
            pass
    return after


async def test_m2_an_answer_too_large_is_counted_with_its_cost() -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(drawn(finishReason="STOP"))

    async with answering(answer) as url, running_stack(gemini_base_url=url, rest=True) as stack:
        before = await metrics(stack)
        # No picture is asked for, so nobody can know before that one comes.
        asked = spec(response_modalities=[pb.Modality.MODALITY_TEXT])
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked, max_inline_bytes=4000))
        after = await changed(stack, before)
    assert told(failed.value).info.reason == "ANSWER_TOO_LARGE"
    assert after["cost"] - before["cost"] == pytest.approx(COST)
    assert after["unknown"] == before["unknown"]


@pytest.mark.parametrize(
    ("front", "known"), [(drawn(), True), ({"candidates": [{"content": {"parts": [PICTURE]}}]}, False)]
)
async def test_m_a_cut_answer_is_counted_with_its_cost_where_that_is_known(front: dict[str, Any], known: bool) -> None:
    url_answer = streamed(event(front), b'data: {"candidates": [')
    async with answering(url_answer) as url, running_stack(gemini_base_url=url, rest=True) as stack:
        before = await metrics(stack)
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            async for _ in stack.chat.StreamCompletion(STREAM):
                pass
        after = await changed(stack, before)
    assert told(failed.value).info.reason == "UPSTREAM_CUT"
    assert after["cost"] - before["cost"] == pytest.approx(COST if known else 0)
    assert after["unknown"] - before["unknown"] == (0 if known else 1)


async def test_m_a_call_that_the_client_gave_up_is_counted_with_its_cost() -> None:
    over = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(event(drawn()))
        await over.wait()
        return response

    async with answering(answer) as url, running_stack(gemini_base_url=url, rest=True) as stack:
        before = await metrics(stack)
        call = stack.chat.StreamCompletion(STREAM)
        async for one in call:
            if one.HasField("part_finished"):
                break
        call.cancel()
        after = await changed(stack, before)
        over.set()
    assert after["cost"] - before["cost"] == pytest.approx(COST)
    assert after["unknown"] == before["unknown"]


async def test_u7_the_cost_of_an_answer_whose_picture_is_not_listed() -> None:
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 1290, "totalTokenCount": 1300}

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({**drawn(finishReason="STOP"), "usageMetadata": usage})

    async with answering(answer) as url, running_stack(gemini_base_url=url) as stack:
        found = await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec()))
    assert found.usage.cost_nano_usd == 38_703_000
    assert found.usage.cost_usd == 0.038703
    assert not found.usage.candidates_tokens_details


async def test_d10_no_callers_words_reach_another() -> None:
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "words with a prompt"}
    answer = saying(429, json.dumps({"error": error}).encode(), retry_after="60")
    async with answering(answer) as url, running_stack(gemini_base_url=url) as stack:
        messages = []
        for _ in range(2):
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec()))
            messages.append(told(failed.value).message)
    assert "prompt" in messages[0]
    assert re.fullmatch(r".* is temporarily disabled as the provider asked; retry in [\d.]+ s", messages[1])
