"""A stream folded: the deltas of each part joined until the part is whole. Sans-IO.

This is the one place that joins them. `assemble` makes the protobuf answer of what comes out, and `answer_builder`
makes the Answer.
"""

from dataclasses import dataclass, field

from imagewire.v1.chat_service_pb2 import ImageChunk, MediaChunk, PartFinished, StreamCompletionResponse


@dataclass(slots=True)
class OpenPart:
    """A part that has not ended. thought: as far as known. text: all of it that has come. data: likewise, if kept."""

    thought: bool = False
    text: str = ""
    data: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Delta:
    """What an event added to an open part: text, or bytes of its file from `offset` on."""

    candidate: int
    index: int
    part: OpenPart
    text: str = ""
    data: bytes = b""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class WholePart:
    """A part that has ended. data: None where no bytes came, or none are kept."""

    finished: PartFinished
    text: str
    data: bytes | None


class PartFold:
    """Joins the deltas of a stream whose events were verified, so that a candidate has one open part at a time.

    keep_data: whether the bytes of files are kept.
    """

    def __init__(self, *, keep_data: bool = True) -> None:
        self._keep_data = keep_data
        self._open: dict[int, OpenPart] = {}

    def add(self, event: StreamCompletionResponse) -> Delta | WholePart | None:
        """Take the next event. Returns what it added to a part or ended, None when it is about no part."""
        match event.WhichOneof("event"):
            case "part_started":
                started = event.part_started
                self._open[started.candidate_index] = OpenPart(started.thought)
            case "text_delta":
                delta = event.text_delta
                part = self._open[delta.candidate_index]
                part.text += delta.text
                return Delta(delta.candidate_index, delta.part_index, part, text=delta.text)
            case "image_chunk":
                return self._chunk(event.image_chunk)
            case "media_chunk":
                return self._chunk(event.media_chunk)
            case "part_finished":
                finished = event.part_finished
                part = self._open.pop(finished.candidate_index)
                return WholePart(finished, part.text, b"".join(part.data) if part.data else None)
        return None

    def _chunk(self, chunk: ImageChunk | MediaChunk) -> Delta:
        part, data = self._open[chunk.candidate_index], chunk.data  # read once: each time protobuf copies them
        if self._keep_data:
            part.data.append(data)
        return Delta(chunk.candidate_index, chunk.part_index, part, data=data, offset=chunk.offset)
