"""Answers of odd shape through the whole server: the picture that was paid for arrives as the emulator sent it."""

import hashlib

import pytest

from imagewire_emulator.native_parts import NATIVE_PARTS
from imagewire_server.contract import pb
from tests.conftest import Stack, spec

# row of the table of kinds → the emulator's scenarios of it
ROWS = {
    "u1": ("stream-array", "stream-array-in-event"),
    "u2": ("native-parts", *NATIVE_PARTS),
    "u3": ("native-parts-signed",),
    "u4": ("nulls", "snake-case", "base64-urlsafe", "base64-unpadded"),
    "u5": ("done", "bom", "no-last-line", "empty-data", "sse-as-text", "sse-as-json", "sse-untyped", "gzip"),
    "u6": ("unspecified-then-stop",),
    "u7": ("usage-split", "usage-every-event", "usage-without-details", "usage-odd"),
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
