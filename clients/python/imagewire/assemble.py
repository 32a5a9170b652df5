"""A stream's events put together into CreateCompletion's answer. Sans-IO."""

from collections.abc import AsyncIterable, Iterable

from google.protobuf.message import Message

from imagewire._grpc.verify import Verifier
from imagewire.final_image import final_image
from imagewire.fold import PartFold, WholePart
from imagewire.v1.chat_service_pb2 import Candidate, CreateCompletionResponse, StreamCompletionResponse
from imagewire.v1.message_pb2 import ChatMessage, Role

# Fields of an event that say which part it is about.
_INDICES = frozenset({"candidate_index", "part_index"})


class Assembler:
    """Puts a stream together into the answer that CreateCompletion would have given, verifying it on the way."""

    def __init__(self) -> None:
        self._verifier = Verifier()
        self._fold = PartFold()
        self._answer = CreateCompletionResponse()
        self._candidates: dict[int, Candidate] = {}

    def add(self, event: StreamCompletionResponse) -> None:
        """Add the next event. Raises CorruptAnswer."""
        self._verifier.check(event)
        if isinstance(folded := self._fold.add(event), WholePart):
            self._add_part(folded)
            return
        match event.WhichOneof("event"):
            case "started":
                _merge(event.started, self._answer)
            case "candidate_finished":
                candidate = self._candidate(event.candidate_finished.candidate_index)
                _merge(event.candidate_finished, candidate)
                _set_common_fields(candidate.message)
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

    def _add_part(self, whole: WholePart) -> None:
        finished = whole.finished
        part = self._candidate(finished.candidate_index).message.parts.add()
        _merge(finished, part)
        content = finished.WhichOneof("content")
        if content is None:
            part.text = whole.text
        elif content in {"image", "media"} and whole.data is not None:
            getattr(part, content).data = whole.data


def collect(events: Iterable[StreamCompletionResponse]) -> CreateCompletionResponse:
    """Put the events of a stream together into one answer.

    Args:
        events: All events of one stream, in order, as `Client.stream_completion` yields them.

    Returns:
        What `Client.create_completion` would have returned, the pictures' bytes in it.

    Raises:
        CorruptAnswer: An event is missing or a picture is damaged, or these are not all events.
        ImagewireError: What the stream itself raises.

    Examples:
        >>> with imagewire.Client() as client:
        ...     answer = imagewire.collect(client.stream_completion(prompt="A banana"))
        ...     print(answer.candidates[0].message.image.mime_type)
        image/png
    """
    assembler = Assembler()
    for event in events:
        assembler.add(event)
    return assembler.answer()


async def acollect(events: AsyncIterable[StreamCompletionResponse]) -> CreateCompletionResponse:
    """Put the events of a stream together into one answer, for asyncio.

    Args:
        events: All events of one stream, in order, as `AsyncClient.stream_completion` yields them.

    Returns:
        What `AsyncClient.create_completion` would have returned, the pictures' bytes in it.

    Raises:
        CorruptAnswer: An event is missing or a picture is damaged, or these are not all events.
        ImagewireError: What the stream itself raises.

    Examples:
        >>> async def main():
        ...     async with imagewire.AsyncClient() as client:
        ...         return await imagewire.acollect(client.stream_completion(prompt="A banana"))
        >>> asyncio.run(main()).candidates[0].message.image.mime_type
        'image/png'
    """
    assembler = Assembler()
    async for event in events:
        assembler.add(event)
    return assembler.answer()


def _set_common_fields(message: ChatMessage) -> None:
    """Set the fields that stand for the common case: the text, and the final picture with the bytes."""
    message.content = "".join(part.text for part in message.parts if not part.thought)
    pictures = [part for part in message.parts if part.HasField("image")]
    final = final_image(pictures, lambda part: part.thought)
    if final is not None:
        message.image.CopyFrom(final.image)
        final.image.ClearField("data")


def _merge(source: Message, into: Message) -> None:
    """Copy what an event says into what it is about: the fields have the same names."""
    for descriptor, value in source.ListFields():
        if descriptor.name in _INDICES:
            continue
        if hasattr(value, "MergeFrom"):
            getattr(into, descriptor.name).MergeFrom(value)
        else:
            setattr(into, descriptor.name, value)
