"""A chat's answer as one JSON object. It is written while the answer arrives, with base64 encoded piece by piece.

Fields are written in the order in which they become known: in a choice, the pictures come first, then the text and the
finish reason. So `images` is written while it arrives. `image`, the final picture, is known only at the end, so its
picture must be kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk
from imagewire_server.formats.openai.chat.content import Content
from imagewire_server.formats.openai.chat.message import Gathered, OpenPicture
from imagewire_server.formats.openai.common import mapping
from imagewire_server.formats.openai.common.delivery import INSIDE, Delivery
from imagewire_server.formats.openai.common.encoder import Key, Piece, encoded, has_bytes, key_of
from imagewire_server.formats.openai.common.image_entry import entry_end, entry_front, final_end

_IMAGE = pb.PartKind.PART_KIND_IMAGE  # looked up once: an enum's names are slow


@dataclass(frozen=True, slots=True)
class ImageFields:
    """Which fields hold a chat's pictures: `image` (the final one), `images` (all), or both.

    content: `content` holds them instead, as an array of parts. drafts_last: drafts are behind the other pictures,
    but not in a stream. Each picture is then written when it is complete, because the provider may mark a draft after
    its bytes.
    """

    image: bool = True
    images: bool = True
    content: bool = False
    drafts_last: bool = False


def drafts_in_order(drafts: Sequence[pb.PartFinished], *, others: bool) -> Sequence[pb.PartFinished]:
    """Drafts as they are written behind. If there are no other pictures, the last one is the picture: it goes first."""
    return drafts if others else [*drafts[-1:], *drafts[:-1]]


class _Choice:
    """One candidate. direct: pictures whose media type is known before their bytes are written while they arrive.

    Other pictures are kept and written when they are complete, other media at the end of the message. needs: those of
    the answer, see encoder.Encoder. waiting: what is written after the first choice.
    """

    def __init__(
        self, index: int, completion: str, fields: ImageFields, needs: set[Key], delivery: Delivery, *, direct: bool
    ) -> None:
        self.direct = direct
        self._delivery = delivery
        self.waiting: list[Piece] = []
        self._index = index
        self._fields = fields
        self._needs = needs
        self._message = Gathered(completion, all_images=fields.images, delivery=delivery)
        self._thoughts: dict[int, bool] = {}
        self._open: OpenPicture | None = None
        self._images = 0
        self._kept: set[Key] = set()
        self._drafts: list[pb.PartFinished] = []  # written behind the other pictures
        self._content = Content(delivery) if fields.content else None

    def start(self) -> list[Piece]:
        return [b'{"index":%d,"message":{"role":"assistant"' % self._index]

    def feed(self, kind: str, event: pb.Event) -> list[Piece]:
        match kind:
            case "part_started":
                return self._started(event.part_started)
            case "text_delta":
                delta = event.text_delta
                thought = self._thoughts.get(delta.part_index, False)
                self._message.text(delta, thought=thought)
                if self._content is not None and not thought:
                    self._content.text(delta.text)
            case "part_finished":
                return self._finished(event.part_finished)
            case "candidate_finished":
                return self._end(event.candidate_finished)
        return []

    def chunk(self, data: bytes) -> list[Piece]:
        return [] if self._open is None else [self._open.chunk(data)]

    def _started(self, part: pb.PartStarted) -> list[Piece]:
        self._thoughts[part.part_index] = part.thought
        if not has_bytes(part) or self._delivery.begin(part):
            return []
        image = part.kind == _IMAGE
        later = self._fields.content or self._fields.drafts_last
        if image and part.mime_type and self.direct and self._fields.images and not later:
            self._open = OpenPicture(part.mime_type)
            if self._fields.image:
                self._needs.add(key_of(part))
            return [self._entry(part.part_index)]
        self._needs.add(key_of(part))
        return []

    def _entry(self, part_index: int) -> bytes:
        self._message.place(part_index)
        front = (b"," if self._images else b',"images":[') + entry_front(self._images)
        self._images += 1
        return front

    def _finished(self, part: pb.PartFinished) -> list[Piece]:
        picture, self._open = self._open, None
        earlier = self._message.final_key
        self._message.part(part, shown=picture is not None)
        pieces: list[Piece] = []
        if picture is not None:
            pieces = [picture.close(), entry_end(part, picture.media_type)]
        elif part.HasField("image") and (self._fields.content or (self._fields.drafts_last and part.thought)):
            if self._fields.images:
                self._keep(part)
        elif part.HasField("image") and self._fields.images:
            pieces = self._whole(part)
        if self.direct and self._needs and (picture is not None or part.HasField("image")):
            # Only the final picture is needed again.
            final = self._message.final_key if self._fields.image else None
            self._needs.difference_update({earlier, key_of(part)} - {final} - self._kept)
        return pieces

    def _keep(self, part: pb.PartFinished) -> None:
        """Keep a complete picture, which is written later."""
        self._kept.add(key_of(part))
        if self._content is not None and not part.thought:
            self._message.place(part.part_index)
            self._content.picture(part)
        else:
            self._drafts.append(part)

    def _whole(self, part: pb.PartFinished) -> list[Piece]:
        front = self._entry(part.part_index)
        return [front, *self._delivery.inside(part.image, key_of(part)), entry_end(part)]

    def _end(self, end: pb.CandidateFinished) -> list[Piece]:
        if self._content is not None:
            for draft in drafts_in_order(self._drafts, others=self._content.has_pictures):
                self._message.place(draft.part_index)
                self._content.picture(draft)
            content = [b',"content":', *self._content.pieces()]
            fields = self._message.fields(content=False)
            comma: list[Piece] = [b","] if fields != [b""] else []
            return [*content, *comma, *fields, b"}," + encoded(mapping.ending(end))[1:]]
        pieces: list[Piece] = []
        for draft in drafts_in_order(self._drafts, others=self._images > 0):
            pieces += self._whole(draft)
        if self._images:
            pieces.append(b"]")
        final = self._message.final.picture
        if self._fields.image and final is not None:
            url = self._delivery.inside(final.image, key_of(final))
            pieces += [b',"image":{"url":"', *url, final_end(final.image)]
        return [*pieces, b",", *self._message.fields(), b"}," + encoded(mapping.ending(end))[1:]]


class ChatAnswer:
    """The Encoder of POST /v1/chat/completions without stream."""

    def __init__(self, fields: ImageFields, delivery: Delivery = INSIDE) -> None:
        self._fields = fields
        self._delivery = delivery
        self._started = pb.Started()
        self._choices: dict[int, _Choice] = {}
        self.needs: set[Key] = set()

    def feed(self, kind: str | None, event: pb.Event) -> list[Piece]:
        """See encoder.Encoder."""
        match kind:
            case "started":
                self._started = event.started
                self._delivery.start(event.started)
                return [b'{"id":' + encoded(mapping.completion_id(event.started)) + b',"choices":[']
            case "finished":
                return self._end(event.finished)
            case "heartbeat" | None:
                return []
        index = getattr(event, kind).candidate_index
        choice = self._choices.get(index)
        if choice is None:
            # Only the first candidate is written while it arrives; events of others may come between its own.
            direct = not self._choices
            ident = self._started.completion_id
            choice = _Choice(index, ident, self._fields, self.needs, self._delivery, direct=direct)
            self._choices[index] = choice
            pieces = choice.start() + choice.feed(kind, event)
        else:
            pieces = choice.feed(kind, event)
        if choice.direct:
            return pieces
        choice.waiting += pieces
        return []

    def feed_chunk(self, chunk: Chunk) -> list[Piece]:
        """See encoder.Encoder."""
        choice = self._choices[chunk.candidate_index]
        return choice.chunk(chunk.data) if choice.direct else []

    def _end(self, finished: pb.Finished) -> list[Piece]:
        pieces: list[Piece] = []
        for choice in list(self._choices.values())[1:]:
            pieces += [b",", *choice.waiting]
        if not self._choices:
            pieces.append(
                b'{"index":0,"message":{"role":"assistant","content":""},'
                + encoded(mapping.blocked(finished.prompt_feedback))[1:]
            )
        last: dict[str, Any] = {
            "created": self._started.create_time.seconds,
            "model": self._started.model,
            "object": "chat.completion",
        }
        if finished.HasField("usage"):
            last["usage"] = mapping.usage(finished.usage)
        last |= mapping.of_answer(finished)
        return [*pieces, b"]," + encoded(last)[1:]]
