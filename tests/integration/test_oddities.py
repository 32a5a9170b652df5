"""Answers of odd shape through the whole server: the picture that was paid for arrives as the emulator sent it."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator

import pytest

from imagewire_emulator.native_parts import NATIVE_PARTS
from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack, spec

# row of the table of kinds → the emulator's scenarios of it
ROWS = {
    "u1": ("stream-array", "stream-array-in-event"),
    "u2": ("native-parts", *NATIVE_PARTS),
    "u3": ("native-parts-signed",),
    "u4": ("nulls", "snake-case", "base64-urlsafe", "base64-unpadded"),
    "u5": ("done", "bom", "no-last-line", "empty-data", "sse-as-text", "sse-as-json", "sse-untyped", "gzip"),
    "u6": ("unspecified-then-stop",),
    "u7": ("usage-split", "usage-at-the-end", "usage-without-details", "usage-odd"),
    "u10": ("data-first",),
    "u11": ("audio",),
}
CASES = [(row, scenario) for row, scenarios in ROWS.items() for scenario in scenarios]


@pytest.mark.parametrize(("row", "scenario"), CASES)
async def test_the_picture_of_an_odd_answer_arrives(stack: Stack, row: str, scenario: str) -> None:
    asked = spec(f"gemini/emulator-{scenario}")
    answer = await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked))
    (sent,) = stack.emulator.ledger.entries[-1].images
    assert hashlib.sha256(answer.candidates[0].message.image.data).hexdigest() == sent["sha256"]
    events = [event async for event in stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=asked))]
    streamed = b"".join(event.image_chunk.data for event in events if event.HasField("image_chunk"))
    assert hashlib.sha256(streamed).hexdigest() == sent["sha256"]


@pytest.mark.parametrize(("scenario", "reason"), [("unspecified-then-stop", "STOP"), ("early-stop", "IMAGE_SAFETY")])
async def test_u6_the_last_specified_finish_reason_counts(stack: Stack, scenario: str, reason: str) -> None:
    asked = spec(f"gemini/emulator-{scenario}")
    answer = await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked))
    events = [event async for event in stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=asked))]
    (end,) = [event.candidate_finished for event in events if event.HasField("candidate_finished")]
    assert {answer.candidates[0].native_finish_reason, end.native_finish_reason} == {reason}


@pytest.mark.parametrize("scenario", ROWS["u7"])
async def test_u7_counts_are_those_of_the_answer_or_absent(stack: Stack, scenario: str) -> None:
    async def used(name: str) -> pb.Usage:
        asked = spec(f"gemini/emulator-{name}")
        return (await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked))).usage

    usual, odd = await used("size-100KB"), await used(scenario)
    if scenario == "usage-without-details":
        usual.ClearField("candidates_tokens_details")
        usual.ClearField("prompt_tokens_details")
    if scenario == "usage-odd":  # only what could be read is told
        usual = pb.Usage(prompt_tokens=usual.prompt_tokens, candidates_tokens=usual.candidates_tokens)
        odd = pb.Usage(prompt_tokens=odd.prompt_tokens, candidates_tokens=odd.candidates_tokens)
    assert odd == usual


@pytest.fixture
async def with_rest() -> AsyncIterator[Stack]:
    async with running_stack(rest=True) as stack:
        yield stack


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_u10_items_stand_in_their_order_and_are_completed(with_rest: Stack, stream: bool) -> None:
    tools = [{"type": "image_generation"}]
    asked = {"model": "gemini/emulator-data-first", "input": "A", "tools": tools, "stream": stream}
    answer = await with_rest.rest.post("/v1/responses", json=asked)
    body = json.loads(answer.text.strip().rpartition("data: ")[2])["response"] if stream else answer.json()
    items = [(item["type"], item["status"]) for item in body["output"]]
    assert items == [("message", "completed"), ("image_generation_call", "completed")]
    (sent,) = with_rest.emulator.ledger.entries[-1].images
    assert hashlib.sha256(base64.b64decode(body["output"][1]["result"])).hexdigest() == sent["sha256"]


@pytest.mark.parametrize("name", ["executable-code", "code-execution-result", "tool-call", "tool-response"])
async def test_u2_native_parts_go_back_as_they_came(stack: Stack, name: str) -> None:
    asked = spec(f"gemini/emulator-{name}")
    answer = await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked))
    asked.messages.append(answer.candidates[0].message)
    asked.messages.append(pb.ChatMessage(role=pb.Role.ROLE_USER, content="make it blue"))
    await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked))
    (kind,) = NATIVE_PARTS[name]
    entry = stack.emulator.ledger.entries[-1]
    assert entry.parts == [["text"], ["text", kind, "inlineData"], ["text"]]
    assert entry.body["contents"][1]["parts"][1] == NATIVE_PARTS[name]
