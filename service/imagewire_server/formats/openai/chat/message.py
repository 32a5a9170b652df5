"""Collects the parts of an answer's message while they arrive, for the fields that are written after its pictures."""

from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.final_picture import FinalPicture
from imagewire_server.formats.openai.common import mapping, native_json, provider_fields
from imagewire_server.formats.openai.common.data_uri_stream import Base64, head
from imagewire_server.formats.openai.common.delivery import INSIDE, Delivery
from imagewire_server.formats.openai.common.encoder import Key, Piece, encoded, key_of

Json = dict[str, Any]


class Gathered:
    """One candidate's message without its pictures. all_images: whether all are sent, or only the final one."""

    def __init__(self, completion: str, *, all_images: bool, delivery: Delivery = INSIDE) -> None:
        self._delivery = delivery
        self._completion = completion
        self._all_images = all_images
        self._texts: dict[bool, list[str]] = {False: [], True: []}
        self._lengths: dict[int, int] = {}
        self._parts: list[tuple[str, int, bytes, Json]] = []
        self._places: dict[int, int] = {}  # the index in `images` by the index of the part
        self.calls: list[Json] = []
        self.natives: list[Json] = []
        self.media: list[list[Piece]] = []
        self.final = FinalPicture[pb.PartFinished]()

    @property
    def final_key(self) -> Key | None:
        """Where the bytes of the final picture are kept, of those so far."""
        return None if self.final.picture is None else key_of(self.final.picture)

    def text(self, delta: pb.TextDelta, *, thought: bool) -> None:
        """More text."""
        self._texts[thought].append(delta.text)
        self._lengths[delta.part_index] = self._lengths.get(delta.part_index, 0) + len(delta.text)

    def part(self, part: pb.PartFinished, *, shown: bool = False) -> None:
        """Take a complete part. shown: it has already been written among the pictures."""
        match part.WhichOneof("content"):
            case "image":
                self.final.take(part, is_draft=part.thought)
                kind = "image"
            case _ if shown:
                kind = "image"
            case "function_call":
                call = mapping.tool_call(part.function_call, self._completion, part.part_index, len(self.calls))
                self.calls.append(call)
                kind = "tool_call:thought" if part.thought else "tool_call"
            case "native":
                self.natives.append(provider_fields.native_part(part, len(self.natives)))
                kind = "native"
            case "media":
                self.media.append(provider_fields.media(part, len(self.media), self._delivery))
                kind = "media"
            case _:
                kind = f"{'thought' if part.thought else 'text'}:{self._lengths.get(part.part_index, 0)}"
        fields = native_json.native_fields(part.native_fields)
        self._parts.append((kind, part.part_index, part.thought_signature, fields))

    def place(self, part_index: int) -> None:
        """Note that a picture is the next one in `images`."""
        self._places[part_index] = len(self._places)

    def fields(self, *, content: bool = True) -> list[Piece]:
        """Return the fields of the message other than its pictures, without braces. Content is never null.

        content: whether it is among them; otherwise it has been written.
        """
        made: Json = {"content": "".join(self._texts[False])} if content else {}
        if self._texts[True]:
            made["reasoning_content"] = "".join(self._texts[True])
        if self.calls:
            made["tool_calls"] = self.calls
        extras = self.extras()
        if self.natives:
            extras["native_parts"] = self.natives
        front = encoded(made)[1:-1]
        if not extras:
            return [front]
        comma = b"," if front else b""
        return [front + comma + b'"provider_specific_fields":', *provider_fields.whole(extras, self.media)]

    def extras(self) -> Json:
        """What must be sent back with the message, so that the same parts can be rebuilt (see part_order)."""
        final = self.final.picture
        sent = [
            (kind, signature, fields)
            for kind, index, signature, fields in self._parts
            if kind != "image" or self._all_images or (final is not None and index == final.part_index)
        ]
        places = [self._places.get(index) for kind, index, _, _ in self._parts if kind == "image"]
        if not self._all_images or None in places or places == list(range(len(places))):
            return provider_fields.of_parts(sent)
        # The pictures are not in the order of their parts.
        at = iter(places)
        named = [
            (f"image:{next(at)}" if kind == "image" else kind, signature, fields) for kind, signature, fields in sent
        ]
        return provider_fields.of_parts(named)


class OpenPicture:
    """A picture whose data: URL is being written."""

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type
        self._base64 = Base64()
        self._front = head(media_type)

    def chunk(self, data: bytes) -> bytes:
        """The next piece of the data: URL."""
        front, self._front = self._front, b""
        return front + self._base64.feed(data)

    def close(self) -> bytes:
        """The last piece of the data: URL."""
        return self._front + self._base64.close()
