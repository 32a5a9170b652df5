"""An answer's bytes as events. Feed them as they arrive; no line, no picture and no body is held from piece to piece.

Every event that leaves here lacks only its sequence, which the engine gives. An instance is for one answer.
"""

from typing import Any

import msgspec

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Cut, Malformed
from imagewire_server.dialects.gemini import facts
from imagewire_server.dialects.gemini.answer import Answer, UsageMetadata
from imagewire_server.dialects.gemini.candidate import CandidateReader
from imagewire_server.dialects.gemini.document import Document, PictureEnded, PictureStarted
from imagewire_server.dialects.gemini.errors import refusal_in_answer
from imagewire_server.dialects.gemini.sse import SseSplitter

# An event's document no larger that is there at once, and has no picture, is parsed as it is, at half the cost.
_SMALL = 64 * 1024


class Reader:
    """Reads one answer.

    sse: whether the body is server-sent events or one JSON document. max_frame_bytes: the most bytes in an ImageChunk.
    Raises UpstreamError: Cut when the answer is not whole, Malformed when it is not Google's, TooLarge, Refused when
    it carries an error. After an error, or after close, the reader is done.
    """

    def __init__(self, *, sse: bool, max_frame_bytes: int) -> None:
        self._splitter = SseSplitter() if sse else None
        self._max_frame_bytes = max_frame_bytes
        self._document = Document()
        self._held = b""
        self._candidates: dict[int, CandidateReader] = {}
        self._in_picture: CandidateReader | None = None
        self._finished = pb.Finished()
        self._usage: dict[str, Any] = {}

    def feed(self, piece: bytes, events: list[pb.Event]) -> None:
        """Append the events that this piece completes; when it raises, those that came before the error."""
        if self._splitter is None:
            self._read_on(piece, events)
            return
        for payload in self._splitter.feed(piece):
            if payload is None:
                self._end_document(events)
            else:
                self._read(payload, events)
        self._release(events)

    def close(self, events: list[pb.Event]) -> None:
        """The body's end: append the last events, Finished the very last."""
        if self._splitter is None:
            self._end_document(events)
        else:
            for _ in self._splitter.close():
                self._end_document(events)
        if not self._candidates and not self._finished.HasField("prompt_feedback"):
            raise Malformed("the provider answered with no candidate and gave no reason; it may have been charged")
        for index in sorted(self._candidates):
            candidate = self._candidates[index]
            if not candidate.native_finish_reason:
                raise Cut("the provider's answer ended before the model was done; it may have been charged")
            candidate.close(events)
        events.append(pb.Event(finished=self._finished))

    def _read(self, payload: bytes, events: list[pb.Event]) -> None:
        """More of an event's document. Its first bytes wait for the rest of their piece: they may be all of it."""
        if not self._held and not self._document.begun and len(payload) <= _SMALL:
            self._held = payload
            return
        self._release(events)
        self._read_on(payload, events)

    def _release(self, events: list[pb.Event]) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._read_on(held, events)

    def _read_on(self, payload: bytes, events: list[pb.Event]) -> None:
        for found in self._document.feed(payload):
            if isinstance(found, bytes):
                if self._in_picture is not None:
                    self._in_picture.picture_bytes(found, events)
            elif isinstance(found, PictureStarted):
                self._take(found.before, (found.candidate, found.part), events)
                self._in_picture = self._candidate(found.candidate)
                part = found.before.candidates[found.candidate].content.parts[-1]
                self._in_picture.picture_started(part, events)
            elif isinstance(found, PictureEnded):
                self._in_picture = None

    def _end_document(self, events: list[pb.Event]) -> None:
        answers = Document.whole(self._held) if self._held else None
        if answers is None:
            # What is broken is told piece by piece: what came before the break is passed on.
            self._release(events)
            answers = self._document.close()
            self._document = Document()
        self._held = b""
        for answer in answers:
            self._take(answer, None, events)
        for candidate in self._candidates.values():
            candidate.next_document()

    def _take(self, answer: Answer, up_to: tuple[int, int] | None, events: list[pb.Event]) -> None:
        """Pass on what an answer holds, or, where only a front part of it is there, what stands before that place."""
        if answer.error is not None:
            raise refusal_in_answer(answer.error)
        for position, given in enumerate(answer.candidates):
            candidate = self._candidate(position)
            parts = given.content.parts
            if up_to is not None and position == up_to[0]:
                candidate.take_parts(parts, up_to[1], events)
                continue
            candidate.take_parts(parts, len(parts), events)
            if given.index not in {None, position}:
                raise Malformed("the provider numbered its candidates in a way that this server cannot follow")
            candidate.take_end(given)
        if up_to is None:
            self._take_rest(answer)

    def _candidate(self, index: int) -> CandidateReader:
        if index not in self._candidates:
            self._candidates[index] = CandidateReader(index, self._max_frame_bytes)
        return self._candidates[index]

    def _take_rest(self, answer: Answer) -> None:
        if answer.prompt_feedback is not None and answer.prompt_feedback.block_reason:
            self._finished.prompt_feedback.CopyFrom(facts.feedback(answer.prompt_feedback))
        if answer.usage_metadata is not None:
            # Counts come piecemeal, and Vertex AI's first event may hold the traffic type alone: later values win.
            self._usage |= {k: v for k, v in msgspec.structs.asdict(answer.usage_metadata).items() if v is not None}
            self._finished.usage.CopyFrom(facts.usage(UsageMetadata(**self._usage)))
        self._finished.model_version = answer.model_version or self._finished.model_version
        self._finished.native_response_id = answer.response_id or self._finished.native_response_id
