"""Checks events and answers. What is cut, damaged or out of order is an error, never a shorter picture. Sans-IO."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from imagewire.errors import CorruptAnswer
from imagewire.v1.chat_service_pb2 import (
    CreateCompletionResponse,
    ImageChunk,
    MediaChunk,
    PartFinished,
    PartKind,
    StreamCompletionResponse,
)
from imagewire.v1.image_pb2 import Image
from imagewire.v1.message_pb2 import Media

# Events without a number of their own: they repeat the number before.
_UNNUMBERED = frozenset({"image_chunk", "media_chunk"})
_TEXTS = frozenset({PartKind.PART_KIND_TEXT})
_FILES = frozenset({PartKind.PART_KIND_IMAGE, PartKind.PART_KIND_MEDIA})
_CONTENTS = {
    PartKind.PART_KIND_TEXT: frozenset({None}),
    # Whether it is a picture or other media may be known only at its end.
    PartKind.PART_KIND_IMAGE: frozenset({"image", "media"}),
    PartKind.PART_KIND_MEDIA: frozenset({"image", "media"}),
    PartKind.PART_KIND_FUNCTION_CALL: frozenset({"function_call"}),
    PartKind.PART_KIND_NATIVE: frozenset({"native"}),
}


def unbatched(message: StreamCompletionResponse) -> Iterable[StreamCompletionResponse]:
    """The events of a message: itself, and those in its field `more`."""
    if not message.more:
        return (message,)
    more = list(message.more)
    message.ClearField("more")
    return (message, *more)


@dataclass(slots=True)
class _Part:
    """An open part: its kind and index, and size and hash of the bytes so far."""

    kind: PartKind
    index: int
    size: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)


class Verifier:
    """Checks a stream's events one by one, keeping none of their bytes. Raises CorruptAnswer.

    Events and kinds of parts that a newer server adds are accepted. All others must be as the contract says.
    """

    def __init__(self) -> None:
        self._sequence = 0
        self._open: dict[int, _Part | None] = {}  # of each candidate that has begun
        self._count: dict[int, int] = {}  # how many parts of each candidate are whole
        self._ended: set[int] = set()
        self._finished = False
        self._last: _Part | None = None  # the part that the last event began
        self.completion_id = ""
        self.is_kept = False

    @property
    def begun(self) -> bool:
        """Whether anything but heartbeats has come."""
        return self._sequence > 0

    @property
    def is_finished(self) -> bool:
        """Whether the last event has come."""
        return self._finished

    @property
    def position(self) -> tuple[int, int]:
        """The number of the last event, and how many bytes have come of the file that it began."""
        return self._sequence, self._last.size if self._last is not None else 0

    def events(self, message: StreamCompletionResponse) -> Iterator[StreamCompletionResponse]:
        """Check the events of the next message, one after the other."""
        for event in unbatched(message):
            self.check(event)
            yield event

    def check(self, event: StreamCompletionResponse) -> None:
        """Check the next event."""
        kind = event.WhichOneof("event")
        if kind == "heartbeat":
            return
        if self._finished:
            raise CorruptAnswer("the stream went on after its last event")
        due = self._sequence + (kind not in _UNNUMBERED)
        if event.sequence != due:
            raise CorruptAnswer(f"event {due} is missing: number {event.sequence} came in its place")
        if (kind == "started") != (self._sequence == 0):
            raise CorruptAnswer(f"event {event.sequence} is {kind}: a stream has one start, and it comes first")
        if kind not in _UNNUMBERED:
            self._last = None
        self._sequence = event.sequence
        match kind:
            case "started":
                self.completion_id, self.is_kept = event.started.completion_id, event.started.HasField("expire_time")
            case "part_started":
                started = event.part_started
                self._start(started.candidate_index, started.part_index, started.kind)
            case "text_delta":
                delta = event.text_delta
                self._within(delta.candidate_index, delta.part_index, _TEXTS)
            case "image_chunk":
                self._chunk(event.image_chunk)
            case "media_chunk":
                self._chunk(event.media_chunk)
            case "part_finished":
                self._finish(event.part_finished)
            case "candidate_finished":
                self._end(event.candidate_finished.candidate_index)
            case "finished":
                if unfinished := self._open.keys() - self._ended:
                    raise CorruptAnswer(f"the stream ended inside candidate {min(unfinished)}")
                self._finished = True

    def close(self) -> None:
        """Check that the stream may end here."""
        if not self._finished:
            raise CorruptAnswer("the stream ended before its last event: the answer is not whole")

    def _start(self, candidate: int, index: int, kind: PartKind) -> None:
        if candidate in self._ended or self._open.get(candidate) or index != self._count.get(candidate, 0):
            raise CorruptAnswer(f"part {index} of candidate {candidate} began out of order")
        self._open[candidate] = self._last = _Part(kind, index)

    def _within(self, candidate: int, index: int, kinds: Iterable[PartKind] = ()) -> _Part:
        """The open part, which must have this index and one of these kinds."""
        part = self._open.get(candidate)
        if part is None or part.index != index or (kinds and part.kind not in kinds):
            raise CorruptAnswer(f"something came for part {index} of candidate {candidate}, which is not open for it")
        return part

    def _chunk(self, chunk: ImageChunk | MediaChunk) -> None:
        part = self._within(chunk.candidate_index, chunk.part_index, _FILES)
        if chunk.offset != part.size:
            raise CorruptAnswer(f"a part's bytes go on at {chunk.offset} where {part.size} was due")
        part.size += len(chunk.data)
        part.sha256.update(chunk.data)

    def _finish(self, finished: PartFinished) -> None:
        candidate = finished.candidate_index
        part = self._within(candidate, finished.part_index)
        content = finished.WhichOneof("content")
        if content not in _CONTENTS.get(part.kind, {content}):
            began = PartKind.Name(part.kind).removeprefix("PART_KIND_")
            raise CorruptAnswer(f"part {part.index} of candidate {candidate} began as {began} and ended as {content}")
        if content == "image":
            _check_file(finished.image, part)
        elif content == "media":
            _check_file(finished.media, part)
        self._open[candidate] = None
        self._count[candidate] = part.index + 1

    def _end(self, candidate: int) -> None:
        if candidate in self._ended or self._open.get(candidate):
            raise CorruptAnswer(f"candidate {candidate} ended out of order")
        self._open[candidate] = None
        self._ended.add(candidate)


def _check_file(file: Image | Media, part: _Part) -> None:
    """Check a file whose bytes have all arrived, or which is elsewhere."""
    what = _name(file)
    if file.uri:
        if part.size:
            raise CorruptAnswer(f"{what} is said to be elsewhere, but has {part.size} bytes here")
        return
    if not part.size or part.size != file.size_bytes:
        raise CorruptAnswer(f"{what} has {part.size} bytes where {file.size_bytes} were announced")
    if part.sha256.digest() != file.sha256:
        raise CorruptAnswer(f"{what} was damaged on its way: its sha256 differs")


def kept_elsewhere(answer: CreateCompletionResponse) -> Iterator[Image]:
    """The pictures of a unary answer whose bytes are on the server, by their image_id."""
    for candidate in answer.candidates:
        message = candidate.message
        for image in (message.image, *(part.image for part in message.parts if part.HasField("image"))):
            if image.WhichOneof("source") == "image_id":
                yield image


def check_answer(answer: CreateCompletionResponse) -> CreateCompletionResponse:
    """Check that the files of a unary answer are there and undamaged, and put its candidates in their order.

    Returns the answer. Raises CorruptAnswer.
    """
    for candidate in answer.candidates:
        final = candidate.message.image
        if candidate.message.HasField("image"):
            _check_whole(final)
        for part in candidate.message.parts:
            # The part of the final picture refers to it by its SHA-256, and has no bytes.
            refers = part.image.WhichOneof("source") is None and part.image.sha256 == final.sha256
            if part.HasField("image") and not refers:
                _check_whole(part.image)
            elif part.HasField("media"):
                _check_whole(part.media)
    answer.candidates.sort(key=lambda candidate: candidate.index)
    return answer


def _check_whole(file: Image | Media) -> None:
    source, what = file.WhichOneof("source"), _name(file)
    if source is None:
        raise CorruptAnswer(f"{what} is missing: the answer has neither its bytes nor a place to fetch them from")
    if source == "data" and (len(file.data) != file.size_bytes or hashlib.sha256(file.data).digest() != file.sha256):
        raise CorruptAnswer(f"{what} was damaged on its way: its size or sha256 differs")


def _name(file: Image | Media) -> str:
    return "a picture" if isinstance(file, Image) else f"a file of type {file.mime_type}"
