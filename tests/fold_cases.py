"""Streams, and the unary answers they stand for: what the server's fold and the client's must both make of them.

Each part of a stream is written as its events; what stands in the answer is written out beside it, by hand.
"""

import hashlib
from dataclasses import dataclass

from imagewire.v1.chat_service_pb2 import (
    Candidate,
    CandidateFinished,
    CreateCompletionResponse,
    Finished,
    FinishReason,
    PartFinished,
    PartKind,
    PartStarted,
    PromptFeedback,
    Started,
)
from imagewire.v1.chat_service_pb2 import StreamCompletionResponse as Event
from imagewire.v1.image_pb2 import Image
from imagewire.v1.message_pb2 import ChatMessage, FunctionCall, Media, NativePart, Part, Role
from imagewire.v1.usage_pb2 import Usage

A, B, C = b"a first picture", b"another picture, and a longer one", b"c"


def image(data: bytes, *, inline: bool) -> Image:
    """A picture in the answer. inline: with its bytes."""
    made = Image(mime_type="image/png", size_bytes=len(data), sha256=hashlib.sha256(data).digest())
    if inline:
        made.data = data
    return made


def sound(data: bytes, *, inline: bool) -> Media:
    """Media that is no picture."""
    made = Media(mime_type="audio/wav", size_bytes=len(data), sha256=hashlib.sha256(data).digest())
    if inline:
        made.data = data
    return made


def text(*deltas: str, thought: bool = False) -> list[Event]:
    """A text's events."""
    return [
        Event(part_started=PartStarted(kind=PartKind.PART_KIND_TEXT, thought=thought)),
        *(Event(text_delta={"text": delta}) for delta in deltas),
        Event(part_finished=PartFinished(thought=thought)),
    ]


def picture(data: bytes, *, draft: bool = False, draft_at_start: bool = False) -> list[Event]:
    """A picture's events, in chunks of ten bytes. Whether it is a draft may be known at its end only."""
    return [
        Event(part_started=PartStarted(kind=PartKind.PART_KIND_IMAGE, thought=draft_at_start)),
        *(Event(image_chunk={"offset": at, "data": data[at : at + 10]}) for at in range(0, len(data), 10)),
        Event(part_finished=PartFinished(thought=draft, image=image(data, inline=False))),
    ]


def whole(kind: PartKind, finished: PartFinished) -> list[Event]:
    """A part without deltas."""
    return [Event(part_started=PartStarted(kind=kind)), Event(part_finished=finished)]


def media(data: bytes, *, began_as_picture: bool = False) -> list[Event]:
    """Media, which may have looked like a picture at its start."""
    kind = PartKind.PART_KIND_IMAGE if began_as_picture else PartKind.PART_KIND_MEDIA
    chunk = {"image_chunk": {"data": data}} if began_as_picture else {"media_chunk": {"data": data}}
    return [
        Event(part_started=PartStarted(kind=kind)),
        Event(**chunk),  # type: ignore[arg-type]
        Event(part_finished=PartFinished(media=sound(data, inline=False))),
    ]


@dataclass(frozen=True)
class FoldCase:
    """events: of the parts. message: the answer's. final: the final picture's bytes, or its URI; None for none."""

    events: list[list[Event]]
    message: ChatMessage | None
    final: bytes | str | None = None

    def stream(self) -> list[Event]:
        """The whole stream, numbered; without parts a blocked prompt."""
        made = [Event(started=Started(completion_id="cmpl-1", model="gemini/m"))]
        for index, part in enumerate(self.events):
            for event in part:
                copy = Event.FromString(event.SerializeToString())
                getattr(copy, str(copy.WhichOneof("event"))).part_index = index
                made.append(copy)
        if self.message is not None:
            made.append(Event(candidate_finished=_END))
        made.append(Event(finished=_finished(blocked=self.message is None)))
        number = 0
        for event in made:
            number += not (event.HasField("image_chunk") or event.HasField("media_chunk"))
            event.sequence = number
        return made

    def answer(self) -> CreateCompletionResponse:
        """The unary answer."""
        made = CreateCompletionResponse(completion_id="cmpl-1", model="gemini/m", usage=Usage(total_tokens=5))
        if self.message is None:
            made.prompt_feedback.block_reason = "SAFETY"
            return made
        message = ChatMessage()
        message.CopyFrom(self.message)
        message.role = Role.ROLE_ASSISTANT
        reason = FinishReason.FINISH_REASON_STOP
        made.candidates.append(Candidate(message=message, finish_reason=reason, native_finish_reason="STOP"))
        return made


