"""An answer's bytes as events. Feed them as they arrive; no line, no picture and no body is held from piece to piece.

Every event that leaves here lacks only its sequence, which the engine gives. An instance is for one answer.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Cut, Malformed, TooLarge
from imagewire_server.contract.events import StreamEvent
from imagewire_server.providers.google.wire import decode, mapping
from imagewire_server.providers.google.wire.candidate import CandidateReader
from imagewire_server.providers.google.wire.errors import refusal_in_answer
from imagewire_server.providers.google.wire.json_stream import (
    AnswerEnded,
    BlobEnded,
    BlobStarted,
    CandidateEnded,
    JsonStream,
    PartEnded,
)
from imagewire_server.providers.google.wire.response_types import (
    Answer,
    AnswerEnd,
    CandidateEnd,
    Feedback,
    ModelStatus,
    UsageMetadata,
)
from imagewire_server.providers.google.wire.sse import SseSplitter

# A document no larger that is there at once is read as a whole, at half the cost.
_SMALL = 64 * 1024
# Text that waits until it is known whose it is.
_MOST_WAITING = 1024 * 1024
_MOST_PICTURES = 256
_MOST_CANDIDATES = 64
# Of one piece of an answer; the contract lets a message go back with so many.
_MOST_PARTS = 4096
# Pieces of an answer that say nothing.
_MOST_EMPTY = 4096
_MOST_OMITTED = 32
_DONE = b"DONE"
_NULL = b"null"
_NO_USAGE = UsageMetadata()


class Reader:
    """Reads one answer: server-sent events or JSON, whichever it is.

    secrets: what must not come out again in an error's words.

    usage: what the provider has said of it so far. Raises UpstreamError: Cut when the answer is not whole, Malformed
    when it is not Google's, TooLarge, Refused when it carries an error. After an error, or after close, the reader is
    done.
    """

    def __init__(self, *, secrets: Iterable[str] = ()) -> None:
        self._secrets = secrets
        self._splitter = SseSplitter()
        self._json: JsonStream | None = None
        self._held = b""
        self._candidates: dict[int, CandidateReader] = {}
        # Of the present answer: which candidate of its list is read, its index, and its parts that wait to be emitted.
        self._position = 0
        self._index: int | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._renumbered: dict[int, int] = {}  # candidates that said their number behind a picture of theirs
        self._damage: Malformed | None = None  # of a picture of which nothing was emitted: it waits for the others
        self._open: CandidateReader | None = None  # whose picture is open
        self._pictures = self._parts = self._empty = 0
        self._last = pb.Event()
        self._finished = self._last.finished
        self._finished.SetInParent()
        self._usage = UsageMetadata()
        self._model_version = self._response_id = ""
        self._continuation_token = b""
        self._said_done = False

    @property
    def usage(self) -> pb.Usage | None:
        """See the class."""
        return None if self._usage == _NO_USAGE else mapping.usage(self._usage)

    @property
    def finished(self) -> bool:
        """Whether the model has said, for every candidate so far, why it ended."""
        return bool(self._candidates) and all(reader.native_finish_reason for reader in self._candidates.values())

    def feed(self, piece: bytes, events: list[StreamEvent]) -> None:
        """Append the events that this piece completes; when it raises, those that came before the error."""
        for payload in self._splitter.feed(piece):
            if payload is None:
                self._end_document(events)
            elif self._json is None and not self._held and len(payload) <= _SMALL:
                self._held = payload  # it may be all of the document
            else:
                self._release(events)
                self._read(payload, events)
        if not (self._splitter.bare and self._held.startswith(b"{") and self._held.rstrip().endswith(b"}")):
            self._release(events)

    def close(self, events: list[StreamEvent]) -> None:
        """The body's end: append the last events, Finished the very last."""
        for _ in self._splitter.close():
            self._end_document(events)
        if not self._splitter.used:
            raise Malformed("the provider's answer is neither JSON nor a stream of events; it may have been charged")
        if not self._candidates and not self._finished.HasField("prompt_feedback"):
            raise Malformed("the provider answered with no candidate and gave no reason; it may have been charged")
        if self._damage is not None:
            raise self._damage
        # Only JSON and a marker can show that nothing is missing where the model has not said that it is done.
        if not (self.finished or self._splitter.bare or self._said_done) and self._candidates:
            raise Cut("the provider's answer ended before the model was done; it may have been charged")
        for index in sorted(self._candidates):
            self._candidates[index].close(events)
        usage = self.usage
        if usage is not None:
            self._finished.usage.CopyFrom(usage)
        self._finished.model_version, self._finished.native_response_id = self._model_version, self._response_id
        if self._continuation_token:
            self._finished.continuation_token = self._continuation_token
        events.append(self._last)

    def _release(self, events: list[StreamEvent]) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._read(held, events)

    def _read(self, payload: bytes, events: list[StreamEvent]) -> None:
        if self._json is None:
            self._json = JsonStream()
        for found in self._json.feed(payload):
            match found:
                case bytes():
                    if self._open is not None:
                        self._open.blob_bytes(found, events)
                case BlobStarted():
                    self._begin_blob(found, events)
                case BlobEnded(damage):
                    if damage is not None and self._open is not None:
                        self._damage = self._damage or self._open.drop_blob(damage)
                case PartEnded(text):
                    self._end_part(text, events)
                case CandidateEnded(text):
                    self._end_candidate(text, events)
                case AnswerEnded(text):
                    self._position = 0
                    self._take_remainder(*decode.answer_remainder(text, self._omit))

    def _end_document(self, events: list[StreamEvent]) -> None:
        answer = decode.whole(self._held) if self._held else None
        if answer is not None:
            self._held = b""
            self._take(answer, events)
            return
        self._release(events)
        if self._json is not None:
            read, self._json = self._json, None
            read.close()
            self._said_done = self._said_done or bytes(read.outside) == _DONE

    def _take(self, answer: Answer, events: list[StreamEvent]) -> None:
        """A whole answer."""
        for position, given in enumerate(answer.candidates):
            reader = self._candidate(position if given.index is None else given.index)
            for part in given.content.parts:
                self._count(part.inline_data is not None)
                self._count_part()
                reader.take_part(part, None, {}, events)
            self._take_end(reader, given, {})
        self._take_remainder(answer, {})

    def _begin_blob(self, found: BlobStarted, events: list[StreamEvent]) -> None:
        self._count(True)
        if self._index is None:
            # A number that comes behind the picture comes too late.
            said = decode.candidate(found.candidate, lambda _: None)[0].index if found.candidate else None
            self._index = self._assumed() if said is None else said
        self._emit_waiting(self._index, events)
        if self._open is None:
            self._open = self._candidate(self._index)
        self._open.begin_blob(decode.part(found.part, lambda _: None)[0], events)

    def _take_part(self, reader: CandidateReader, text: bytes, events: list[StreamEvent]) -> None:
        try:
            part = decode.part(text, _within(self._omit))
        except Malformed as damage:
            self._damage = self._damage or damage
        else:
            reader.take_part(*part, events)

    def _end_part(self, text: bytes, events: list[StreamEvent]) -> None:
        self._count_part()
        reader, self._open = self._open, None
        if reader is not None:
            self._take_part(reader, text, events)
            return
        self._waiting.append(text)
        self._waiting_bytes += len(text)
        if self._index is not None or self._waiting_bytes > _MOST_WAITING:
            self._index = self._assumed() if self._index is None else self._index
            self._emit_waiting(self._index, events)

    def _emit_waiting(self, index: int, events: list[StreamEvent]) -> None:
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        for text in waiting:
            self._take_part(self._candidate(index), text, events)

    def _end_candidate(self, text: bytes, events: list[StreamEvent]) -> None:
        given, beside = decode.candidate(text, lambda path: self._omit(f"candidates[*].{path}"))
        said = self._assumed() if given.index is None else given.index
        if self._index is not None and said not in self._candidates:
            self._renumbered[said] = self._index
        self._emit_waiting(said if self._index is None else self._index, events)
        self._take_end(self._candidate(said), given, beside)
        self._position += 1
        self._index = None

    def _take_end(self, reader: CandidateReader, given: CandidateEnd, beside: dict[str, str]) -> None:
        reader.take_end(given, beside)
        self._continuation_token = given.continuation_token or self._continuation_token

    def _assumed(self) -> int:
        """The number of a candidate that has not said it: that of the only one there is, else its place."""
        return next(iter(self._candidates)) if len(self._candidates) == 1 and not self._position else self._position

    def _candidate(self, index: int) -> CandidateReader:
        index = self._renumbered.get(index, index)
        if index not in self._candidates:
            if len(self._candidates) == _MOST_CANDIDATES:
                raise TooLarge(f"the provider sent more than {_MOST_CANDIDATES} candidates in one answer")
            self._candidates[index] = CandidateReader(index, _within(self._omit))
        return self._candidates[index]

    def _count(self, picture: bool) -> None:
        self._pictures += picture
        if self._pictures > _MOST_PICTURES:
            raise TooLarge(f"the provider sent more than {_MOST_PICTURES} pictures in one answer")

    def _count_part(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise TooLarge(f"the provider sent more than {_MOST_PARTS} parts at once")

    def _omit(self, path: str) -> None:
        omitted = self._finished.omitted_fields
        if len(omitted) < _MOST_OMITTED and path not in omitted:
            omitted.append(path)

    def _take_remainder(self, answer: AnswerEnd, beside: dict[str, str]) -> None:
        self._empty += not self._parts and answer.usage_metadata is None
        self._parts = 0
        if self._empty > _MOST_EMPTY:
            raise TooLarge(f"the provider sent more than {_MOST_EMPTY} pieces of an answer that say nothing")
        if answer.error:
            if not self.finished:
                given = answer.error if isinstance(answer.error, dict) else {"message": str(answer.error)}
                raise refusal_in_answer(given, self._secrets)
            self._omit("error")
        if answer.prompt_feedback is not None:
            self._take_feedback(answer.prompt_feedback)
        if answer.usage_metadata is not None:
            # Counts come piecemeal, and Vertex AI's first event may hold the traffic type alone: later values win.
            self._usage = mapping.merged(self._usage, answer.usage_metadata)
        self._model_version = answer.model_version or self._model_version
        self._response_id = answer.response_id or self._response_id
        if answer.model_status is not None:
            self._take_status(answer.model_status)
        raw = bytes(answer.create_time)
        if raw and raw != _NULL:
            self._finished.native_fields["createTime"] = raw.decode("utf-8", "replace")
        for name, text in beside.items():
            self._finished.native_fields[name] = text

    def _take_feedback(self, given: Feedback) -> None:
        if given.block_reason:
            self._finished.prompt_feedback.CopyFrom(mapping.feedback(given))
        elif given != Feedback():  # the contract's field says that the prompt was blocked
            self._finished.native_fields["promptFeedback"] = msgspec.json.encode(given).decode()

    def _take_status(self, given: ModelStatus) -> None:
        status = self._finished.model_status
        status.stage, status.message = given.model_stage, given.message
        if given.retirement_time:
            try:
                status.retirement_time.FromJsonString(given.retirement_time)
            except ValueError:
                self._omit("modelStatus.retirementTime")


def _within(omit: Any) -> Any:
    return lambda name: omit(f"candidates[*].content.parts[*].{name}")
