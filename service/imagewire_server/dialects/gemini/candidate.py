"""One candidate's parts as events: runs of plain text joined, signed parts left alone, pictures measured."""

import binascii

import pybase64

from imagewire_server.contract import image_header, pb
from imagewire_server.contract.chunk import image_chunk
from imagewire_server.contract.errors import Malformed
from imagewire_server.dialects.gemini import answer, facts
from imagewire_server.dialects.gemini.values import struct

# Looked up once: an enum's names are slow.
_TEXT, _IMAGE, _CALL = (
    pb.PartKind.PART_KIND_TEXT,
    pb.PartKind.PART_KIND_IMAGE,
    pb.PartKind.PART_KIND_FUNCTION_CALL,
)
_AUTO = pb.ImageDetail.IMAGE_DETAIL_AUTO
# Pixels: PNG's own limit and the field's. A damaged header may say more.
_LONGEST = 2**31 - 1


class _Picture:
    """What is learned of a picture while it passes."""

    __slots__ = ("_head", "header", "size")

    def __init__(self) -> None:
        self.size = 0
        self.header: image_header.ImageHeader | None = None
        self._head: bytearray | None = bytearray()

    def add(self, data: bytes) -> None:
        self.size += len(data)
        if self._head is None:
            return
        self._head += data[: image_header.ENOUGH - len(self._head)]
        self.header = image_header.read(self._head)
        known = self.header is not None and self.header.width is not None
        if known or len(self._head) == image_header.ENOUGH:
            self._head = None

    def image(self, mime_type: str) -> pb.Image:
        """The picture without its bytes. mime_type: as the provider said it, else read from the file."""
        if not self.size:
            raise Malformed("the provider sent an empty picture; it may have been charged")
        made = pb.Image(
            mime_type=mime_type or (self.header.mime_type if self.header else "application/octet-stream"),
            size_bytes=self.size,
            detail=_AUTO,
        )
        width, height = (self.header.width or 0, self.header.height or 0) if self.header else (0, 0)
        if 0 < width <= _LONGEST and 0 < height <= _LONGEST:
            made.width, made.height = width, height
        return made


