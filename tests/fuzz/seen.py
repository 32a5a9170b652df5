"""What arrived over gRPC, as the contract says that it is to be read."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import MessageToDict

from imagewire_server.contract import pb
from tests.fuzz.plan import Expected

Key = tuple[int, int]


@dataclass
class Seen:
    """An answer, or what came of it before an error. wrong: what the contract does not allow."""

    candidates: dict[int, list[Expected]] = field(default_factory=dict)
    finishes: dict[int, str] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    candidate_fields: dict[int, dict[str, Any]] = field(default_factory=dict)
    usage: Any = None
    final: dict[int, bytes] = field(default_factory=dict)
    contents: dict[int, str] = field(default_factory=dict)
    error: str = ""
    wrong: list[str] = field(default_factory=list)

    def part(self, candidate: int, part: Any, data: bytes, text: str, *, hashed: bool) -> None:
        """Take a whole part. part: a Part or a PartFinished."""
        kind = part.WhichOneof("content")
        made = Expected("text", text, thought=part.thought, signature=part.thought_signature)
        made.fields = {name: loaded(value) for name, value in part.native_fields.items()}
        if kind in {"image", "media"}:
            self._file(made, getattr(part, kind), "picture" if kind == "image" else "media", data, hashed=hashed)
        elif kind == "function_call":
            call = part.function_call
            args = loaded(call.args_json) if call.args_json else MessageToDict(call.args)
            made.kind, made.value, made.name, made.ident = "call", args, call.name, call.id
        elif kind == "native":
            made.kind, made.name, made.value = "native", part.native.kind, loaded(part.native.value_json)
        self.candidates.setdefault(candidate, []).append(made)

    def _file(self, made: Expected, file: Any, kind: str, data: bytes, *, hashed: bool) -> None:
        made.mime = file.mime_type
        if file.uri:
            made.kind, made.value = f"{kind}-elsewhere", file.uri
            return
        made.kind, made.value = kind, data
        if file.size_bytes != len(data):
            self.wrong.append(f"a {kind} of {len(data)} bytes says {file.size_bytes}")
        if hashed and file.sha256 != hashlib.sha256(data).digest():
            self.wrong.append(f"the sha256 of a {kind} is not that of its bytes")


def loaded(text: str) -> Any:
    """JSON text as the standard has it."""

    def no_number(word: str) -> Any:
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=no_number)


class Merger:
    """Puts a stream's events together. hashed: they come from a server, which hashes and numbers them."""

    def __init__(self, *, hashed: bool) -> None:
        self.seen = Seen()
        self._hashed = hashed
        self._sequence = 0
        self._open: dict[int, Any] = {}
        self._before: Any = None
        self._count: dict[int, int] = {}
        self._data: dict[Key, bytearray] = {}
        self._text: dict[Key, list[str]] = {}
        self._ended = False

    def add(self, event: Any) -> None:
        """Take an event."""
        kind = event.WhichOneof("event")
        if self._hashed and kind != "heartbeat":
            due = self._sequence + (kind not in {"image_chunk", "media_chunk"})
            if event.sequence != due:
                self._wrong(f"event {kind} has number {event.sequence} where {due} was due")
            self._sequence = event.sequence
        if self._ended:
            self._wrong(f"{kind} after the last event")
        if kind in {"image_chunk", "media_chunk"} and not _goes_on(self._before, getattr(event, kind)):
            self._wrong(f"a {kind} behind what is not of its part")
        self._before = event if kind != "heartbeat" else self._before
        match kind:
            case "part_started":
                self._start(event.part_started)
            case "text_delta":
                delta = event.text_delta
                if self._within(delta, {pb.PartKind.PART_KIND_TEXT}):
                    self._text.setdefault((delta.candidate_index, delta.part_index), []).append(delta.text)
            case "image_chunk" | "media_chunk":
                self._chunk(getattr(event, kind), kind)
            case "part_finished":
                self._finish(event.part_finished)
            case "candidate_finished":
                end = event.candidate_finished
                self.seen.candidates.setdefault(end.candidate_index, [])
                ending(self.seen, end.candidate_index, end)
            case "finished":
                self._ended = True
                closing(self.seen, event.finished)

    def close(self, error: str = "") -> Seen:
        """What came. error: why it ended before its time."""
        self.seen.error = error
        if not error and not self._ended:
            self._wrong("the stream ended without its last event")
        return self.seen

    def _wrong(self, text: str) -> None:
        if len(self.seen.wrong) < 5:
            self.seen.wrong.append(text)

    def _start(self, part: Any) -> None:
        index = part.candidate_index
        if self._open.get(index) is not None or part.part_index != self._count.get(index, 0):
            self._wrong(f"part {part.part_index} of candidate {index} began out of order")
        self._open[index] = part.part_index, part.kind

    def _within(self, piece: Any, kinds: set[Any]) -> bool:
        index, kind = self._open.get(piece.candidate_index) or (None, None)
        if index != piece.part_index or kind not in kinds:
            self._wrong(f"a piece for part {piece.part_index}, where {index} of kind {kind} is open")
            return False
        return True

    def _chunk(self, chunk: Any, kind: str) -> None:
        # Which of the two kinds of bytes it is may be known at the end only.
        self._within(chunk, {pb.PartKind.PART_KIND_IMAGE, pb.PartKind.PART_KIND_MEDIA})
        data = self._data.setdefault((chunk.candidate_index, chunk.part_index), bytearray())
        if chunk.offset != len(data):
            self._wrong(f"{kind} at {chunk.offset} where {len(data)} was due")
        if not chunk.data:
            self._wrong(f"an empty {kind}")
        data += chunk.data

    def _finish(self, part: Any) -> None:
        index, key = part.candidate_index, (part.candidate_index, part.part_index)
        if (self._open.get(index) or (None,))[0] != part.part_index:
            self._wrong(f"part {part.part_index} of candidate {index} ended, and is not open")
        self._open[index] = None
        self._count[index] = part.part_index + 1
        data, text = bytes(self._data.pop(key, b"")), "".join(self._text.pop(key, ()))
        self.seen.part(index, part, data, text, hashed=self._hashed)


