"""Invented events, and the bodies that REST makes of them, each held against OpenAI's own types."""

import base64
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types import ImagesResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.formats.openai.chat.answer import ChatAnswer, ImageFields
from imagewire_server.formats.openai.chat.chunks import ChatChunks
from imagewire_server.formats.openai.common import response_types
from imagewire_server.formats.openai.common.encoder import ImageRef, key_of
from imagewire_server.formats.openai.images import answer as images_answer
from imagewire_server.formats.openai.images.answer import Drawn
from imagewire_server.formats.openai.responses.answer import ResponsesAnswer, ResponsesEvents
from tests.golden.test_rest import REQUEST, written
from tests.pictures import PNG

KIND = pb.PartKind
WAV = b"RIFF\x24\0\0\0WAVEfmt "
EVERY = [ImageFields(), ImageFields(images=False), ImageFields(image=False)]
each_fields = pytest.mark.parametrize("fields", EVERY, ids=["both", "image", "images"])
CODE = '{"language": "PYTHON",\r\n "n": 9007199254740992, "code": "print(\\"</script>\\")"}'
Make = Callable[[int], list[StreamEvent]]


def blob(data: bytes, mime_type: str, *, known: bool = True, kind: pb.PartKind | None = None, **more: Any) -> Make:
    """A part with bytes. known: whether its media type stands in front of them. kind: what the first bytes tell."""
    image = mime_type.startswith("image/")
    kind = kind or (KIND.PART_KIND_IMAGE if image else KIND.PART_KIND_MEDIA)
    what: dict[str, Any] = (
        {"image": {"mime_type": mime_type, "width": 4, "height": 3, "size_bytes": len(data)}}
        if image
        else {"media": {"mime_type": mime_type, "size_bytes": len(data), "display_name": "a name"}}
    )

    def make(i: int) -> list[StreamEvent]:
        started = {"part_index": i, "kind": kind, "mime_type": mime_type if known else ""}
        chunk: Any = "image_chunk" if kind == KIND.PART_KIND_IMAGE else "media_chunk"
        chunks = [Chunk(chunk, 0, i, at, data[at : at + 7]) for at in range(0, len(data), 7)]
        return [pb.Event(part_started=started), *chunks, pb.Event(part_finished={"part_index": i, **what, **more})]

    return make


def text(said: str, *, thought: bool = False, **more: Any) -> Make:
    def make(i: int) -> list[StreamEvent]:
        return [
            pb.Event(part_started={"part_index": i, "kind": KIND.PART_KIND_TEXT, "thought": thought}),
            pb.Event(text_delta={"part_index": i, "text": said}),
            pb.Event(part_finished={"part_index": i, "thought": thought, **more}),
        ]

    return make


def whole(kind: str, **what: Any) -> Make:
    def make(i: int) -> list[StreamEvent]:
        started = {"part_index": i, "kind": getattr(KIND, f"PART_KIND_{kind}")}
        return [pb.Event(part_started=started), pb.Event(part_finished={"part_index": i, **what})]

    return make


def answer(
    *parts: Make, end: dict[str, Any] | None = None, finished: dict[str, Any] | None = None
) -> list[StreamEvent]:
    events: list[StreamEvent] = [
        pb.Event(started={"completion_id": "cmpl-0123456789abcdef", "model": "gemini/a-model"})
    ]
    for i, make in enumerate(parts):
        events += make(i)
    stop = pb.FinishReason.FINISH_REASON_STOP
    events.append(pb.Event(candidate_finished={"finish_reason": stop, "native_finish_reason": "STOP", **(end or {})}))
    return [*events, pb.Event(finished=finished or {})]


NATIVE = whole(
    "NATIVE", native={"kind": "executableCode", "value_json": CODE}, thought_signature=b"\1sig", thought=True
)
CALL = whole(
    "FUNCTION_CALL", function_call={"id": "a", "name": "f", "args_json": '{"n":9007199254740993}'}, thought=True
)
ELSEWHERE = whole("IMAGE", image={"uri": 'gs://bucket/a"b.png', "mime_type": "image/png"})
FILE = whole("MEDIA", media={"uri": "gs://bucket/a.pdf", "mime_type": "application/pdf"})
AUDIO = blob(WAV, "audio/wav", native_fields={"partMetadata": '{"a": 1}'})
PICTURE = blob(PNG, "image/png", thought_signature=b"\2sig")
PARTS = [text("Here"), NATIVE, PICTURE, text(" it is"), AUDIO, CALL, ELSEWHERE, FILE, text("!")]
END: dict[str, Any] = {
    "native_fields": {"urlContextMetadata": '{"urls": ["x"]}'},
    "safety_ratings": [
        {
            "category": "C",
            "probability": "LOW",
            "probability_score": 0.25,
            "severity": "HARM_SEVERITY_LOW",
            "severity_score": 0.0,
        }
    ],
}
FINISHED: dict[str, Any] = {
    "usage": {
        "prompt_tokens": 10,
        "total_tokens": 20,
        "cached_content_tokens": 4,
        "cached_content_tokens_details": [{"modality": "IMAGE", "tokens": 4}],
        "tool_use_prompt_tokens": 3,
        "tool_use_prompt_tokens_details": [{"modality": "TEXT", "tokens": 3}],
        "traffic_type": "ON_DEMAND",
        "service_tier": "standard",
        "cost_usd": 0.0387,
        "cost_nano_usd": 38_700_000,
    },
    "model_status": {"stage": "DEPRECATED", "retirement_time": {"seconds": 1800000000}, "message": "soon"},
    "continuation_token": b"go on",
    "native_fields": {"newField": "[1, 2]"},
    "omitted_fields": ["candidates[*].odd"],
}
EVENTS = answer(*PARTS, end=END, finished=FINISHED)
OF_ANSWER = {
    "continuation_token": base64.b64encode(b"go on").decode(),
    "model_status": {"stage": "DEPRECATED", "retirement_time": "2027-01-15T08:00:00Z", "message": "soon"},
    "native_fields": {"newField": [1, 2]},
    "omitted_fields": ["candidates[*].odd"],
}
RATINGS = [
    {
        "category": "C",
        "probability": "LOW",
        "blocked": False,
        "probability_score": 0.25,
        "severity": "HARM_SEVERITY_LOW",
        "severity_score": 0.0,
    }
]
USAGE_FIELDS = {
    "traffic_type": "ON_DEMAND",
    "tool_use_prompt_tokens": 3,
    "tool_use_prompt_tokens_details": {"text_tokens": 3},
    "cached_content_tokens_details": {"image_tokens": 4},
}
NATIVE_PART = {"index": 0, "part": 1, "kind": "executableCode", "thought": True, "value": json.loads(CODE)}


