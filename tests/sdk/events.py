"""Events with every field that the contract has, and CreateCompletion's answer from the contract's sentence alone."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message

from imagewire.v1 import chat_service_pb2 as chat
from imagewire.v1.message_pb2 import ChatMessage, Part
from tests.sdk.conftest import Event, number

_NUMBERS = {FieldDescriptor.CPPTYPE_DOUBLE: 0.5, FieldDescriptor.CPPTYPE_BOOL: True}
_PLACES = ("candidate_index", "part_index")
# The kind of part that a content stands in.
KINDS = {
    "image": chat.PART_KIND_IMAGE,
    "function_call": chat.PART_KIND_FUNCTION_CALL,
    "media": chat.PART_KIND_MEDIA,
    "native": chat.PART_KIND_NATIVE,
}


def fill(message: Message, *, leave: Iterable[str] = ()) -> Any:
    """Set every field, of inner messages too; of a oneof the last, of lists and maps two elements."""
    for field in message.DESCRIPTOR.fields:
        if field.name not in leave:
            _fill_field(message, field)
    return message


def _fill_field(message: Message, field: FieldDescriptor) -> None:
    of: Descriptor | None = field.message_type
    if of is not None and of.full_name == "google.protobuf.Struct":
        getattr(message, field.name).update({field.name: [1, {"a": None}]})
    elif of is not None and of.full_name == "google.protobuf.Timestamp":
        getattr(message, field.name).FromSeconds(field.number)
    elif of is not None and of.GetOptions().map_entry:
        getattr(message, field.name).update({f"{field.name}A": '"a"', f"{field.name}B": "{}"})
    elif field.is_repeated:
        values = getattr(message, field.name)
        for _ in range(2):
            values.append(_scalar(field)) if of is None else fill(values.add())
    elif of is not None:
        fill(getattr(message, field.name))
    else:
        setattr(message, field.name, _scalar(field))


def _scalar(field: FieldDescriptor) -> Any:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return f"{field.name} \xff".encode()
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return f"{field.name} ä"
    return _NUMBERS.get(field.cpp_type, field.number)


def parts() -> Iterator[list[Event]]:
    """A part of each kind, with every field; files here and elsewhere, and such as are told only at their end."""
    for thought in (False, True):
        yield [
            Event(part_started=chat.PartStarted(kind=chat.PART_KIND_TEXT, thought=thought)),
            *(Event(text_delta=chat.TextDelta(text=text)) for text in ("Hér", "e")),
            Event(part_finished=_text(thought=thought)),
        ]
    for content in [field.name for field in chat.PartFinished.DESCRIPTOR.oneofs_by_name["content"].fields]:
        finished = fill(chat.PartFinished(), leave={*KINDS, *_PLACES} - {content})
        yield [Event(part_started=chat.PartStarted(kind=KINDS[content])), Event(part_finished=finished)]
        if content in {"image", "media"}:
            for thought in (False, True):
                for chunked in ("image_chunk", "media_chunk"):
                    yield _file(content, chunked, f"{content} {chunked} {thought}".encode(), thought=thought)


def _text(*, thought: bool) -> chat.PartFinished:
    finished: chat.PartFinished = fill(chat.PartFinished(), leave=(*KINDS, *_PLACES))
    finished.thought = thought
    return finished


def _file(content: str, chunked: str, data: bytes, *, thought: bool) -> list[Event]:
    """A file whose chunks' kind and whose own may differ."""
    finished = fill(chat.PartFinished(), leave={*KINDS, *_PLACES} - {content})
    finished.thought = thought
    file = getattr(finished, content)
    file.ClearField(file.WhichOneof("source"))
    file.size_bytes, file.sha256 = len(data), hashlib.sha256(data).digest()
    chunks = []
    for at in range(0, len(data), 5):
        event = Event()
        chunk = getattr(event, chunked)
        chunk.offset, chunk.data = at, data[at : at + 5]
        chunks.append(event)
    kind = KINDS["image" if chunked == "image_chunk" else "media"]
    return [Event(part_started=chat.PartStarted(kind=kind)), *chunks, Event(part_finished=finished)]


