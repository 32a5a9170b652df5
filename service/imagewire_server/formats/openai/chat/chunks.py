"""A chat's answer as server-sent events: role, text, one delta per picture, an empty delta with the finish reason.

The event of a picture is written while its bytes arrive. It is one long line, and nothing else may be written before it
ends. Other media, and pictures whose media type is not known before their bytes, are kept and sent when they are
complete. The last event with a finish reason waits for the end of the answer, because it has data of the whole answer.
"""

from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import Chunk
from imagewire_server.formats.openai.chat.answer import ImageFields
from imagewire_server.formats.openai.chat.message import Gathered, OpenPicture
from imagewire_server.formats.openai.common import errors, mapping
from imagewire_server.formats.openai.common.delivery import INSIDE, Delivery, without_id
from imagewire_server.formats.openai.common.encoder import Key, Piece, encoded, has_bytes, key_of
from imagewire_server.formats.openai.common.image_entry import entry_end, entry_front, final_end

_IMAGE = pb.PartKind.PART_KIND_IMAGE  # looked up once: an enum's names are slow

Json = dict[str, Any]
DONE = b"data: [DONE]\n\n"
_CUT = b"!incomplete"  # not base64, so that no client can take the bytes before an error for a complete picture


class _Candidate:
    """One candidate. direct: it is the first one, whose pictures are written while they arrive."""

    def __init__(self, completion: str, fields: ImageFields, delivery: Delivery, *, direct: bool) -> None:
        self.direct = direct
        self.message = Gathered(completion, all_images=fields.images, delivery=delivery)
        self.thoughts: dict[int, bool] = {}
        self.open: OpenPicture | None = None