class CandidateReader:
    """Gathers one candidate over all documents of an answer; `native_finish_reason` is empty until it is done."""

    def __init__(self, index: int, max_frame_bytes: int) -> None:
        self._index = index
        self._max_frame_bytes = max_frame_bytes
        self._part = 0  # the place of the part that is open, or comes next
        self._text_open: bool | None = None  # whether an open run of text is thought; None when none is open
        self._picture: _Picture | None = None
        self._taken = 0  # how many parts of the present document are done
        self._called = False
        self.native_finish_reason = ""
        self._end = pb.CandidateFinished(candidate_index=index)

    def next_document(self) -> None:
        """The next document's parts count from 0 again."""
        self._taken = 0

    def take_parts(self, parts: list[answer.Part], end: int, events: list[pb.Event]) -> None:
        """Pass on the parts of the present document that are new, up to `end`."""
        while self._taken < end:
            part = parts[self._taken]
            self._taken += 1
            self._take(part, events)

    def take_end(self, given: answer.Candidate) -> None:
        """What stands beside the parts. Of two finish reasons the first counts."""
        if given.finish_reason and not self.native_finish_reason:
            self.native_finish_reason = given.finish_reason
            self._end.finish_message = given.finish_message
        if given.safety_ratings:
            del self._end.safety_ratings[:]
            self._end.safety_ratings.extend(facts.ratings(given.safety_ratings))
        if given.grounding_metadata is not None:
            self._end.grounding_metadata.CopyFrom(struct(given.grounding_metadata))
        if given.citation_metadata is not None:
            self._end.citation_metadata.CopyFrom(struct(given.citation_metadata))

    def close(self, events: list[pb.Event]) -> None:
        """End the candidate."""
        self._close_text(events)
        self._end.native_finish_reason = self.native_finish_reason
        self._end.finish_reason = facts.finish_reason(self.native_finish_reason, called=self._called)
        events.append(pb.Event(candidate_finished=self._end))

    def picture_started(self, part: answer.Part, events: list[pb.Event]) -> None:
        """A picture's string begins in `part`, of which only the front is there."""
        if self._picture is not None:
            raise Malformed("the provider sent two pictures in one part")
        self._close_text(events)
        self._picture = _Picture()
        mime_type = part.inline_data.mime_type if part.inline_data else ""
        events.append(self._started(_IMAGE, part.thought, mime_type))

    def picture_bytes(self, data: bytes, events: list[pb.Event]) -> None:
        """More of the open picture."""
        picture = self._picture
        assert picture is not None, "bytes come between a picture's start and its part's end"  # noqa: S101
        for at in range(0, len(data), self._max_frame_bytes):
            frame = data[at : at + self._max_frame_bytes]
            events.append(image_chunk(self._index, self._part, picture.size, frame))
            picture.add(frame)

    def _take(self, part: answer.Part, events: list[pb.Event]) -> None:
        if part.inline_data is not None:
            self._take_picture(part, part.inline_data, events)
        elif part.function_call is not None:
            self._take_call(part, part.function_call, events)
        elif part.text is not None or part.thought_signature:
            self._take_text(part, part.text or "", events)
        else:
            raise Malformed("the provider sent a part of a kind that this server does not know")

    def _take_text(self, part: answer.Part, text: str, events: list[pb.Event]) -> None:
        if part.thought_signature:
            # Google asks for a signed part back as it came: it is not joined with its neighbours.
            self._close_text(events)
            events.append(self._started(_TEXT, part.thought))
            if text:
                events.append(self._delta(text))
            events.append(
                self._finished(pb.PartFinished(thought=part.thought, thought_signature=part.thought_signature))
            )
            return
        if not text:
            return
        if self._text_open is not part.thought:
            self._close_text(events)
            self._text_open = part.thought
            events.append(self._started(_TEXT, part.thought))
        events.append(self._delta(text))

    def _take_picture(self, part: answer.Part, blob: answer.Blob, events: list[pb.Event]) -> None:
        if self._picture is None:
            # The string was not cut out (its key was spelled with escapes): it stands here whole.
            self.picture_started(part, events)
            try:
                data = pybase64.b64decode(blob.data, validate=True)
            except (binascii.Error, ValueError) as error:
                raise Malformed("the provider sent a picture that is not valid base64") from error
            self.picture_bytes(data, events)
        picture, self._picture = self._picture, None
        assert picture is not None  # noqa: S101
        image = picture.image(blob.mime_type)
        finished = pb.PartFinished(thought=part.thought, thought_signature=part.thought_signature, image=image)
        events.append(self._finished(finished))

    def _take_call(self, part: answer.Part, call: answer.Call, events: list[pb.Event]) -> None:
        self._close_text(events)
        self._called = True
        events.append(self._started(_CALL, part.thought))
        made = pb.FunctionCall(id=call.id, name=call.name, args=struct(call.args))
        finished = pb.PartFinished(thought=part.thought, thought_signature=part.thought_signature, function_call=made)
        events.append(self._finished(finished))

    def _close_text(self, events: list[pb.Event]) -> None:
        if self._text_open is not None:
            thought, self._text_open = self._text_open, None
            events.append(self._finished(pb.PartFinished(thought=thought)))

    def _started(self, kind: pb.PartKind, thought: bool, mime_type: str = "") -> pb.Event:
        return pb.Event(
            part_started=pb.PartStarted(
                candidate_index=self._index, part_index=self._part, kind=kind, thought=thought, mime_type=mime_type
            )
        )

    def _delta(self, text: str) -> pb.Event:
        return pb.Event(text_delta=pb.TextDelta(candidate_index=self._index, part_index=self._part, text=text))

    def _finished(self, finished: pb.PartFinished) -> pb.Event:
        finished.candidate_index, finished.part_index = self._index, self._part
        self._part += 1
        return pb.Event(part_finished=finished)
