"""For `/v1/images`, where OpenAI's format has only pictures: the other parts of an answer."""

from typing import Any

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common import mapping, provider_fields
from imagewire_server.formats.openai.common.delivery import INSIDE, Delivery
from imagewire_server.formats.openai.common.encoder import Key, Piece, key_of

Json = dict[str, Any]


class Beside:
    """Native parts, other media, and the native fields of the candidate and the answer. media: its keys."""

    def __init__(self, delivery: Delivery = INSIDE) -> None:
        self._delivery = delivery
        self._natives: list[Json] = []
        self._media: list[list[Piece]] = []
        self._candidate: Json = {}
        self._answer: Json = {}
        self.media: set[Key] = set()

    def add(self, kind: str | None, event: pb.Event) -> None:
        """Take an event. kind: see encoder.Encoder."""
        match kind:
            case "part_finished" if event.part_finished.HasField("media"):
                self._media.append(provider_fields.media(event.part_finished, len(self._media), self._delivery))
                self.media.add(key_of(event.part_finished))
            case "part_finished" if event.part_finished.HasField("native"):
                self._natives.append(provider_fields.native_part(event.part_finished, len(self._natives)))
            case "candidate_finished":
                self._candidate = mapping.candidate(event.candidate_finished)
            case "finished":
                self._answer = mapping.of_answer(event.finished).get("provider_specific_fields", {})

    def pieces(self) -> list[Piece]:
        """A field of an object, with the comma before it; nothing if the value is empty."""
        plain = self._answer | ({"candidate": self._candidate} if self._candidate else {})
        if self._natives:
            plain["native_parts"] = self._natives
        if not plain and not self._media:
            return []
        return [b',"provider_specific_fields":', *provider_fields.whole(plain, self._media)]
