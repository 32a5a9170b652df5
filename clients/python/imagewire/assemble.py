"""A stream's events put together into CreateCompletion's answer, sans-IO."""

from collections.abc import AsyncIterable, Iterable

from google.protobuf.message import Message

from imagewire._grpc.verify import Verifier
from imagewire.v1.chat_service_pb2 import (
    Candidate,
    CreateCompletionResponse,
    ImageChunk,
    MediaChunk,
    PartFinished,
    StreamCompletionResponse,
)
from imagewire.v1.message_pb2 import ChatMessage, Role

Key = tuple[int, int]
_PLACES = frozenset({"candidate_index", "part_index"})


class Assembler:
    """Puts a stream together into the answer that CreateCompletion would have given, verifying it on the way."""

    def __init__(self) -> None:
        self._verifier = Verifier()
        self._answer = CreateCompletionResponse()
        self._candidates: dict[int, Candidate] = {}
        self._texts: dict[Key, list[str]] = {}
        self._files: dict[Key, list[bytes]] = {}

    def add(self, event: StreamCompletionResponse) -> None:
        """Add the next event. Raises CorruptAnswer."""
        self._verifier.check(event)
        match event.WhichOneof("event"):
            case "started":
                _merge(event.started, self._answer)
            case "text_delta":
                delta = event.text_delta
                self._texts.setdefault((delta.candidate_index, delta.part_index), []).append(delta.text)
            case "image_chunk":
                self._add_chunk(event.image_chunk)
            case "media_chunk":
                self._add_chunk(event.media_chunk)
            case "part_finished":
                self._add_part(event.part_finished)
            case "candidate_finished":
                candidate = self._candidate(event.candidate_finished.candidate_index)
                _merge(event.candidate_finished, candidate)
                _settle(candidate.message)
            case "finished":
                _merge(event.finished, self._answer)

    def answer(self) -> CreateCompletionResponse:
        """The whole answer, once. Raises CorruptAnswer when the stream has not come to its end."""
        self._verifier.close()
        self._answer.candidates.extend(self._candidates[index] for index in sorted(self._candidates))
        return self._answer

    def _candidate(self, index: int) -> Candidate:
        if index not in self._candidates:
            self._candidates[index] = Candidate(index=index, message=ChatMessage(role=Role.ROLE_ASSISTANT))
        return self._candidates[index]

    def _add_chunk(self, chunk: ImageChunk | MediaChunk) -> None:
        self._files.setdefault((chunk.candidate_index, chunk.part_index), []).append(chunk.data)

    def _add_part(self, finished: PartFinished) -> None:
        key = finished.candidate_index, finished.part_index
        part = self._candidate(finished.candidate_index).message.parts.add()
        _merge(finished, part)
        content = finished.WhichOneof("content")
        if content is None:
            part.text = "".join(self._texts.pop(key, ()))
        elif content in {"image", "media"} and key in self._files:
            getattr(part, content).data = b"".join(self._files.pop(key))


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


def _settle(message: ChatMessage) -> None:
    """Set the fields that stand for the common case: the text, and the final picture with the bytes."""
    message.content = "".join(part.text for part in message.parts if not part.thought)
    pictures = [part for part in message.parts if part.HasField("image")]
    final = next((part for part in reversed(pictures) if not part.thought), pictures[-1] if pictures else None)
    if final is not None:
        message.image.CopyFrom(final.image)
        final.image.ClearField("data")


def _merge(source: Message, into: Message) -> None:
    """Copy what an event says into what it says it of: the fields have the same names, all but the places."""
    for descriptor, value in source.ListFields():
        if descriptor.name in _PLACES:
            continue
        if hasattr(value, "MergeFrom"):
            getattr(into, descriptor.name).MergeFrom(value)
        else:
            setattr(into, descriptor.name, value)