def _goes_on(before: Any, chunk: Any) -> bool:
    """Whether the event before a chunk is its part's beginning, or another chunk of the part."""
    kind = before.WhichOneof("event") if before is not None else ""
    if kind not in {"part_started", "image_chunk", "media_chunk"}:
        return False
    inside = getattr(before, kind)
    return bool((inside.candidate_index, inside.part_index) == (chunk.candidate_index, chunk.part_index))


def merged(events: Iterable[Any], *, hashed: bool, error: str = "") -> Seen:
    """A stream's events as an answer."""
    merger = Merger(hashed=hashed)
    for event in events:
        merger.add(event)
    return merger.close(error)


def ending(seen: Seen, index: int, end: Any) -> None:
    """Take a candidate's end. end: a Candidate or a CandidateFinished."""
    if index in seen.finishes:
        seen.wrong.append(f"candidate {index} ended twice")
    seen.finishes[index] = end.native_finish_reason
    seen.candidate_fields[index] = {name: loaded(value) for name, value in end.native_fields.items()}


def closing(seen: Seen, end: Any) -> None:
    """Take an answer's end. end: a CreateCompletionResponse or a Finished."""
    seen.usage = end.usage
    seen.fields = {name: loaded(value) for name, value in end.native_fields.items()}


def unary(answer: Any) -> Seen:
    """CreateCompletion's answer."""
    seen = Seen()
    for candidate in answer.candidates:
        message, index = candidate.message, candidate.index
        seen.candidates[index] = []
        bodiless = 0
        for part in message.parts:
            file = getattr(part, part.WhichOneof("content") or "image", None)
            data = file.data if part.WhichOneof("content") in {"image", "media"} else b""
            if part.HasField("image") and not data and not part.image.uri:
                bodiless += 1
                data = message.image.data
                if part.image.sha256 != message.image.sha256:
                    seen.wrong.append("a part without bytes is not the final picture")
            seen.part(index, part, data, part.text, hashed=True)
        if bodiless > 1:
            seen.wrong.append("two pictures without bytes")
        if message.HasField("image"):
            seen.final[index] = message.image.data or message.image.uri.encode()
        seen.contents[index] = message.content
        ending(seen, index, candidate)
    closing(seen, answer)
    return seen
