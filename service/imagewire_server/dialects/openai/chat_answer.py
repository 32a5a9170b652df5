"""A chat's answer as one JSON object, written while it comes: the envelope around base64 as the bytes arrive.

What is known at the end stands at the end: within a choice the message's pictures come first, its text and the finish
reason behind them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.dialects.openai import data_url, facts
from imagewire_server.dialects.openai.message import Gathered, OpenPicture, entry_end, entry_front, final_end
from imagewire_server.dialects.openai.pieces import Key, Piece, encoded, has_bytes, key_of

_IMAGE = pb.PartKind.PART_KIND_IMAGE  # looked up once: an enum's names are slow


@dataclass(frozen=True, slots=True)
class ImageFields:
    """Where a chat's pictures go: `image` (the final one), `images` (each), or both."""

    image: bool = True
    images: bool = True


class _Choice:
    """One candidate. direct: its pictures are written as they come, where their media type is known in front of them.

    Other pictures are kept and written at their end, other media at the message's end.
    """

    def __init__(self, index: int, completion: str, fields: ImageFields, *, direct: bool) -> None:
        self._index = index
        self._fields = fields
        self._direct = direct
        self._message = Gathered(completion, all_images=fields.images)
        self._thoughts: dict[int, bool] = {}
        self._open: OpenPicture | None = None
        self._images = 0
        self.keeps: set[Key] = set()

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
                return [self._open.chunk(event.image_chunk.data)]
            case "part_finished":
                return self._finished(event.part_finished)
            case "candidate_finished":
                return self._end(event.candidate_finished)
        return []

    def _started(self, part: pb.PartStarted) -> list[Piece]:
        self._thoughts[part.part_index] = part.thought
        if not has_bytes(part):
            return []
        image = part.kind == _IMAGE
        if image and part.mime_type and self._direct and self._fields.images:
            self._open = OpenPicture(part.mime_type)
            if self._fields.image:
                self.keeps.add(key_of(part))
            return [self._entry()]
        self.keeps.add(key_of(part))
        return []

    def _entry(self) -> bytes:
        front = (b"," if self._images else b',"images":[') + entry_front(self._images)
        self._images += 1
        return front

    def _finished(self, part: pb.PartFinished) -> list[Piece]:
        picture, self._open = self._open, None
        earlier = self._message.final.key
        self._message.part(part, shown=picture is not None)
        pieces: list[Piece] = []
        if picture is not None:
            pieces = [picture.close(), entry_end(part, picture.media_type)]
        elif part.HasField("image") and self._fields.images:
            pieces = [self._entry(), *data_url.inside(part.image, key_of(part)), entry_end(part)]
        if self._direct and (picture is not None or part.HasField("image")):
            # Of the pictures only the final one is needed again.
            final = self._message.final.key if self._fields.image else None
            self.keeps -= {key for key in (earlier, key_of(part)) if key is not None and key != final}
        return pieces

    def _end(self, end: pb.CandidateFinished) -> list[Piece]:
        pieces: list[Piece] = [b"]"] if self._images else []
        final = self._message.final
        if self._fields.image and final.key is not None:
            pieces += [b',"image":{"url":"', *data_url.inside(final.image, final.key), final_end(final.image)]
        return [*pieces, b",", *self._message.fields(), b"}," + encoded(facts.ending(end))[1:]]


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
                return [b'{"id":' + encoded(facts.completion_id(event.started)) + b',"choices":[']
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
                + encoded(facts.blocked(finished.prompt_feedback))[1:]
            )
        last: dict[str, Any] = {
            "created": self._started.create_time.seconds,
            "model": self._started.model,
            "object": "chat.completion",
        }
        if finished.HasField("usage"):
            last["usage"] = facts.usage(finished.usage)
        last |= facts.of_answer(finished)
        return [*pieces, b"]," + encoded(last)[1:]]
