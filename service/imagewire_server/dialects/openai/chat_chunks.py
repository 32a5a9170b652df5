"""A chat's answer as server-sent events: role, text, each picture whole in one delta, an empty delta with the reason.

A picture's event is written while its bytes arrive, so it is one long line; nothing else may come between.
"""

from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.dialects.openai import errors, facts
from imagewire_server.dialects.openai.chat_answer import ImageFields
from imagewire_server.dialects.openai.message import Gathered, OpenPicture, url_head
from imagewire_server.dialects.openai.pieces import Copy, Key, Piece

_encoded = facts.encoded
DONE = b"data: [DONE]\n\n"
_CUT = b"!incomplete"  # no base64: whoever takes what stands before an error for a picture, finds that it is none


class _Candidate:
    def __init__(self, completion: str, fields: ImageFields) -> None:
        self.message = Gathered(completion, all_images=fields.images)
        self.thoughts: dict[int, bool] = {}
        self.open: OpenPicture | None = None


class ChatChunks:
    """A StreamEncoder (see pieces) of POST /v1/chat/completions with stream. request_id: goes into errors."""

    def __init__(self, fields: ImageFields, request_id: str, *, include_usage: bool) -> None:
        self._fields = fields
        self._request_id = request_id
        self._include_usage = include_usage
        self._started = pb.Started()
        self._front = b""
        self._candidates: dict[int, _Candidate] = {}
        self._images = 0
        self._line = False  # whether a picture's line is open
        self._behind: list[Piece] = []  # what waits for the open line's end
        self.keeps: set[Key] = set()

    @property
    def between(self) -> bool:
        """See pieces.StreamEncoder."""
        return not self._line

    def feed(self, event: pb.Event) -> list[Piece]:
        """See pieces.Encoder."""
        match event.WhichOneof("event"):
            case "started":
                return self._start(event.started)
            case "finished":
                return self._end(event.finished)
            case "heartbeat" | None:
                return []
            case kind:
                return self._candidate_event(getattr(event, kind).candidate_index, event)

    def fail(self, error: Error) -> list[Piece]:
        """See pieces.StreamEncoder. An open line is ended as valid JSON with the error in it, and the error follows.

        Clients that look for an error in each event thus never see the cut picture, and the others see the error.
        """
        body = _encoded(errors.body(error, self._request_id))
        cut = _CUT + b'"}}]},"finish_reason":null}],' + body[1:] + b"\n\n" if self._line else b""
        return [cut + b"data: " + body + b"\n\n"]

    def _start(self, started: pb.Started) -> list[Piece]:
        self._started.CopyFrom(started)
        head = {
            "id": facts.completion_id(started),
            "object": "chat.completion.chunk",
            "created": started.create_time.seconds,
            "model": started.model,
        }
        self._front = b"data: " + _encoded(head)[:-1] + b',"choices":['
        return [self._chunk(0, {"role": "assistant"})]

    def _chunk(self, index: int, delta: dict[str, Any], ending: dict[str, Any] | None = None) -> bytes:
        choice = {"index": index, "delta": delta} | (ending or {"finish_reason": None})
        return self._front + _encoded(choice) + b"]}\n\n"

    def _candidate_event(self, index: int, event: pb.Event) -> list[Piece]:
        pieces: list[Piece] = []
        candidate = self._candidates.get(index)
        if candidate is None:
            candidate = self._candidates[index] = _Candidate(self._started.completion_id, self._fields)
            if index:
                pieces.append(self._chunk(index, {"role": "assistant"}))
        direct = index == next(iter(self._candidates))
        pieces += self._feed(candidate, index, event, direct=direct)
        if direct or not self._line:
            behind, self._behind = (self._behind, []) if not self._line else ([], self._behind)
            return pieces + behind
        self._behind += pieces
        return []

    def _feed(self, candidate: _Candidate, index: int, event: pb.Event, *, direct: bool) -> list[Piece]:
        match event.WhichOneof("event"):
            case "part_started":
                return self._part_started(candidate, event.part_started, direct=direct)
            case "text_delta":
                delta = event.text_delta
                thought = candidate.thoughts.get(delta.part_index, False)
                candidate.message.text(delta, thought=thought)
                return [self._chunk(index, {"reasoning_content" if thought else "content": delta.text})]
            case "image_chunk" if candidate.open is not None:
                written = candidate.open.chunk(event.image_chunk.data)
                return [written] if self._line and direct else []
            case "part_finished":
                return self._part_finished(candidate, index, event.part_finished, direct=direct)
            case "candidate_finished":
                return self._candidate_finished(candidate, event.candidate_finished)
        return []

    def _part_started(self, candidate: _Candidate, part: pb.PartStarted, *, direct: bool) -> list[Piece]:
        candidate.thoughts[part.part_index] = part.thought
        if part.kind != pb.PartKind.PART_KIND_IMAGE:
            return []
        key = part.candidate_index, part.part_index
        candidate.open = OpenPicture(key, part.mime_type)
        if self._fields.image or not direct:
            self.keeps = {*self.keeps, key}
        if not (self._fields.images and direct):
            return []
        self._line = True
        return [self._entry(part.candidate_index)]

    def _entry(self, index: int) -> bytes:
        entry = b'{"index":%d,"delta":{"images":[{"type":"image_url","index":%d,"image_url":{"url":"' % (
            index,
            self._images,
        )
        self._images += 1
        return self._front + entry

    def _part_finished(self, candidate: _Candidate, index: int, part: pb.PartFinished, *, direct: bool) -> list[Piece]:
        picture, candidate.open = candidate.open, None
        if not part.HasField("image") or picture is None:
            candidate.message.part(part)
            called = part.HasField("function_call")
            return [self._chunk(index, {"tool_calls": candidate.message.calls[-1:]})] if called else []
        candidate.message.part(part, picture.media_type)
        tail: list[Piece] = [picture.close()]
        if not direct:
            tail = [self._entry(index), url_head(picture.media_type), Copy(picture.key)]
        end = (
            b'","detail":"auto"}' + (b',"thought":true}' if part.thought else b"}") + b']},"finish_reason":null}]}\n\n'
        )
        if direct:
            self._line = False
            # Of the first candidate's pictures only the final one is needed again.
            self.keeps = {key for key in self.keeps if key[0] != index or key == candidate.message.final.key}
        return [*tail, end] if self._fields.images else []

    def _candidate_finished(self, candidate: _Candidate, end: pb.CandidateFinished) -> list[Piece]:
        index = end.candidate_index
        pieces: list[Piece] = []
        final = candidate.message.final
        if self._fields.image and final.key is not None:
            front = self._front + b'{"index":%d,"delta":{"image":{"url":"' % index + url_head(final.media_type)
            pieces += [front, Copy(final.key), b'","detail":"auto"}},"finish_reason":null}]}\n\n']
        if extras := candidate.message.extras():
            pieces.append(self._chunk(index, extras))
        pieces.append(self._chunk(index, {}, facts.ending(end)))
        return pieces

    def _end(self, finished: pb.Finished) -> list[Piece]:
        pieces = self._behind
        if not self._candidates:
            pieces.append(self._chunk(0, {"content": ""}))
            pieces.append(self._chunk(0, {}, facts.blocked(finished.prompt_feedback)))
        if self._include_usage and finished.HasField("usage"):
            usage = b'],"usage":' + _encoded(facts.usage(finished.usage)) + b"}\n\n"
            pieces.append(self._front + usage)
        return [*pieces, DONE]
