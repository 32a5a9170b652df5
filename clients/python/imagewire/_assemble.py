"""Events checked and put together, sans-IO. What is cut, damaged or out of order is an error, no shorter picture."""

import hashlib
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass, field
from typing import Any

from imagewire._errors import CorruptAnswer
from imagewire.v1.chat_service_pb2 import (
    Candidate,
    CreateCompletionResponse,
    ImageChunk,
    PartFinished,
    PartKind,
    StreamCompletionResponse,
)
from imagewire.v1.image_pb2 import Image
from imagewire.v1.message_pb2 import ChatMessage, Part, Role

Key = tuple[int, int]


def unbatched(message: StreamCompletionResponse) -> Iterable[StreamCompletionResponse]:
    """The events of a message: itself, and those that came with it."""
    if not message.more:
        return (message,)
    more = list(message.more)
    message.ClearField("more")
    return (message, *more)


@dataclass(slots=True)
class _Part:
    """A part on its way: what it holds, its place, and what has passed of a picture."""

    kind: int
    index: int
    size: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)


class Verifier:
    """Checks a stream's events as they pass, holding none of their bytes. Raises CorruptAnswer.

    What a newer server may add, events and kinds of parts, passes; what the contract says of the others is demanded.
    """

    def __init__(self) -> None:
        self._sequence = 0
        self._open: dict[int, _Part | None] = {}  # of each candidate that has begun
        self._count: dict[int, int] = {}  # how many parts of each candidate are whole
        self._ended: set[int] = set()
        self._finished = False

    @property
    def begun(self) -> bool:
        """Whether anything but heartbeats has come."""
        return self._sequence > 0

    def check(self, event: StreamCompletionResponse) -> None:
        """Check the next event."""
        kind = event.WhichOneof("event")
        if kind == "heartbeat":
            return
        if self._finished:
            raise CorruptAnswer("the stream went on after its last event")
        if event.sequence != self._sequence + 1:
            raise CorruptAnswer(f"event {self._sequence + 1} is missing: number {event.sequence} came in its place")
        if (kind == "started") != (self._sequence == 0):
            raise CorruptAnswer(f"event {event.sequence} is {kind}: a stream has one start, and it comes first")
        self._sequence = event.sequence
        match kind:
            case "part_started":
                started = event.part_started
                self._start(started.candidate_index, started.part_index, started.kind)
            case "text_delta":
                delta = event.text_delta
                self._within(delta.candidate_index, delta.part_index, PartKind.PART_KIND_TEXT)
            case "image_chunk":
                self._chunk(event.image_chunk)
            case "part_finished":
                self._finish(event.part_finished)
            case "candidate_finished":
                self._end(event.candidate_finished.candidate_index)
            case "finished":
                if unfinished := self._open.keys() - self._ended:
                    raise CorruptAnswer(f"the stream ended inside candidate {min(unfinished)}")
                self._finished = True

    def close(self) -> None:
        """The stream's end."""
        if not self._finished:
            raise CorruptAnswer("the stream ended before its last event: the answer is not whole")

    def _start(self, candidate: int, index: int, kind: int) -> None:
        if candidate in self._ended or self._open.get(candidate) or index != self._count.get(candidate, 0):
            raise CorruptAnswer(f"part {index} of candidate {candidate} began out of order")
        self._open[candidate] = _Part(kind, index)

    def _within(self, candidate: int, index: int, kind: int | None = None) -> _Part:
        """The open part, which must be this one."""
        part = self._open.get(candidate)
        if part is None or part.index != index or kind not in {None, part.kind}:
            raise CorruptAnswer(f"something came for part {index} of candidate {candidate}, which is not open for it")
        return part

    def _chunk(self, chunk: ImageChunk) -> None:
        part = self._within(chunk.candidate_index, chunk.part_index, PartKind.PART_KIND_IMAGE)
        if chunk.offset != part.size:
            raise CorruptAnswer(f"a picture's bytes go on at {chunk.offset} where {part.size} was due")
        part.size += len(chunk.data)
        part.sha256.update(chunk.data)

    def _finish(self, finished: PartFinished) -> None:
        candidate, image = finished.candidate_index, finished.image
        part = self._within(candidate, finished.part_index)
        if part.kind == PartKind.PART_KIND_IMAGE or finished.HasField("image"):
            if not part.size or part.size != image.size_bytes:
                raise CorruptAnswer(f"a picture has {part.size} bytes where {image.size_bytes} were announced")
            if part.sha256.digest() != image.sha256:
                raise CorruptAnswer("a picture was damaged on its way: its sha256 differs")
        self._open[candidate] = None
        self._count[candidate] = part.index + 1

    def _end(self, candidate: int) -> None:
        if candidate in self._ended or self._open.get(candidate):
            raise CorruptAnswer(f"candidate {candidate} ended out of order")
        self._open[candidate] = None
        self._ended.add(candidate)


