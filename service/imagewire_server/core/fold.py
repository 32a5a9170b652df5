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

    Pictures that are kept have their image_id in place of their bytes where those are too many. A stream that is too
    large otherwise is read to its end all the same, with nothing held: only its end tells what it cost.
    """
    folder = _Folder()
    size = files = 0  # at the least, of all but files and of the files in it
    async for events in stream:
        for event in events:
            kind = None
            if isinstance(event, Chunk):
                files += len(event.data)
            else:
                kind = event.WhichOneof("event")
                size += _weight(event, kind)
            if folder.has_files and size + files > max_inline_bytes:
                folder.leave_files_out()
            if size <= max_inline_bytes and not folder.lacks_files:
                folder.add(event, kind)
            else:
                folder.clear()
    if size <= max_inline_bytes and not folder.lacks_files:
        answer = folder.answer()
        # To measure an answer costs as much as to serialize it.
        fits = answer.ByteSize() <= max_inline_bytes
        if not fits:
            folder.leave_files_out()
            fits = answer.ByteSize() <= max_inline_bytes
        if fits and not folder.lacks_files:
            return answer
    raise too_large(max_inline_bytes)


def too_large(max_inline_bytes: int, why: str = "") -> AnswerTooLarge:
    """Of an answer that is drawn. why: further words about it."""
    return AnswerTooLarge(
        f"the answer is drawn but larger than the {max_inline_bytes} bytes that it may have{why}:"
        " use StreamCompletion, which sends it in frames, or raise max_inline_bytes and the client's"
        " maximum message size",
        metadata={"use": "StreamCompletion", "max_inline_bytes": str(max_inline_bytes)},
    )


def kept_elsewhere(answer: pb.CreateCompletionResponse) -> list[str]:
    """The ids of the pictures that an answer has in place of their bytes."""
    messages = [candidate.message for candidate in answer.candidates]
    images = [message.image for message in messages]
    images += [part.image for message in messages for part in message.parts if part.HasField("image")]
    return [image.image_id for image in images if image.image_id]


def _weight(event: pb.Event, kind: str | None) -> int:
    """What an event adds to the answer at the least, in bytes; nothing for those that each answer has but once."""
    match kind:
        case "text_delta":
            return len(event.text_delta.text)
        case "part_finished":
            return event.ByteSize()
    return 0


class _Folder:
    """has_files: whether the answer has the bytes of pictures and other media in it. lacks_files: whether some that it
    should have are gone: those of media, and of pictures that are not kept.
    """

    def __init__(self) -> None:
        self._response = pb.CreateCompletionResponse()
        self._candidates: dict[int, _Candidate] = {}
        self._whole = False
        self.has_files = True
        self.lacks_files = False

    def clear(self) -> None:
        """Hold nothing."""
        self._response.Clear()
        self._candidates.clear()

    def leave_files_out(self) -> None:
        """From now on, and in what there is, pictures have their image_id in place of their bytes."""
        self.has_files = False
        for candidate in self._candidates.values():
            self.lacks_files = not candidate.leave_files_out() or self.lacks_files

    def add(self, event: StreamEvent, kind: str | None) -> None:
        """kind: which event it is, None for a chunk."""
        if isinstance(event, Chunk):
            if self.has_files:
                self._candidate(event.candidate_index).chunks.append(event.data)
            return
        match kind:
            case "started":
                merge(event.started, self._response)
            case "text_delta":
                delta = event.text_delta
                self._candidate(delta.candidate_index).texts.append(delta.text)
            case "part_finished":
                part = event.part_finished
                if not self._candidate(part.candidate_index).add_part(part, with_file=self.has_files):
                    self.lacks_files = True
            case "candidate_finished":
                candidate = event.candidate_finished
                self._candidate(candidate.candidate_index).finish(candidate)
            case "finished":
                self._whole = True
                merge(event.finished, self._response)

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
        self._final: FinalPicture[pb.Part] = FinalPicture()
        self._ids: dict[bytes, str] = {}  # of kept pictures, by their hash

    def add_part(self, finished: pb.PartFinished, *, with_file: bool) -> bool:
        """Returns whether its file is there, or can be had by its id."""
        part = self._message.parts.add()
        merge(finished, part)
        match finished.WhichOneof("content"):
            case None:
                part.text = "".join(self.texts)
                self.texts.clear()
                if not part.thought:
                    self._content.append(part.text)
            case "image":
                self._final.take(part, is_draft=part.thought)
                if not part.image.uri:
                    if part.image.image_id:
                        self._ids[part.image.sha256] = part.image.image_id
                    if not with_file:
                        return bool(part.image.image_id)
                    part.image.data = self._bytes()
            case "media" if not part.media.uri:
                if not with_file:
                    return False
                part.media.data = self._bytes()
        return True

    def leave_files_out(self) -> bool:
        """Put ids in place of bytes. Returns whether each file has one."""
        self.chunks.clear()
        images = [*(part.image for part in self._message.parts if part.HasField("image"))]
        if self._message.HasField("image"):
            images.append(self._message.image)
        for image in images:
            if image.data:
                if image.sha256 not in self._ids:
                    return False
                image.image_id = self._ids[image.sha256]
        return not any(part.media.data for part in self._message.parts if part.HasField("media"))

    def finish(self, finished: pb.CandidateFinished) -> None:
        """Set the fields that stand for the common case, too: the text, and the final picture with the bytes."""
        merge(finished, self._made)
        self._message.content = "".join(self._content)
        final = self._final.picture
        if final is not None:
            self._message.image.CopyFrom(final.image)
            for source in "data", "image_id":  # its part refers to it by its hash
                final.image.ClearField(source)

    def _bytes(self) -> bytes:
        data = b"".join(self.chunks)
        self.chunks.clear()
        return data


def merge(source: pb.ProtoMessage, into: pb.ProtoMessage) -> None:
    """Copy what an event says into what it says it of: the fields have the same names, all but its position."""
    for descriptor, value in source.ListFields():
        name = descriptor.name
        if isinstance(value, _SCALARS):
            if name not in _POSITIONS:
                setattr(into, name, value)
        else:
            getattr(into, name).MergeFrom(value)