_END = CandidateFinished(finish_reason=FinishReason.FINISH_REASON_STOP, native_finish_reason="STOP")


def _finished(*, blocked: bool) -> Finished:
    made = Finished(usage=Usage(total_tokens=5))
    if blocked:
        made.prompt_feedback.CopyFrom(PromptFeedback(block_reason="SAFETY"))
    return made


_URI = "https://host/file.png"
_CALL = FunctionCall(name="look", args={"at": "this"})
_NATIVE = NativePart(kind="executableCode", value_json='{"code":"1"}')

CASES = {
    "a blocked prompt": FoldCase([], None),
    "a candidate without parts": FoldCase([], ChatMessage()),
    "texts": FoldCase(
        [text("He", "re"), text("hm", thought=True), text(" it is"), text()],
        ChatMessage(
            content="Here it is",
            parts=[Part(text="Here"), Part(text="hm", thought=True), Part(text=" it is"), Part(text="")],
        ),
    ),
    "a picture": FoldCase(
        [text("Here"), picture(A)],
        ChatMessage(
            content="Here",
            image=image(A, inline=True),
            parts=[Part(text="Here"), Part(image=image(A, inline=False))],
        ),
        A,
    ),
    "two pictures: the last is the final one": FoldCase(
        [picture(A), picture(B)],
        ChatMessage(
            image=image(B, inline=True), parts=[Part(image=image(A, inline=True)), Part(image=image(B, inline=False))]
        ),
        B,
    ),
    "a picture and then a draft: the picture": FoldCase(
        [picture(A), picture(B, draft=True)],
        ChatMessage(
            image=image(A, inline=True),
            parts=[Part(image=image(A, inline=False)), Part(thought=True, image=image(B, inline=True))],
        ),
        A,
    ),
    "drafts alone: the last of them": FoldCase(
        [picture(A, draft=True, draft_at_start=True), picture(B, draft=True)],
        ChatMessage(
            image=image(B, inline=True),
            parts=[Part(thought=True, image=image(A, inline=True)), Part(thought=True, image=image(B, inline=False))],
        ),
        B,
    ),
    "what began as a draft and ended as a picture": FoldCase(
        [picture(A, draft_at_start=True), picture(B, draft=True), picture(C, draft=True)],
        ChatMessage(
            image=image(A, inline=True),
            parts=[
                Part(image=image(A, inline=False)),
                Part(thought=True, image=image(B, inline=True)),
                Part(thought=True, image=image(C, inline=True)),
            ],
        ),
        A,
    ),
    "the same picture twice": FoldCase(
        [picture(A), picture(A)],
        ChatMessage(
            image=image(A, inline=True), parts=[Part(image=image(A, inline=True)), Part(image=image(A, inline=False))]
        ),
        A,
    ),
    "a picture that is elsewhere": FoldCase(
        [picture(A), whole(PartKind.PART_KIND_IMAGE, PartFinished(image=Image(mime_type="image/png", uri=_URI)))],
        ChatMessage(
            image=Image(mime_type="image/png", uri=_URI),
            parts=[Part(image=image(A, inline=True)), Part(image=Image(mime_type="image/png", uri=_URI))],
        ),
        _URI,
    ),
    "media is never the final picture": FoldCase(
        [picture(A, draft=True), media(B), media(C, began_as_picture=True)],
        ChatMessage(
            image=image(A, inline=True),
            parts=[
                Part(thought=True, image=image(A, inline=False)),
                Part(media=sound(B, inline=True)),
                Part(media=sound(C, inline=True)),
            ],
        ),
        A,
    ),
    "a call and a native part, signed": FoldCase(
        [
            whole(PartKind.PART_KIND_FUNCTION_CALL, PartFinished(function_call=_CALL, thought_signature=b"s")),
            whole(PartKind.PART_KIND_NATIVE, PartFinished(native=_NATIVE, native_fields={"x": "1"})),
        ],
        ChatMessage(
            parts=[
                Part(function_call=_CALL, thought_signature=b"s"),
                Part(native=_NATIVE, native_fields={"x": "1"}),
            ]
        ),
    ),
}