def data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


MEDIA = [
    {"index": 0, "part": 4, "mime_type": "audio/wav", "display_name": "a name", "url": data_url("audio/wav", WAV)},
    {"index": 1, "part": 7, "mime_type": "application/pdf", "url": "gs://bucket/a.pdf"},
]


def chat(events: list[StreamEvent], fields: ImageFields | None = None) -> dict[str, Any]:
    body = written(ChatAnswer(fields or ImageFields()), events)
    msgspec.json.decode(body, type=response_types.ChatCompletion)
    made: dict[str, Any] = json.loads(body)
    assert ChatCompletion.model_validate(made).to_dict() == made
    return made


def chunks(events: list[StreamEvent], fields: ImageFields | None = None) -> list[dict[str, Any]]:
    """A stream's chunks, each kept whole by OpenAI's own type."""
    body = written(ChatChunks(fields or ImageFields(), "id", include_usage=True), events).decode()
    *lines, done = body.removesuffix("\n\n").split("\n\n")
    assert done == "data: [DONE]"
    assert all("\n" not in line and "\r" not in line for line in lines)
    made = [json.loads(line.removeprefix("data: ")) for line in lines]
    for chunk in made:
        assert ChatCompletionChunk.model_validate(chunk).to_dict() == chunk
    return made


def streamed(events: list[StreamEvent], fields: ImageFields | None = None) -> dict[str, Any]:
    """A stream's message, as OpenAI's client joins it."""
    state = ChatCompletionStreamState()
    for chunk in chunks(events, fields):
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    made: dict[str, Any] = state.current_completion_snapshot.choices[0].message.to_dict()
    made["content"] = made["content"] or ""
    for call in made.get("tool_calls") or ():
        del call["function"]["parsed_arguments"]
    return {name: value for name, value in made.items() if value is not None}


def response(events: list[StreamEvent], *, stream: bool, drafts: int = 3) -> dict[str, Any]:
    if not stream:
        body = written(ResponsesAnswer(REQUEST), events)
        msgspec.json.decode(body, type=response_types.Response)
        made: dict[str, Any] = json.loads(body)
    else:
        encoder = ResponsesEvents(REQUEST, "id", drafts=drafts, asked_at=0)
        told = [
            json.loads(event.partition("\ndata: ")[2]) for event in written(encoder, events).decode().split("\n\n")[:-1]
        ]
        made = told[-1]["response"]
        done = [event["item"] for event in told if event["type"] == "response.output_item.done"]
        assert sorted(done, key=made["output"].index) == made["output"]
        added = [event["output_index"] for event in told if event["type"] == "response.output_item.added"]
        assert added == list(range(len(made["output"])))
    assert Response.construct(**made).to_dict(warnings=False) == made
    return made


def images(events: list[StreamEvent]) -> dict[str, Any]:
    """The answer of /v1/images/generations to one call."""
    drawn, kept = Drawn(), dict[Any, bytes]()
    for event in events:
        if isinstance(event, Chunk):
            assert key_of(event) in drawn.needs
            kept[key_of(event)] = kept.get(key_of(event), b"") + event.data
        else:
            drawn.add(event.WhichOneof("event"), event)
    assert (
        set(drawn.needs)
        <= set(kept) | {picture.key for picture in drawn.pictures() if picture.image.uri} | drawn.beside.media
    )
    pieces = [piece for mine in images_answer.answer([drawn], [], "id") for piece in mine]
    body = b"".join(base64.b64encode(kept[p.key]) if isinstance(p, ImageRef) else p for p in pieces)
    msgspec.json.decode(body, type=response_types.Images)
    made: dict[str, Any] = json.loads(body)
    assert ImagesResponse.construct(**made).to_dict(warnings=False) == made
    return made
