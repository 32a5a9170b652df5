"""The output items of a response, made while its parts come, and the events that tell of them.

Neighbouring texts are one item, however the model signed them: its extras tell the parts apart again (see layout). A
draft does not become an item: it is a partial image of the item that the next picture completes. Where no other
picture follows, the last draft completes it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pybase64

from imagewire_server.contract import pb
from imagewire_server.dialects.openai import facts
from imagewire_server.dialects.openai.pieces import Copy, Key, Piece

_encoded = facts.encoded
Json = dict[str, Any]
# Makes an event of its name and fields; a Copy among the pieces goes where the key "" of the fields would.
Told = tuple[str, Json, Piece | None]


@dataclass(slots=True)
class Item:
    """One item: its JSON, without the result of a picture, whose bytes are kept under key."""

    index: int
    shown: Json
    key: Key | None = None

    def pieces(self) -> list[Piece]:
        """The item's JSON."""
        if self.key is None:
            return [_encoded(self.shown)]
        return [_encoded(self.shown)[:-1] + b',"result":"', Copy(self.key), b'"}']


class Output:
    """All items of an answer. drafts: how many partial images are wanted."""

    def __init__(self, drafts: int) -> None:
        self._drafts = drafts
        self._ident = ""
        self.items: list[Item] = []
        self._open: Item | None = None  # a text or thought whose deltas come
        self._text: list[str] = []
        self._parts: list[tuple[int, bytes]] = []  # of the open text: how long each part is, and its signature
        self._length = 0
        self._drawing: Item | None = None  # a picture that is announced and not complete
        self._draft: tuple[Key, pb.PartFinished] | None = None
        self._sent = 0
        self._coming: set[Key] = set()

    @property
    def keeps(self) -> set[Key]:
        """See pieces.Encoder."""
        drafts = {self._draft[0]} if self._draft else set()
        return self._coming | drafts | {item.key for item in self.items if item.key is not None}

    def start(self, started: pb.Started) -> None:
        """Take the answer's id, of which items make theirs."""
        self._ident = started.completion_id.rpartition("-")[2]

    def feed(self, event: pb.Event) -> Iterator[Told]:
        """What an event adds, as events to tell: name, fields, and a piece for the field that is left out."""
        match event.WhichOneof("event"):
            case "part_started":
                yield from self._part_started(event.part_started)
            case "text_delta" if self._open is not None:
                self._text.append(event.text_delta.text)
                self._length += len(event.text_delta.text)
                yield from self._delta(self._open, event.text_delta.text)
            case "part_finished":
                yield from self._part_finished(event.part_finished)
            case "candidate_finished":
                yield from self._close_text()
                if self._draft is not None and all(item.key is None for item in self.items):
                    yield from self._complete(*self._draft)

    def _new(self, prefix: str, kind: str, **more: Any) -> Item:
        index = len(self.items)
        item = Item(index, {"id": f"{prefix}_{self._ident}_{index}", "type": kind, "status": "in_progress", **more})
        self.items.append(item)
        return item

    def _part_started(self, part: pb.PartStarted) -> Iterator[Told]:
        kind = "reasoning" if part.thought else "message"
        goes_on = (
            part.kind == pb.PartKind.PART_KIND_TEXT and self._open is not None and self._open.shown["type"] == kind
        )
        self._length = 0
        if goes_on:
            return
        yield from self._close_text()
        if part.kind == pb.PartKind.PART_KIND_IMAGE:
            self._coming.add((part.candidate_index, part.part_index))
            if not part.thought or self._drafts:
                yield from self._announce()
        elif part.kind == pb.PartKind.PART_KIND_TEXT:
            if part.thought:
                item = self._open = self._new("rs", "reasoning", summary=[])
                yield "output_item.added", {"output_index": item.index, "item": item.shown}, None
                empty = {"type": "summary_text", "text": ""}
                yield "reasoning_summary_part.added", {**_at(item), "summary_index": 0, "part": empty}, None
            else:
                item = self._open = self._new("msg", "message", role="assistant", content=[])
                yield "output_item.added", {"output_index": item.index, "item": item.shown}, None
                yield "content_part.added", {**_at(item), "content_index": 0, "part": _output_text("")}, None

    def _announce(self) -> Iterator[Told]:
        """A picture comes."""
        if self._drawing is None:
            item = self._drawing = self._new("ig", "image_generation_call")
            yield "output_item.added", {"output_index": item.index, "item": {**item.shown, "result": None}}, None
            yield "image_generation_call.in_progress", _at(item), None
            yield "image_generation_call.generating", _at(item), None

    @staticmethod
    def _delta(item: Item, text: str) -> Iterator[Told]:
        if item.shown["type"] == "reasoning":
            yield "reasoning_summary_text.delta", {**_at(item), "summary_index": 0, "delta": text}, None
        else:
            yield "output_text.delta", {**_at(item), "content_index": 0, "delta": text, "logprobs": []}, None

    def _part_finished(self, part: pb.PartFinished) -> Iterator[Told]:
        match part.WhichOneof("content"):
            case "image":
                yield from self._picture(part)
            case "function_call":
                call = facts.tool_call(part.function_call, self._ident, part.part_index, 0)
                said = call["function"]
                item = self._new("fc", "function_call", call_id=call["id"], name=said["name"], arguments="")
                yield "output_item.added", {"output_index": item.index, "item": dict(item.shown)}, None
                item.shown["arguments"] = said["arguments"]
                yield "function_call_arguments.delta", {**_at(item), "delta": said["arguments"]}, None
                yield "function_call_arguments.done", {**_at(item), **said}, None
                yield self._done(item, part)
            case None:
                self._parts.append((self._length, part.thought_signature))

    def _close_text(self) -> Iterator[Told]:
        """The open text is whole."""
        item, self._open = self._open, None
        text, self._text = "".join(self._text), []
        parts, self._parts = self._parts, []
        if item is None:
            return
        if any(signature for _, signature in parts):
            name = "thought" if item.shown["type"] == "reasoning" else "text"
            item.shown["provider_specific_fields"] = {
                "thought_signatures": [pybase64.b64encode(s).decode() if s else None for _, s in parts],
                "parts": [f"{name}:{length}" for length, _ in parts],
            }
        if item.shown["type"] == "reasoning":
            whole = {"type": "summary_text", "text": text}
            item.shown["summary"] = [whole]
            yield "reasoning_summary_text.done", {**_at(item), "summary_index": 0, "text": text}, None
            yield "reasoning_summary_part.done", {**_at(item), "summary_index": 0, "part": whole}, None
        else:
            whole = _output_text(text)
            item.shown["content"] = [whole]
            yield "output_text.done", {**_at(item), "content_index": 0, "text": text, "logprobs": []}, None
            yield "content_part.done", {**_at(item), "content_index": 0, "part": whole}, None
        item.shown["status"] = "completed"
        yield "output_item.done", {"output_index": item.index, "item": item.shown}, None

    def _picture(self, part: pb.PartFinished) -> Iterator[Told]:
        key = part.candidate_index, part.part_index
        self._coming.discard(key)
        if not part.thought:
            yield from self._complete(key, part)
            return
        self._draft = key, pb.PartFinished.FromString(part.SerializeToString())
        if self._drawing is not None and self._sent < self._drafts:
            item = self._drawing
            fields = {**_at(item), "partial_image_index": self._sent, "background": "opaque", "quality": "auto"}
            self._sent += 1
            yield "image_generation_call.partial_image", fields | _look(part.image), Copy(key)

    def _complete(self, key: Key, part: pb.PartFinished) -> Iterator[Told]:
        yield from self._announce()
        item, self._drawing, self._draft = self._drawing, None, None
        assert item is not None  # noqa: S101  # just announced
        item.key = key
        item.shown |= _look(part.image)
        yield "image_generation_call.completed", _at(item), None
        yield self._done(item, part)

    @staticmethod
    def _done(item: Item, part: pb.PartFinished) -> Told:
        item.shown["status"] = "completed"
        if part.thought_signature:
            signature = pybase64.b64encode(part.thought_signature).decode()
            item.shown["provider_specific_fields"] = {"thought_signature": signature}
        fields = {"output_index": item.index, "item": item.shown}
        return "output_item.done", fields, Copy(item.key) if item.key else None


def _at(item: Item) -> Json:
    return {"item_id": item.shown["id"], "output_index": item.index}


def _output_text(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _look(image: pb.Image) -> Json:
    made: Json = {"output_format": image.mime_type.removeprefix("image/")}
    if image.HasField("width"):
        made["size"] = f"{image.width}x{image.height}"
    return made
