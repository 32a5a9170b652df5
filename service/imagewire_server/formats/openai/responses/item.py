"""One output item of a response."""

from dataclasses import dataclass, field
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common import native_json, provider_fields
from imagewire_server.formats.openai.common.encoder import Key, Piece, encoded

Json = dict[str, Any]
# Builds an event from its name, its fields, and the pieces after them.
ItemEvent = tuple[str, Json, list[Piece]]


@dataclass(slots=True)
class Item:
    """One item: its JSON, and what follows it; keys: what is kept for that."""

    index: int
    shown: Json
    behind: list[Piece] = field(default_factory=list)
    keys: set[Key] = field(default_factory=set)

    def pieces(self) -> list[Piece]:
        """The item's JSON."""
        return [encoded(self.shown)[:-1], *self.behind, b"}"]

    def done(self) -> ItemEvent:
        """Mark the item as complete."""
        self.shown["status"] = "completed"
        return "output_item.done", {"output_index": self.index}, [b',"item":', *self.pieces()]

    def failed(self) -> ItemEvent:
        """Mark the item as one that did not come."""
        self.shown["status"] = "failed"
        return "output_item.done", {"output_index": self.index}, [b',"item":', *self.pieces()]


def own(item: Item, part: pb.PartFinished) -> None:
    """Add what must be sent back with a picture or a call."""
    extras: Json = {"thought": True} if part.thought else {}
    if part.thought_signature:
        extras["thought_signature"] = provider_fields.base64(part.thought_signature)
    extras |= native_json.native_fields(part.native_fields)
    if part.image.display_name:
        extras["display_name"] = part.image.display_name
    if part.image.image_id:
        item.shown["image_id"] = part.image.image_id
    if extras:
        item.shown["provider_specific_fields"] = extras


def at(item: Item) -> Json:
    """What names an item in an event."""
    return {"item_id": item.shown["id"], "output_index": item.index}


def output_text(text: str) -> Json:
    """A text of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