def everything() -> list[Event]:
    """A stream in which every field of every event is set, its two candidates in turns."""
    made = []
    for candidate in (1, 0):
        events = []
        for index, part in enumerate(parts()):
            for event in part:
                inside = getattr(event, str(event.WhichOneof("event")))
                inside.candidate_index, inside.part_index = candidate, index
                if event.HasField("part_finished"):
                    _as_proto_has_it(event.part_finished)
            events += part
        end = fill(chat.CandidateFinished())
        end.candidate_index = candidate
        made.append([*events, Event(candidate_finished=end)])
    turns = [event for pair in zip(*made, strict=True) for event in pair]
    return number([Event(started=fill(chat.Started())), *turns, Event(finished=fill(chat.Finished()))])


def _as_proto_has_it(finished: chat.PartFinished) -> None:
    """Elsewhere means: a uri, and no more than is known of it."""
    for file in (finished.image, finished.media):
        if file.WhichOneof("source"):
            file.uri = "gs://bucket/file"


def merged(events: Iterable[Event]) -> chat.CreateCompletionResponse:
    """The contract's sentence on JSON, which nothing under test uses: a part's text is its TextDeltas joined, its bytes
    are its chunks joined, and every other field stands in exactly one event.
    """
    answer: dict[str, Any] = {}
    candidates: dict[int, dict[str, Any]] = {}
    bodies: dict[tuple[int, int], list[Any]] = {}
    for event in events:
        kind = str(event.WhichOneof("event"))
        inside = getattr(event, kind)
        told = MessageToDict(inside, preserving_proto_field_name=True)
        index, place = int(told.pop("candidate_index", 0)), int(told.pop("part_index", 0))
        candidate = candidates.setdefault(index, {"index": index, "parts": {}}) if kind not in _WHOLE else {}
        if kind in _WHOLE:
            answer |= told
        elif kind == "candidate_finished":
            candidate |= told
        elif kind in _BODIES:
            bodies.setdefault((index, place), []).append(getattr(inside, _BODIES[kind]))
        elif kind == "part_finished":
            candidate["parts"][place] = _part(told, bodies.get((index, place)))
    answer["candidates"] = [_candidate(candidates[index]) for index in sorted(candidates)]
    return ParseDict(answer, chat.CreateCompletionResponse())


_WHOLE = ("started", "finished")
_BODIES = {"text_delta": "text", "image_chunk": "data", "media_chunk": "data"}


def _part(told: dict[str, Any], body: list[Any] | None) -> dict[str, Any]:
    files = [told[name] for name in ("image", "media") if name in told]
    if files and body:
        files[0]["data"] = base64.b64encode(b"".join(body)).decode()
    elif not told.keys() & KINDS.keys():
        told["text"] = "".join(body or ())
    return told


def _candidate(told: dict[str, Any]) -> dict[str, Any]:
    """Its message as ChatMessage's comments have it."""
    in_order = [part for _, part in sorted(told.pop("parts").items())]
    message: dict[str, Any] = {"role": "ROLE_ASSISTANT", "parts": in_order}
    message["content"] = "".join(part.get("text", "") for part in in_order if not part.get("thought"))
    pictures = [part for part in in_order if "image" in part]
    if pictures:
        final = ([part for part in pictures if not part.get("thought")] or pictures)[-1]
        message["image"] = dict(final["image"])
        final["image"].pop("data", None)
    return {**told, "message": message}


def sent(message: ChatMessage) -> ChatMessage:
    """An answer's message in a request's form: the bytes on their part, and no facts that bytes tell."""
    for part in message.parts:
        if part.HasField("image"):
            if part.image.sha256 == message.image.sha256 and not part.image.uri:
                part.image.data = message.image.data
            for name in ("width", "height", "size_bytes", "sha256", "image_id"):
                part.image.ClearField(name)
            part.image.detail = 0
        elif part.HasField("media"):
            part.media.ClearField("size_bytes")
            part.media.ClearField("sha256")
    return ChatMessage(role=message.role, parts=message.parts)


def unlike() -> dict[str, set[str]]:
    """Fields that an answer has and no event, or the other way round, by message."""

    def names(*messages: type[Message]) -> set[str]:
        return {field.name for message in messages for field in message.DESCRIPTOR.fields}

    return {
        "part": names(Part) - {"text", "function_response"} ^ names(chat.PartFinished) - set(_PLACES),
        "candidate": names(chat.Candidate) - {"index", "message"} ^ names(chat.CandidateFinished) - set(_PLACES),
        "answer": names(chat.CreateCompletionResponse) - {"candidates"} ^ names(chat.Started, chat.Finished),
    }
