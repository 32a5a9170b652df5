"""The output items of a response, built while its parts arrive, and their events.

Adjacent texts are one item, whatever their signatures; its extra fields separate the parts again (see part_order).
Native parts and other media are message items without text.

A draft is a reasoning item without text. If partial images are requested, it is also a partial image of the next
picture's item, and waits for it. If no other picture follows, the last draft is also the picture. Only a complete
picture is known to be a draft or not, so nothing is sent about it before.
"""

from collections.abc import Iterator
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.final_picture import FinalPicture
from imagewire_server.formats.openai.common import data_uri_stream, mapping, native_json, provider_fields
from imagewire_server.formats.openai.common.delivery import INSIDE, Delivery
from imagewire_server.formats.openai.common.encoder import ImageRef, Key, Piece, has_bytes, key_of
from imagewire_server.formats.openai.common.image_entry import entry_end, entry_front
from imagewire_server.formats.openai.responses import encrypted, item_ids
from imagewire_server.formats.openai.responses.item import Item, ItemEvent, at, output_text, own

Json = dict[str, Any]


class Output:
    """All items of an answer. drafts: the number of requested partial images.

    encrypted: whether reasoning items carry what must be sent back. draws: whether a picture was requested.
    """

    def __init__(
        self, drafts: int, *, encrypted: bool = False, draws: bool = False, delivery: Delivery = INSIDE
    ) -> None:
        self._delivery = delivery
        self._begun: dict[Key, Item] = {}  # the pictures that go by URL and are not complete
        self._by_url: list[tuple[Item, Key]] = []  # those that are
        self._drafts = drafts
        self._encrypted = encrypted
        self._draws = draws
        self._ended = False
        self._ident = ""
        self.items: list[Item] = []
        self._open: Item | None = None  # a text or thought that is still growing
        self._text: list[str] = []
        self._parts: list[tuple[int, bytes, Json]] = []  # length, signature and fields of each part of the open text
        self._length = 0
        self._final = FinalPicture[pb.PartFinished]()
        self._waiting: list[pb.PartFinished] = []  # drafts that will be partial images of the next picture
        self._sent = 0
        self._coming: set[Key] = set()

    @property
    def needs(self) -> set[Key]:
        """See encoder.Encoder."""
        drafts = {key_of(draft) for draft in self._waiting}
        return self._coming | drafts | {key for item in self.items for key in item.keys}

    def start(self, started: pb.Started) -> None:
        """Set the answer's id, from which the ids of the items are made."""
        self._ident = started.completion_id.rpartition("-")[2]
        self._delivery.start(started)

    def feed(self, kind: str | None, event: pb.Event) -> Iterator[ItemEvent]:
        """What an event adds, as events to send: name, fields, and a piece for the field that is left out.

        kind: see encoder.Encoder.
        """
        match kind:
            case "part_started":
                yield from self._part_started(event.part_started)
            case "text_delta" if self._open is not None:
                self._text.append(event.text_delta.text)
                self._length += len(event.text_delta.text)
                yield from self._delta(self._open, event.text_delta.text)
            case "part_finished":
                yield from self._part_finished(event.part_finished)
            case "finished" if event.finished.HasField("prompt_feedback") and not self._ended:
                feedback = event.finished.prompt_feedback
                yield from self._failed(feedback.block_reason, feedback.block_reason_message)
            case "candidate_finished":
                self._ended = True
                yield from self._close_text()
                yield from self._inside()
                end = event.candidate_finished
                if self._final.picture is None and mapping.finish_reason(end.finish_reason) == "content_filter":
                    yield from self._failed(end.native_finish_reason, end.finish_message)
                draft = self._final.picture if self._final.is_draft else None
                if draft is not None and key_of(draft) not in {key for _, key in self._by_url}:
                    self._final.take(draft, is_draft=False)  # shown as the picture now, and once
                    yield from self._complete(draft)

    def _failed(self, reason: str, message: str) -> Iterator[ItemEvent]:
        """Say why a requested picture did not come."""
        if self._draws:
            why = {"code": reason.lower() or "content_filter", "message": message or "no picture was drawn"}
            item = self._new("ig", "image_generation_call", item_ids.WITHHELD, result=None, error=why)
            yield "output_item.added", {"output_index": item.index, "item": dict(item.shown)}, []
            item.shown["status"] = "failed"
            yield "output_item.done", {"output_index": item.index, "item": item.shown}, []

    def _done(self, item: Item) -> Iterator[ItemEvent]:
        """The end of an item, and what carries its fields if that is requested."""
        fields = item.shown.get("provider_specific_fields") if self._encrypted else None
        if fields and item.shown["type"] == "reasoning":
            item.shown["encrypted_content"] = encrypted.content(fields, own=True)
        yield item.done()
        if fields and item.shown["type"] != "reasoning":
            carrier = self._new("rs", "reasoning", summary=[])
            yield "output_item.added", {"output_index": carrier.index, "item": dict(carrier.shown)}, []
            carrier.shown["encrypted_content"] = encrypted.content(fields, own=False)
            yield carrier.done()

    def _new(self, prefix: str, kind: str, /, named: str = "", **more: Any) -> Item:
        """named: the end of its id, "" for its place among the items."""
        index = len(self.items)
        ident = f"{prefix}_{self._ident}_{named or index}"
        item = Item(index, {"id": ident, "type": kind, "status": "in_progress", **more})
        self.items.append(item)
        return item

    def _new_picture(self, key: Key, **more: Any) -> Item:
        """An item with a picture. Its id tells where that is in the answer, so that it can be sent back alone."""
        return self._new("ig", "image_generation_call", item_ids.picture_end(key), **more)

    def _part_started(self, part: pb.PartStarted) -> Iterator[ItemEvent]:
        kind = "reasoning" if part.thought else "message"
        goes_on = (
            part.kind == pb.PartKind.PART_KIND_TEXT and self._open is not None and self._open.shown["type"] == kind
        )
        self._length = 0
        if goes_on:
            return
        yield from self._close_text()
        if has_bytes(part):
            if not self._delivery.begin(part):
                self._coming.add(key_of(part))
            elif part.mime_type:
                yield from self._begin(key_of(part))
        elif part.kind == pb.PartKind.PART_KIND_TEXT:
            if part.thought:
                item = self._open = self._new("rs", "reasoning", summary=[])
                yield "output_item.added", {"output_index": item.index, "item": item.shown}, []
                empty = {"type": "summary_text", "text": ""}
                yield "reasoning_summary_part.added", {**at(item), "summary_index": 0, "part": empty}, []
            else:
                item = self._open = self._new("msg", "message", role="assistant", content=[])
                yield "output_item.added", {"output_index": item.index, "item": item.shown}, []
                yield "content_part.added", {**at(item), "content_index": 0, "part": output_text("")}, []

    @staticmethod
    def _delta(item: Item, text: str) -> Iterator[ItemEvent]:
        if item.shown["type"] == "reasoning":
            yield "reasoning_summary_text.delta", {**at(item), "summary_index": 0, "delta": text}, []
        else:
            yield "output_text.delta", {**at(item), "content_index": 0, "delta": text, "logprobs": []}, []

    def _part_finished(self, part: pb.PartFinished) -> Iterator[ItemEvent]:
        self._coming.discard(key_of(part))
        match part.WhichOneof("content"):
            case "image":
                yield from self._picture(part)
            case "function_call":
                call = mapping.tool_call(part.function_call, self._ident, part.part_index, 0)
                said = call["function"]
                item = self._new("fc", "function_call", call_id=call["id"], name=said["name"], arguments="")
                yield "output_item.added", {"output_index": item.index, "item": dict(item.shown)}, []
                item.shown["arguments"] = said["arguments"]
                yield "function_call_arguments.delta", {**at(item), "delta": said["arguments"]}, []
                yield "function_call_arguments.done", {**at(item), **said}, []
                own(item, part)
                yield from self._done(item)
            case "media" | "native":
                if (begun := self._begun.pop(key_of(part), None)) is not None:
                    yield begun.failed()  # it began as a picture
                yield from self._others(part, self._new("msg", "message", role="assistant", content=[]))
            case None:
                fields = native_json.native_fields(part.native_fields)
                self._parts.append((self._length, part.thought_signature, fields))

    def _begin(self, key: Key) -> Iterator[ItemEvent]:
        """Add a picture that goes by URL. Whether it is a draft is known at its end."""
        item = self._begun[key] = self._new_picture(key, result=None, url=self._delivery.url(key))
        yield "output_item.added", {"output_index": item.index, "item": dict(item.shown)}, []
        yield "image_generation_call.in_progress", at(item), []
        yield "image_generation_call.generating", at(item), []

    def _end(self, part: pb.PartFinished) -> Iterator[ItemEvent]:
        """Complete a picture that goes by URL."""
        if key_of(part) not in self._begun:
            yield from self._begin(key_of(part))
        item = self._begun.pop(key_of(part))
        self._by_url.append((item, key_of(part)))
        item.shown |= data_uri_stream.look(part.image)
        own(item, part)
        yield "image_generation_call.completed", at(item), []
        yield from self._done(item)

    def _inside(self) -> Iterator[ItemEvent]:
        """Complete the pictures that went by URL once more, with their bytes, where the answer is not kept."""
        for item, key in self._by_url if self._delivery.is_lost else []:
            for name in ("url", "result", "image_id"):
                item.shown.pop(name, None)
            item.keys.add(key)
            item.behind = [b',"result":"', ImageRef(key), b'"']
            yield item.done()

    def _others(self, part: pb.PartFinished, item: Item) -> Iterator[ItemEvent]:
        """Add a draft, other media, or a native part."""
        yield "output_item.added", {"output_index": item.index, "item": dict(item.shown)}, []
        fields = native_json.native_fields(part.native_fields)
        extras = provider_fields.of_parts([(part.WhichOneof("content") or "", part.thought_signature, fields)])
        name, entries = "media", list[list[Piece]]()
        if part.HasField("image"):
            name, entries = (
                "images",
                [[entry_front(0), *data_uri_stream.inside(part.image, key_of(part)), entry_end(part)]],
            )
        elif part.HasField("media"):
            entries = [provider_fields.media(part, 0, self._delivery)]
        else:
            extras["native_parts"] = [provider_fields.native_part(part, 0)]
        if entries and not self._delivery.url(key_of(part)):
            item.keys.add(key_of(part))
        item.behind = [b',"provider_specific_fields":', *provider_fields.whole(extras, entries, name)]
        yield item.done()

    def _close_text(self) -> Iterator[ItemEvent]:
        """Complete the open text."""
        item, self._open = self._open, None
        text, self._text = "".join(self._text), []
        parts, self._parts = self._parts, []
        if item is None:
            return
        if any(signature or fields for _, signature, fields in parts):
            name = "thought" if item.shown["type"] == "reasoning" else "text"
            named = [(f"{name}:{length}", signature, fields) for length, signature, fields in parts]
            item.shown["provider_specific_fields"] = provider_fields.of_parts(named)
        if item.shown["type"] == "reasoning":
            whole = {"type": "summary_text", "text": text}
            item.shown["summary"] = [whole]
            yield "reasoning_summary_text.done", {**at(item), "summary_index": 0, "text": text}, []
            yield "reasoning_summary_part.done", {**at(item), "summary_index": 0, "part": whole}, []
        else:
            whole = output_text(text)
            item.shown["content"] = [whole]
            yield "output_text.done", {**at(item), "content_index": 0, "text": text, "logprobs": []}, []
            yield "content_part.done", {**at(item), "content_index": 0, "part": whole}, []
        yield from self._done(item)

    def _picture(self, part: pb.PartFinished) -> Iterator[ItemEvent]:
        self._final.take(part, is_draft=part.thought)
        if not part.image.uri and self._delivery.url(key_of(part)):
            yield from self._end(part)
            return
        if not part.thought:
            yield from self._complete(part)
            return
        yield from self._others(part, self._new("rs", "reasoning", summary=[]))
        if self._sent + len(self._waiting) < self._drafts and not part.image.uri:
            self._waiting.append(part)

    def _complete(self, part: pb.PartFinished) -> Iterator[ItemEvent]:
        item = self._new_picture(key_of(part))
        yield "output_item.added", {"output_index": item.index, "item": {**item.shown, "result": None}}, []
        yield "image_generation_call.in_progress", at(item), []
        yield "image_generation_call.generating", at(item), []
        for draft in self._waiting:
            fields = {**at(item), "partial_image_index": self._sent, "background": "opaque", "quality": "auto"}
            copy: list[Piece] = [b',"partial_image_b64":"', ImageRef(key_of(draft)), b'"']
            yield "image_generation_call.partial_image", fields | data_uri_stream.look(draft.image), copy
            self._sent += 1
        self._waiting = []
        item.shown |= data_uri_stream.look(part.image)
        own(item, part)
        if part.image.uri:
            item.shown |= {"result": None, "url": part.image.uri}
        else:
            item.keys.add(key_of(part))
            item.behind = [b',"result":"', ImageRef(key_of(part)), b'"']
        yield "image_generation_call.completed", at(item), []
        yield from self._done(item)