class Assembler:
    """Puts a stream together into the answer that CreateCompletion would have given, verifying it on the way."""

    def __init__(self) -> None:
        self._verifier = Verifier()
        self._answer = CreateCompletionResponse()
        self._candidates: dict[int, Candidate] = {}
        self._texts: dict[Key, list[str]] = {}
        self._pictures: dict[Key, list[bytes]] = {}

    def add(self, event: StreamCompletionResponse) -> None:
        """Add the next event. Raises CorruptAnswer."""
        self._verifier.check(event)
        match event.WhichOneof("event"):
            case "started":
                started = event.started
                self._answer.completion_id, self._answer.model = started.completion_id, started.model
                self._answer.create_time.CopyFrom(started.create_time)
            case "text_delta":
                delta = event.text_delta
                self._texts.setdefault((delta.candidate_index, delta.part_index), []).append(delta.text)
            case "image_chunk":
                chunk = event.image_chunk
                self._pictures.setdefault((chunk.candidate_index, chunk.part_index), []).append(chunk.data)
            case "part_finished":
                self._add_part(event.part_finished)
            case "candidate_finished":
                end = event.candidate_finished
                candidate = self._candidate(end.candidate_index)
                # The two messages share their fields' names, all but the index.
                for descriptor, value in end.ListFields():
                    if descriptor.name != "candidate_index":
                        _copy(candidate, descriptor.name, value)
                _settle(candidate.message)
            case "finished":
                for descriptor, value in event.finished.ListFields():
                    _copy(self._answer, descriptor.name, value)

    def answer(self) -> CreateCompletionResponse:
        """The whole answer, once. Raises CorruptAnswer when the stream has not come to its end."""
        self._verifier.close()
        self._answer.candidates.extend(self._candidates[index] for index in sorted(self._candidates))
        return self._answer

    def _candidate(self, index: int) -> Candidate:
        if index not in self._candidates:
            self._candidates[index] = Candidate(index=index, message=ChatMessage(role=Role.ROLE_ASSISTANT))
        return self._candidates[index]

    def _add_part(self, finished: PartFinished) -> None:
        key = finished.candidate_index, finished.part_index
        part = Part(thought=finished.thought, thought_signature=finished.thought_signature)
        if finished.HasField("image"):
            part.image.CopyFrom(finished.image)
            part.image.data = b"".join(self._pictures.pop(key, ()))
        elif finished.HasField("function_call"):
            part.function_call.CopyFrom(finished.function_call)
        else:
            part.text = "".join(self._texts.pop(key, ()))
        self._candidate(finished.candidate_index).message.parts.append(part)


def collect(events: Iterable[StreamCompletionResponse]) -> CreateCompletionResponse:
    """A stream as one answer, its pictures whole. Raises CorruptAnswer when it is not the whole stream."""
    assembler = Assembler()
    for event in events:
        assembler.add(event)
    return assembler.answer()


async def acollect(events: AsyncIterable[StreamCompletionResponse]) -> CreateCompletionResponse:
    """As `collect`."""
    assembler = Assembler()
    async for event in events:
        assembler.add(event)
    return assembler.answer()


def check_answer(answer: CreateCompletionResponse) -> CreateCompletionResponse:
    """A unary answer whose pictures are there, and what they say. Raises CorruptAnswer."""
    for candidate in answer.candidates:
        final = candidate.message.image
        if candidate.message.HasField("image"):
            _check_image(final)
        for part in candidate.message.parts:
            # The final picture's part names it by its sha256, and carries no bytes.
            named = part.image.WhichOneof("source") is None and part.image.sha256 == final.sha256
            if part.HasField("image") and not named:
                _check_image(part.image)
    return answer


def _check_image(image: Image) -> None:
    source = image.WhichOneof("source")
    if source is None:
        raise CorruptAnswer("a picture is missing: the answer has neither its bytes nor a place to fetch them from")
    if source == "data" and (
        len(image.data) != image.size_bytes or hashlib.sha256(image.data).digest() != image.sha256
    ):
        raise CorruptAnswer("a picture was damaged on its way: its size or sha256 differs")


def _settle(message: ChatMessage) -> None:
    """Set the fields that stand for the common case: the text, and the final picture with the bytes."""
    message.content = "".join(part.text for part in message.parts if not part.thought)
    pictures = [part for part in message.parts if part.HasField("image")]
    final = next((part for part in reversed(pictures) if not part.thought), pictures[-1] if pictures else None)
    if final is not None:
        message.image.CopyFrom(final.image)
        final.image.ClearField("data")


def _copy(into: Any, name: str, value: Any) -> None:
    """Copy one field by name, whatever its kind."""
    if hasattr(value, "CopyFrom"):
        getattr(into, name).CopyFrom(value)
    elif hasattr(value, "extend"):
        getattr(into, name).extend(value)
    else:
        setattr(into, name, value)
