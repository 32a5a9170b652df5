"""A stream folded: the deltas of each part joined until the part is whole. Sans-IO.

This is the one place that joins them. `assemble` makes the protobuf answer of what comes out, and `answer_builder`
makes the Answer.
"""

from dataclasses import dataclass, field

from imagewire.v1.chat_service_pb2 import ImageChunk, MediaChunk, PartFinished, StreamCompletionResponse


@dataclass(slots=True)
class OpenPart:
    """A part that has not ended, and what the last event added to it.

    thought: as far as known. text: all that has come. data: likewise, if kept. new_text, new_data: what was added;
    offset: where the new bytes belong in the file.
    """

    candidate: int
    index: int
    thought: bool
    text: str = ""
    data: list[bytes] = field(default_factory=list)
    new_text: str = ""
    new_data: bytes = b""
    offset: int = 0


@dataclass(slots=True)
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

    def add(self, event: StreamCompletionResponse) -> OpenPart | WholePart | None:
        """Take the next event. Returns the part that it added to or ended, None when it did neither."""
        match event.WhichOneof("event"):
            case "image_chunk":
                return self._add_chunk(event.image_chunk)
            case "text_delta":
                delta = event.text_delta
                part = self._open[delta.candidate_index]
                part.new_text = delta.text
                part.text += part.new_text
                return part
            case "media_chunk":
                return self._add_chunk(event.media_chunk)
            case "part_started":
                start = event.part_started
                self._open[start.candidate_index] = OpenPart(start.candidate_index, start.part_index, start.thought)
            case "part_finished":
                finished = event.part_finished
                part = self._open.pop(finished.candidate_index)
                return WholePart(finished, part.text, b"".join(part.data) if part.data else None)
        return None

    def _add_chunk(self, chunk: ImageChunk | MediaChunk) -> OpenPart:
        part = self._open[chunk.candidate_index]
        # Read once: protobuf makes a copy each time.
        part.new_data, part.offset = chunk.data, chunk.offset
        if self._keep_data:
            part.data.append(part.new_data)
        return part
