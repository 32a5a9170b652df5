"""A chat's answer as one JSON object, written while it comes: the envelope around base64 as the bytes arrive.

What is known at the end stands at the end: within a choice the message's pictures come first, its text and the finish
reason behind them.
"""

from collections.abc import Collection
from dataclasses import dataclass

from imagewire_server.contract import pb
from imagewire_server.dialects.openai import facts
from imagewire_server.dialects.openai.message import Gathered, OpenPicture, url_head
from imagewire_server.dialects.openai.pieces import Copy, Key, Piece

_encoded = facts.encoded


@dataclass(frozen=True, slots=True)
class ImageFields:
    """Where a chat's pictures go: `image` (the final one), `images` (each), or both."""

    image: bool = True
    images: bool = True


class _Choice:
    """One candidate. direct: its pictures are written as they come; others are kept and written at their end."""

    def __init__(self, index: int, completion: str, fields: ImageFields, *, direct: bool) -> None:
        self._index = index
        self._fields = fields
        self._direct = direct
        self._message = Gathered(completion, all_images=fields.images)
        self._thoughts: dict[int, bool] = {}
        self._open: OpenPicture | None = None
        self._images = 0
        self.keeps: set[Key] = set()
        self.ended = False

    def start(self) -> list[Piece]:
        return [b'{"index":%d,"message":{"role":"assistant"' % self._index]

    def feed(self, event: pb.Event) -> list[Piece]:
        match event.WhichOneof("event"):
            case "part_started":
                return self._started(event.part_started)
            case "text_delta":
                delta = event.text_delta
                self._message.text(delta, thought=self._thoughts.get(delta.part_index, False))
            case "image_chunk" if self._open is not None:
                written = self._open.chunk(event.image_chunk.data)
                return [written] if self._fields.images and self._direct else []
            case "part_finished":
                return self._finished(event.part_finished)
            case "candidate_finished":
                return self._end(event.candidate_finished)
        return []

    def _started(self, part: pb.PartStarted) -> list[Piece]:
        self._thoughts[part.part_index] = part.thought
        if part.kind != pb.PartKind.PART_KIND_IMAGE:
            return []
        key = part.candidate_index, part.part_index
        self._open = OpenPicture(key, part.mime_type)
        if self._fields.image or not self._direct:
            self.keeps.add(key)
        return [self._entry()] if self._fields.images and self._direct else []

    def _entry(self) -> bytes:
        head = b',"images":[' if self._images == 0 else b","
        entry = head + b'{"type":"image_url","index":%d,"image_url":{"url":"' % self._images
        self._images += 1
        return entry

    def _finished(self, part: pb.PartFinished) -> list[Piece]:
        if not part.HasField("image") or self._open is None:
            self._message.part(part)
            return []
        picture, self._open = self._open, None
        self._message.part(part, picture.media_type)
        tail = picture.close()
        pieces: list[Piece] = []
        if self._fields.images:
            pieces = [tail] if self._direct else [self._entry(), url_head(picture.media_type), Copy(picture.key)]
            pieces.append(b'","detail":"auto"}' + (b',"thought":true}' if part.thought else b"}"))
        if self._direct:
            self.keeps = {self._message.final.key} if self._fields.image and self._message.final.key else set()
        return pieces

    def _end(self, end: pb.CandidateFinished) -> list[Piece]:
        self.ended = True
        return [
            *self._pictures_end(),
            b"," + _encoded(self._message.fields())[1:] + b"," + _encoded(facts.ending(end))[1:],
        ]

    def _pictures_end(self) -> list[Piece]:
        pieces: list[Piece] = [b"]"] if self._images else []
        final = self._message.final
        if self._fields.image and final.key is not None:
            head = b',"image":{"url":"' + url_head(final.media_type)
            pieces += [head, Copy(final.key), b'","detail":"auto"}']
        return pieces


class ChatAnswer:
    """An Encoder (see pieces) of POST /v1/chat/completions without stream."""

    def __init__(self, fields: ImageFields) -> None:
        self._fields = fields
        self._started = pb.Started()
        self._choices: dict[int, _Choice] = {}
        self._waiting: dict[int, list[Piece]] = {}

    @property
    def keeps(self) -> Collection[Key]:
        """See pieces.Encoder."""
        return {key for choice in self._choices.values() for key in choice.keeps}

    def feed(self, event: pb.Event) -> list[Piece]:
        """See pieces.Encoder."""
        match event.WhichOneof("event"):
            case "started":
                self._started.CopyFrom(event.started)
                return [b'{"id":' + _encoded(facts.completion_id(event.started)) + b',"choices":[']
            case "finished":
                return self._end(event.finished)
            case "heartbeat" | None:
                return []
            case kind:
                return self._choice_event(getattr(event, kind).candidate_index, event)

    def _choice_event(self, index: int, event: pb.Event) -> list[Piece]:
        pieces: list[Piece] = []
        if index not in self._choices:
            # Only the first candidate is written as it comes: another one may come between its events.
            direct = not self._choices
            completion = self._started.completion_id
            choice = self._choices[index] = _Choice(index, completion, self._fields, direct=direct)
            self._waiting[index] = []
            pieces = choice.start()
        pieces += self._choices[index].feed(event)
        if index == next(iter(self._choices)):
            return pieces
        self._waiting[index] += pieces
        return []

    def _end(self, finished: pb.Finished) -> list[Piece]:
        pieces: list[Piece] = []
        for waiting in list(self._waiting.values())[1:]:
            pieces += [b",", *waiting]
        if not self._choices:
            pieces.append(
                b'{"index":0,"message":{"role":"assistant","content":""},'
                + _encoded(facts.blocked(finished.prompt_feedback))[1:]
            )
        last = {
            "created": self._started.create_time.seconds,
            "model": self._started.model,
            "object": "chat.completion",
        }
        if finished.HasField("usage"):
            last["usage"] = facts.usage(finished.usage)
        return [*pieces, b"]," + _encoded(last)[1:]]
