"""For every golden case REST and gRPC give the same text, pictures, reasons and usage, and every chunking the same."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.fold import fold
from imagewire_server.formats.openai.chat.answer import ChatAnswer, ImageFields
from imagewire_server.formats.openai.chat.chunks import ChatChunks
from imagewire_server.formats.openai.common import response_types
from imagewire_server.formats.openai.common.encoder import Encoder, ImageRef, key_of
from imagewire_server.formats.openai.responses.answer import ResponsesAnswer, ResponsesEvents
from imagewire_server.formats.openai.responses.request import ResponsesRequest
from imagewire_server.providers.google.wire import Reader
from tests.event_forms import cut
from tests.golden.cases import WHOLE, Case, hashed

each_case = pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.name)
each_frame = pytest.mark.parametrize("frame", [1, 7, 1 << 18])
each_fields = pytest.mark.parametrize(
    "fields", [ImageFields(), ImageFields(images=False), ImageFields(image=False)], ids=["both", "image", "images"]
)


def events(case: Case, frame: int = 1 << 18) -> list[StreamEvent]:
    """What the engine yields for a case."""
    started = pb.Started(completion_id="cmpl-0123456789abcdef", model="gemini/a-model")
    started.create_time.seconds = 1723323084
    made: list[StreamEvent] = [pb.Event(started=started)]
    reader = Reader()
    reader.feed(case.answer, made)
    reader.close(made)
    return cut(hashed(made), frame)


def folded(case: Case) -> pb.CreateCompletionResponse:
    """The gRPC unary answer."""
    given = events(case)

    async def stream() -> Any:
        for event in given:
            yield [event]

    return asyncio.run(fold(stream(), max_inline_bytes=1 << 30))


def written(encoder: Encoder, given: Iterable[StreamEvent]) -> bytes:
    """All that an encoder writes, kept pictures filled in as the REST API does it."""
    kept: dict[Any, bytes] = {}
    out = b""
    for event in given:
        if isinstance(event, Chunk):
            pieces = encoder.feed_chunk(event)
            if (key := key_of(event)) in encoder.needs:
                kept[key] = kept.get(key, b"") + event.data
        else:
            pieces = encoder.feed(event.WhichOneof("event"), event)
        out += b"".join(base64.b64encode(kept[p.key]) if isinstance(p, ImageRef) else p for p in pieces)
        kept = {key: data for key, data in kept.items() if key in encoder.needs}
    return out


def picture_digest(url: str) -> str:
    """The SHA-256 of a data: URL's or base64's picture."""
    return hashlib.sha256(base64.b64decode(url.rpartition(",")[2], validate=True)).hexdigest()


@dataclass
class Seen:
    """What a caller of either edge has in hand at the end."""

    text: str = ""
    thoughts: str = ""
    pictures: list[tuple[str, bool]] = field(default_factory=list)
    final: str | None = None
    calls: list[Any] = field(default_factory=list)
    native: str = ""
    said: str = ""


def of_grpc(answer: pb.CreateCompletionResponse) -> Seen:
    if not answer.candidates:
        feedback = answer.prompt_feedback
        return Seen(native=feedback.block_reason, said=feedback.block_reason_message)
    candidate = answer.candidates[0]
    message = candidate.message
    return Seen(
        message.content,
        "".join(part.text for part in message.parts if part.thought),
        [(part.image.sha256.hex(), part.thought) for part in message.parts if part.HasField("image")],
        message.image.sha256.hex() if message.HasField("image") else None,
        [part.function_call.name for part in message.parts if part.HasField("function_call")],
        candidate.native_finish_reason,
        candidate.finish_message,
    )


def of_rest(message: dict[str, Any], choice: dict[str, Any]) -> Seen:
    return Seen(
        message["content"],
        message.get("reasoning_content", ""),
        [(picture_digest(i["image_url"]["url"]), i.get("thought", False)) for i in message.get("images", ())],
        picture_digest(message["image"]["url"]) if "image" in message else None,
        [call["function"]["name"] for call in message.get("tool_calls", ())],
        choice.get("native_finish_reason", ""),
        choice.get("finish_message", ""),
    )


def as_asked(seen: Seen, fields: ImageFields) -> Seen:
    """Without what the caller did not want."""
    seen.pictures = seen.pictures if fields.images else []
    seen.final = seen.final if fields.image else None
    return seen


def same_usage(given: dict[str, Any] | None, usage: pb.Usage) -> None:
    if given is None:
        assert not usage.ByteSize()
        return
    assert given["total_tokens"] == usage.total_tokens
    assert given["prompt_tokens"] == usage.prompt_tokens + usage.tool_use_prompt_tokens
    assert given["completion_tokens"] == usage.candidates_tokens + usage.thoughts_tokens
    for details, tokens in (
        ("prompt_tokens_details", usage.prompt_tokens_details),
        ("completion_tokens_details", usage.candidates_tokens_details),
    ):
        for one in tokens:
            assert given[details][f"{one.modality.lower()}_tokens"] == one.tokens


def joined_chunks(body: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None, list[int]]:
    """A chat's stream as one message, with the choice that ends it, its usage and its pictures' indexes."""
    *lines, done = [event.removeprefix("data: ") for event in body.removesuffix("\n\n").split("\n\n")]
    assert done == "[DONE]"
    chunks = [json.loads(line) for line in lines]
    message: dict[str, Any] = {"content": ""}
    indexes: list[int] = []
    for chunk in chunks:
        for choice in chunk["choices"]:
            for name, value in choice["delta"].items():
                if name in {"content", "reasoning_content"}:
                    message[name] = message.get(name, "") + value
                elif name in {"images", "tool_calls"}:
                    message[name] = [*message.get(name, []), *value]
                    indexes += [entry["index"] for entry in value if name == "images"]
                else:
                    assert name not in message, "sent twice"
                    message[name] = value
    [ending] = [choice for chunk in chunks for choice in chunk["choices"] if choice["finish_reason"]]
    return message, ending, chunks[-1].get("usage"), indexes


@each_case
@each_frame
@each_fields
def test_the_unary_answer(case: Case, frame: int, fields: ImageFields) -> None:
    expected = folded(case)
    body = written(ChatAnswer(fields), events(case, frame))
    answer = json.loads(body)
    msgspec.json.decode(body, type=response_types.ChatCompletion)
    [choice] = answer["choices"]
    assert of_rest(choice["message"], choice) == as_asked(of_grpc(expected), fields)
    same_usage(answer.get("usage"), expected.usage)


@each_case
@each_frame
@each_fields
def test_the_stream(case: Case, frame: int, fields: ImageFields) -> None:
    expected = folded(case)
    body = written(ChatChunks(fields, "id", include_usage=True), events(case, frame)).decode()
    message, choice, usage, indexes = joined_chunks(body)
    assert indexes == list(range(len(indexes)))
    assert of_rest(message, choice) == as_asked(of_grpc(expected), fields)
    same_usage(usage, expected.usage)


REQUEST = ResponsesRequest(model="gemini/a-model", input="A banana")


@each_case
@each_frame
def test_the_response(case: Case, frame: int) -> None:
    expected = of_grpc(folded(case))
    body = written(ResponsesAnswer(REQUEST), events(case, frame))
    answer = json.loads(body)
    msgspec.json.decode(body, type=response_types.Response)
    same_items(answer, expected)


@each_case
@each_frame
def test_the_responses_events(case: Case, frame: int) -> None:
    expected = of_grpc(folded(case))
    body = written(ResponsesEvents(REQUEST, "id", drafts=3, asked_at=0), events(case, frame)).decode()
    told = [json.loads(event.partition("\ndata: ")[2]) for event in body.removesuffix("\n\n").split("\n\n")]
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    same_items(told[-1]["response"], expected)
    done = [event["item"] for event in told if event["type"] == "response.output_item.done"]
    by_id = {item["id"]: item for item in done}
    assert [by_id[item["id"]] for item in told[-1]["response"]["output"]] == told[-1]["response"]["output"]
    deltas = "".join(event["delta"] for event in told if event["type"] == "response.output_text.delta")
    assert deltas == expected.text
    drafts = [e["partial_image_b64"] for e in told if e["type"].endswith("partial_image")]
    wanted = [digest for digest, thought in expected.pictures if thought]
    assert [picture_digest(f",{draft}") for draft in drafts] == wanted[:3]


def same_items(answer: dict[str, Any], expected: Seen) -> None:
    items = answer["output"]
    assert "".join(p["text"] for i in items if i["type"] == "message" for p in i["content"]) == expected.text
    assert "".join(p["text"] for i in items if i["type"] == "reasoning" for p in i["summary"]) == expected.thoughts
    finals = [digest for digest, thought in expected.pictures if not thought]
    finals = finals or [digest for digest, _ in expected.pictures][-1:]
    drawn = [picture_digest(f",{item['result']}") for item in items if item.get("result")]
    assert drawn == finals
    assert [item["name"] for item in items if item["type"] == "function_call"] == expected.calls
    assert answer.get("native_finish_reason", "") == expected.native
    for item in items:
        failed = item["type"] == "image_generation_call" and item["result"] is None
        assert item["status"] == ("failed" if failed else "completed")
        assert not failed or (item["error"]["code"] and not drawn)