class ChatChunks:
    """The StreamEncoder of POST /v1/chat/completions with stream. request_id: goes into errors."""

    def __init__(
        self, fields: ImageFields, request_id: str, *, include_usage: bool, delivery: Delivery = INSIDE
    ) -> None:
        self._fields = fields
        self._delivery = delivery
        self._shown: dict[Key, int] = {}  # the pictures whose URL was sent when they began: their index in `images`
        self._by_url: list[pb.PartFinished] = []  # those that are complete, without ids
        self._request_id = request_id
        self._include_usage = include_usage
        self._started = pb.Started()
        self._front = b""
        self._candidates: dict[int, _Candidate] = {}
        self._images = 0
        self._line = False  # whether the line of a picture is unfinished
        self._behind: list[Piece] = []  # written when the open line has ended
        self._endings: list[tuple[int, Json]] = []  # written at the end of the answer
        self.needs: set[Key] = set()

    @property
    def at_event_boundary(self) -> bool:
        """See encoder.StreamEncoder."""
        return not self._line

    def feed(self, kind: str | None, event: pb.Event) -> list[Piece]:
        """See encoder.Encoder."""
        match kind:
            case "started":
                return self._start(event.started)
            case "finished":
                return self._end(event.finished)
            case "heartbeat" | None:
                return []
        return self._candidate_event(kind, event, getattr(event, kind).candidate_index)

    def feed_chunk(self, chunk: Chunk) -> list[Piece]:
        """See encoder.Encoder."""
        picture = self._candidates[chunk.candidate_index].open
        return [] if picture is None else [picture.chunk(chunk.data)]

    def fail(self, error: Error) -> list[Piece]:
        """See encoder.StreamEncoder. An open line is completed as valid JSON with the error in it. The error follows.

        So clients that check each event for an error never see the cut picture, and others see the error event.
        """
        body = encoded(errors.body(error, self._request_id))
        cut = _CUT + b'"}}]},"finish_reason":null}],' + body[1:] + b"\n\n" if self._line else b""
        return [cut + b"data: " + body + b"\n\n"]

    def _start(self, started: pb.Started) -> list[Piece]:
        self._started = started
        self._delivery.start(started)
        head = {
            "id": mapping.completion_id(started),
            "object": "chat.completion.chunk",
            "created": started.create_time.seconds,
            "model": started.model,
        }
        self._front = b"data: " + encoded(head)[:-1] + b',"choices":['
        return [self._chunk(0, {"role": "assistant"})]

    def _chunk(self, index: int, delta: Json, ending: Json | None = None, last: Json | None = None) -> bytes:
        """last: what follows the choices."""
        choice = {"index": index, "delta": delta, **(ending or {"finish_reason": None})}
        return self._front + encoded(choice) + (b"]," + encoded(last)[1:] if last else b"]}") + b"\n\n"

    def _pieces(self, index: int, front: bytes, pieces: list[Piece], end: bytes) -> list[Piece]:
        """A chunk whose delta has more than plain fields."""
        head = self._front + b'{"index":%d,"delta":{' % index
        return [head + front, *pieces, end + b'},"finish_reason":null}]}\n\n']

    def _candidate_event(self, kind: str, event: pb.Event, index: int) -> list[Piece]:
        pieces: list[Piece] = []
        candidate = self._candidates.get(index)
        if candidate is None:
            direct = not self._candidates
            candidate = _Candidate(self._started.completion_id, self._fields, self._delivery, direct=direct)
            self._candidates[index] = candidate
            if index:
                pieces.append(self._chunk(index, {"role": "assistant"}))
        pieces += self._feed(candidate, kind, event, index)
        if self._line and not candidate.direct:
            self._behind += pieces
            return []
        if self._behind and not self._line:
            pieces += self._behind
            self._behind = []
        return pieces

    def _feed(self, candidate: _Candidate, kind: str, event: pb.Event, index: int) -> list[Piece]:
        match kind:
            case "part_started":
                return self._part_started(candidate, event.part_started)
            case "text_delta":
                delta = event.text_delta
                thought = candidate.thoughts.get(delta.part_index, False)
                candidate.message.text(delta, thought=thought)
                return [self._chunk(index, {"reasoning_content" if thought else "content": delta.text})]
            case "part_finished":
                return self._part_finished(candidate, index, event.part_finished)
            case "candidate_finished":
                return self._candidate_finished(candidate, event.candidate_finished)
        return []

    def _part_started(self, candidate: _Candidate, part: pb.PartStarted) -> list[Piece]:
        candidate.thoughts[part.part_index] = part.thought
        if not has_bytes(part):
            return []
        if self._delivery.begin(part):
            return self._show(candidate, part) if part.mime_type and self._fields.images else []
        image = part.kind == _IMAGE
        at_once = image and bool(part.mime_type) and candidate.direct and self._fields.images
        if self._fields.image or not at_once:
            self.needs.add(key_of(part))
        if not at_once:
            return []
        candidate.open = OpenPicture(part.mime_type)
        self._line = True
        return [self._front + b'{"index":%d,"delta":{' % part.candidate_index + self._entry(candidate, part.part_index)]

    def _show(self, candidate: _Candidate, part: pb.PartStarted) -> list[Piece]:
        """The picture's event, as it begins."""
        key = key_of(part)
        self._shown[key] = self._images
        front = self._entry(candidate, part.part_index) + encoded(self._delivery.url(key))[1:-1]
        end = b'","detail":"auto"}' + (b',"thought":true' if part.thought else b"") + b"}]"
        return self._pieces(part.candidate_index, front, [], end)

    def _entry(self, candidate: _Candidate, part_index: int) -> bytes:
        candidate.message.place(part_index)
        self._images += 1
        return b'"images":[' + entry_front(self._images - 1)

    def _part_finished(self, candidate: _Candidate, index: int, part: pb.PartFinished) -> list[Piece]:
        picture, candidate.open = candidate.open, None
        message = candidate.message
        shown = self._shown.get(key_of(part))
        message.part(part, shown=picture is not None or shown is not None)
        pieces: list[Piece] = []
        if picture is not None:
            self._line = False
            end = entry_end(part, picture.media_type) + b']},"finish_reason":null}]}\n\n'
            pieces = [picture.close(), end]
        elif shown is not None:
            if part.HasField("image"):
                self._by_url.append(without_id(part))
            # What its event did not know. Clients that join deltas add this to the same entry.
            late: Json = {"mime_type": part.media.mime_type} if part.HasField("media") else {}
            if part.thought and not candidate.thoughts.get(part.part_index):
                late["thought"] = True
            pieces = [self._chunk(index, {"images": [{"index": shown, **late}]})] if late else []
        elif part.HasField("image") and self._fields.images:
            front = self._entry(candidate, part.part_index)
            url = self._delivery.inside(part.image, key_of(part))
            pieces = self._pieces(index, front, url, entry_end(part) + b"]")
        elif part.HasField("media"):
            pieces = self._pieces(index, b'"provider_specific_fields":{"media":[', message.media[-1], b"]}")
        elif part.HasField("native"):
            pieces = [self._chunk(index, {"provider_specific_fields": {"native_parts": message.natives[-1:]}})]
        elif part.HasField("function_call"):
            pieces = [self._chunk(index, {"tool_calls": message.calls[-1:]})]
        if candidate.direct and self.needs:
            # Of the first candidate, only the bytes of the final picture are needed again.
            final = message.final_key if self._fields.image else None
            self.needs = {key for key in self.needs if key[0] != index or key == final}
        return pieces

    def _candidate_finished(self, candidate: _Candidate, end: pb.CandidateFinished) -> list[Piece]:
        index = end.candidate_index
        pieces: list[Piece] = []
        for part in self._by_url if self._delivery.is_lost else []:
            if part.candidate_index == index:
                self._images += 1
                front = b'"images":[' + entry_front(self._images - 1)
                url = self._delivery.inside(part.image, key_of(part))
                pieces += self._pieces(index, front, url, entry_end(part) + b"]")
        final = candidate.message.final.picture
        if self._fields.image and final is not None:
            url = self._delivery.inside(final.image, key_of(final))
            pieces += self._pieces(index, b'"image":{"url":"', url, final_end(final.image))
        if extras := candidate.message.extras():
            pieces.append(self._chunk(index, {"provider_specific_fields": extras}))
        self._endings.append((index, mapping.ending(end)))
        return pieces

    def _end(self, finished: pb.Finished) -> list[Piece]:
        pieces = self._behind
        if not self._candidates:
            pieces.append(self._chunk(0, {"content": ""}))
            self._endings.append((0, mapping.blocked(finished.prompt_feedback)))
        last = mapping.of_answer(finished)
        for i, (index, ending) in enumerate(self._endings, 1):
            pieces.append(self._chunk(index, {}, ending, last if i == len(self._endings) else None))
        if self._include_usage and finished.HasField("usage"):
            used: Json = {"usage": mapping.usage(finished.usage)} | {
                k: v for k, v in last.items() if k == "service_tier"
            }
            pieces.append(self._front + b"]," + encoded(used)[1:] + b"\n\n")
        return [*pieces, DONE]
