"""A stream's events as one answer. Unary is nothing but this, so the two cannot disagree."""

from collections.abc import AsyncIterator

from imagewire_server.contract import pb
from imagewire_server.contract.errors import AnswerTooLarge, Internal

# What fits gRPC's default message limit of 4 MiB, with room for what no limit counts exactly, such as tags.
DEFAULT_INLINE_BYTES = 4 * 1024 * 1024 - 256 * 1024
_SCALARS = (str, int, bytes, float)
_PLACES = frozenset({"candidate_index", "part_index"})


async def fold(stream: AsyncIterator[list[pb.Event]], *, max_inline_bytes: int) -> pb.CreateCompletionResponse:
    """All of a stream as one answer. Raises AnswerTooLarge when it would have more than `max_inline_bytes`.

    A stream that is too large is read to its end all the same, with nothing held: only its end tells what it cost.
    """
    folder, scale = _Folder(), _Scale()
    left = max_inline_bytes
    async for events in stream:
        for event in events:
            kind = event.WhichOneof("event")
            left -= scale.weight(event, kind)
            if left >= 0:
                folder.add(event, kind)
            else:
                folder = _Folder()
    if left < 0:
        raise AnswerTooLarge(
            f"the answer is drawn but larger than the {max_inline_bytes} bytes that it may have:"
            " use StreamCompletion, which sends it in frames, or raise max_inline_bytes and the client's"
            " maximum message size",
            metadata={"use": "StreamCompletion", "max_inline_bytes": str(max_inline_bytes)},
        )
    return folder.answer()


class _Scale:
    """What events add to the answer, in bytes."""

    def __init__(self) -> None:
        self._thoughts: set[tuple[int, int]] = set()

    def weight(self, event: pb.Event, kind: str | None) -> int:
        """What the next event adds."""
        match kind:
            case "part_started" if event.part_started.thought:
                self._thoughts.add((event.part_started.candidate_index, event.part_started.part_index))
            case "text_delta":
                delta = event.text_delta
                size = len(delta.text.encode())
                # What is no thought stands in `content` and in `parts`.
                return size if (delta.candidate_index, delta.part_index) in self._thoughts else 2 * size
            case "image_chunk":
                return len(event.image_chunk.data)
            case "media_chunk":
                return len(event.media_chunk.data)
            case "part_finished" if event.part_finished.HasField("image"):
                # What is known of a picture stands in `image` and in `parts`.
                return event.ByteSize() + event.part_finished.image.ByteSize()
            case "part_finished" | "candidate_finished" | "started" | "finished":
                return event.ByteSize()
        return 0


class _Folder:
    def __init__(self) -> None:
        self._response = pb.CreateCompletionResponse()
        self._candidates: dict[int, pb.Candidate] = {}
        self._files: dict[tuple[int, int], list[bytes]] = {}
        self._texts: dict[tuple[int, int], list[str]] = {}
        self._whole = False

    def add(self, event: pb.Event, kind: str | None) -> None:
        match kind:
            case "started":
                _merge(event.started, self._response)
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
                self._whole = True
                _merge(event.finished, self._response)

    def answer(self) -> pb.CreateCompletionResponse:
        if not self._whole:
            raise Internal("the stream ended without its last event")
        self._response.candidates.extend(self._candidates[index] for index in sorted(self._candidates))
        return self._response

    def _candidate(self, index: int) -> pb.Candidate:
        if index not in self._candidates:
            message = pb.ChatMessage(role=pb.Role.ROLE_ASSISTANT)
            self._candidates[index] = pb.Candidate(index=index, message=message)
        return self._candidates[index]

    def _add_chunk(self, chunk: pb.ImageChunk | pb.MediaChunk) -> None:
        self._files.setdefault((chunk.candidate_index, chunk.part_index), []).append(chunk.data)

    def _add_part(self, finished: pb.PartFinished) -> None:
        key = finished.candidate_index, finished.part_index
        part = self._candidate(finished.candidate_index).message.parts.add()
        _merge(finished, part)
        match finished.WhichOneof("content"):
            case "image" if not finished.image.uri:
                part.image.data = b"".join(self._files.pop(key))
            case "media" if not finished.media.uri:
                part.media.data = b"".join(self._files.pop(key))
            case None:
                part.text = "".join(self._texts.pop(key, ()))


def _settle(message: pb.ChatMessage) -> None:
    """Set the fields that stand for the common case: the text, and the final picture with the bytes."""
    message.content = "".join(part.text for part in message.parts if not part.thought)
    pictures = [part for part in message.parts if part.HasField("image")]
    final = next((part for part in reversed(pictures) if not part.thought), pictures[-1] if pictures else None)
    if final is not None:
        message.image.CopyFrom(final.image)
        final.image.ClearField("data")


def _merge(source: pb.ProtoMessage, into: pb.ProtoMessage) -> None:
    """Copy what an event says into what it says it of: the fields have the same names, all but the places."""
    for descriptor, value in source.ListFields():
        name = descriptor.name
        if isinstance(value, _SCALARS):
            if name not in _PLACES:
                setattr(into, name, value)
        else:
            getattr(into, name).MergeFrom(value)
