"""A stream's events as one answer. Unary is nothing but this, so the two cannot disagree."""

from collections.abc import AsyncIterator

from imagewire_server.contract import pb
from imagewire_server.contract.errors import AnswerTooLarge, Internal
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.contract.final_picture import FinalPicture

# What fits gRPC's default message limit of 4 MiB, with room for what no limit counts exactly, such as tags.
DEFAULT_INLINE_BYTES = 4 * 1024 * 1024 - 256 * 1024
_SCALARS = (str, int, bytes, float)
_POSITIONS = frozenset({"candidate_index", "part_index"})


async def fold(stream: AsyncIterator[list[StreamEvent]], *, max_inline_bytes: int) -> pb.CreateCompletionResponse:
    """All of a stream as one answer. Raises AnswerTooLarge when it would have more than `max_inline_bytes`.

    A stream that is too large is read to its end all the same, with nothing held: only its end tells what it cost.
    """
    folder = _Folder()
    left = max_inline_bytes
    async for events in stream:
        for event in events:
            left -= _weight(event)
            if left >= 0:
                folder.add(event)
            else:
                folder = _Folder()
    if left >= 0:
        answer = folder.answer()
        if answer.ByteSize() <= max_inline_bytes:
            return answer
    raise AnswerTooLarge(
        f"the answer is drawn but larger than the {max_inline_bytes} bytes that it may have:"
        " use StreamCompletion, which sends it in frames, or raise max_inline_bytes and the client's"
        " maximum message size",
        metadata={"use": "StreamCompletion", "max_inline_bytes": str(max_inline_bytes)},
    )


def _weight(event: StreamEvent) -> int:
    """What an event adds to the answer at the least, in bytes; nothing for those that each answer has but once."""
    if isinstance(event, Chunk):
        return len(event.data)
    match event.WhichOneof("event"):
        case "text_delta":
            return len(event.text_delta.text)
        case "part_finished":
            return event.ByteSize()
    return 0


class _Folder:
    def __init__(self) -> None:
        self._response = pb.CreateCompletionResponse()
        self._candidates: dict[int, _Candidate] = {}
        self._whole = False

    def add(self, event: StreamEvent) -> None:
        if isinstance(event, Chunk):
            self._candidate(event.candidate_index).chunks.append(event.data)
            return
        match event.WhichOneof("event"):
            case "started":
                _merge(event.started, self._response)
            case "text_delta":
                self._candidate(event.text_delta.candidate_index).texts.append(event.text_delta.text)
            case "part_finished":
                self._candidate(event.part_finished.candidate_index).add_part(event.part_finished)
            case "candidate_finished":
                self._candidate(event.candidate_finished.candidate_index).finish(event.candidate_finished)
            case "finished":
                self._whole = True
                _merge(event.finished, self._response)

    def answer(self) -> pb.CreateCompletionResponse:
        if not self._whole:
            raise Internal("the stream ended without its last event")
        if list(self._candidates) != sorted(self._candidates):
            self._response.candidates.sort(key=lambda candidate: candidate.index)
        return self._response

    def _candidate(self, index: int) -> "_Candidate":
        if index not in self._candidates:
            self._candidates[index] = _Candidate(self._response.candidates.add(index=index))
        return self._candidates[index]


class _Candidate:
    """One candidate of the answer. texts, chunks: of its open part; a candidate's parts come one after another."""

    def __init__(self, made: pb.Candidate) -> None:
        self.texts: list[str] = []
        self.chunks: list[bytes] = []
        self._made = made
        self._message = made.message
        self._message.role = pb.Role.ROLE_ASSISTANT
        self._content: list[str] = []
        self._final = FinalPicture[pb.Part]()

    def add_part(self, finished: pb.PartFinished) -> None:
        part = self._message.parts.add()
        _merge(finished, part)
        match finished.WhichOneof("content"):
            case None:
                part.text = "".join(self.texts)
                self.texts.clear()
                if not part.thought:
                    self._content.append(part.text)
            case "image":
                if not part.image.uri:
                    part.image.data = self._bytes()
                self._final.take(part, is_draft=part.thought)
            case "media" if not part.media.uri:
                part.media.data = self._bytes()

    def finish(self, finished: pb.CandidateFinished) -> None:
        """Set the fields that stand for the common case, too: the text, and the final picture with the bytes."""
        _merge(finished, self._made)
        self._message.content = "".join(self._content)
        final = self._final.picture
        if final is not None:
            self._message.image.CopyFrom(final.image)
            final.image.ClearField("data")

    def _bytes(self) -> bytes:
        data = b"".join(self.chunks)
        self.chunks.clear()
        return data


def _merge(source: pb.ProtoMessage, into: pb.ProtoMessage) -> None:
    """Copy what an event says into what it says it of: the fields have the same names, all but its position."""
    for descriptor, value in source.ListFields():
        name = descriptor.name
        if isinstance(value, _SCALARS):
            if name not in _POSITIONS:
                setattr(into, name, value)
        else:
            getattr(into, name).MergeFrom(value)
