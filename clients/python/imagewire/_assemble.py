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
    StreamCompletionResponse,
)
from imagewire.v1.image_pb2 import Image
from imagewire.v1.message_pb2 import Message, Part, Role

Key = tuple[int, int]


@dataclass(slots=True)
class _Passing:
    """A picture on its way."""

    size: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)


class Verifier:
    """Checks a stream's events as they pass, holding none of their bytes. Raises CorruptAnswer."""

    def __init__(self) -> None:
        self._sequence = 0
        self._pictures: dict[Key, _Passing] = {}
        self._finished = False

    def check(self, event: StreamCompletionResponse) -> None:
        """Check the next event."""
        kind = event.WhichOneof("event")
        if kind == "heartbeat":
            return
        if self._finished:
            raise CorruptAnswer("the stream went on after its last event")
        if event.sequence != self._sequence + 1:
            raise CorruptAnswer(f"event {self._sequence + 1} is missing: number {event.sequence} came in its place")
        self._sequence = event.sequence
        if kind == "image_chunk":
            self._check_chunk(event.image_chunk)
        elif kind == "part_finished" and event.part_finished.HasField("image"):
            self._check_picture(event.part_finished)
        elif kind == "finished":
            if self._pictures:
                raise CorruptAnswer("the stream ended inside a picture")
            self._finished = True

    def close(self) -> None:
        """The stream's end."""
        if not self._finished:
            raise CorruptAnswer("the stream ended before its last event: the answer is not whole")

    def _check_chunk(self, chunk: ImageChunk) -> None:
        picture = self._pictures.setdefault((chunk.candidate_index, chunk.part_index), _Passing())
        if chunk.offset != picture.size:
            raise CorruptAnswer(f"bytes {picture.size} to {chunk.offset} of a picture are missing")
        picture.size += len(chunk.data)
        picture.sha256.update(chunk.data)

    def _check_picture(self, finished: PartFinished) -> None:
        picture = self._pictures.pop((finished.candidate_index, finished.part_index), _Passing())
        if picture.size != finished.image.size_bytes:
            raise CorruptAnswer(f"a picture has {picture.size} bytes where {finished.image.size_bytes} were announced")
        if picture.sha256.digest() != finished.image.sha256:
            raise CorruptAnswer("a picture was damaged on its way: its sha256 differs")


class Assembler:
    """Puts a verified stream together into the answer that CreateCompletion would have given."""

    def __init__(self) -> None:
        self._answer = CreateCompletionResponse()
        self._candidates: dict[int, Candidate] = {}
        self._texts: dict[Key, list[str]] = {}
        self._pictures: dict[Key, list[bytes]] = {}

    def add(self, event: StreamCompletionResponse) -> None:
        """Add the next event, one that a Verifier has passed."""
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
                index = candidate.index
                # The two messages share their fields' names, all but the index.
                for descriptor, value in end.ListFields():
                    if descriptor.name != "candidate_index":
                        _copy(candidate, descriptor.name, value)
                candidate.index = index
                _settle(candidate.message)
            case "finished":
                for descriptor, value in event.finished.ListFields():
                    _copy(self._answer, descriptor.name, value)

    def answer(self) -> CreateCompletionResponse:
        """The whole answer."""
        del self._answer.candidates[:]
        self._answer.candidates.extend(self._candidates[index] for index in sorted(self._candidates))
        return self._answer

    def _candidate(self, index: int) -> Candidate:
        if index not in self._candidates:
            self._candidates[index] = Candidate(index=index, message=Message(role=Role.ROLE_ASSISTANT))
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
    """A stream as one answer, its pictures whole."""
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
    """A unary answer whose inline pictures are what they say. Raises CorruptAnswer."""
    for candidate in answer.candidates:
        message = candidate.message
        for image in (message.image, *(part.image for part in message.parts)):
            if image.data:
                _check_inline(image)
    return answer


def _check_inline(image: Image) -> None:
    if len(image.data) != image.size_bytes or hashlib.sha256(image.data).digest() != image.sha256:
        raise CorruptAnswer("a picture was damaged on its way: its size or sha256 differs")


def _settle(message: Message) -> None:
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
