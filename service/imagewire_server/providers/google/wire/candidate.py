"""One candidate's parts as events: runs of plain text joined, signed parts left alone, pictures measured."""

from typing import Literal

from imagewire_server.contract import json_values, pb
from imagewire_server.contract.errors import Malformed
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.providers.google.wire import json_texts, mapping, response_types
from imagewire_server.providers.google.wire.blob import UNKNOWN, Blob, media_type
from imagewire_server.providers.google.wire.json_texts import Omit

# Looked up once: an enum's names are slow.
_TEXT, _IMAGE, _CALL, _MEDIA, _NATIVE = (
    pb.PartKind.PART_KIND_TEXT,
    pb.PartKind.PART_KIND_IMAGE,
    pb.PartKind.PART_KIND_FUNCTION_CALL,
    pb.PartKind.PART_KIND_MEDIA,
    pb.PartKind.PART_KIND_NATIVE,
)
# Characters in one TextDelta; four bytes each at the most.
_LONGEST_DELTA = 64 * 1024
_UNSPECIFIED = "FINISH_REASON_UNSPECIFIED"
_NATIVE_ENDS = ("url_context_metadata", "avg_logprobs", "logprobs_result", "token_count", "grounding_attributions")
_NULL = b"null"
_ABSENT = (b"", _NULL)
_AUTO = pb.ImageDetail.IMAGE_DETAIL_AUTO
_BY_ENDING = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}


class CandidateReader:
    """Gathers one candidate over all documents of an answer. omit: called with the path of what is left out.

    native_finish_reason: empty until a specified one came.
    """

    def __init__(self, index: int, omit: Omit) -> None:
        self._index = index
        self._omit = omit
        self._part = 0  # the place of the part that is open, or comes next
        self._text_open: bool | None = None  # whether an open run of text is thought; None when none is open
        self._blob: Blob | None = None
        self._text_emitted = False  # whether the open part's text, which stood before its bytes, was emitted
        self._called = False
        self.native_finish_reason = ""
        self._last = pb.Event()
        self._end = self._last.candidate_finished
        self._end.candidate_index = index

    def take_part(
        self,
        part: response_types.Part,
        native: tuple[str, str] | None,
        beside: dict[str, str],
        events: list[StreamEvent],
    ) -> None:
        """A whole part. native: content of a kind that has no field. beside: the other fields of the part.

        Content that must not stand together in a part gives a part each; the first is the signed one.
        """
        plain = part.inline_data is None and part.function_call is None and part.file_data is None
        if plain and native is None and self._blob is None:  # text, as most parts are
            if part.text or part.thought_signature:
                self._take_text(part.text or "", part.thought, part.thought_signature, beside, events)
            return
        contents: list[tuple[pb.PartKind, pb.PartFinished]] = []
        blob = self._end_blob(part.inline_data, events)
        if blob is not None:
            contents.append((_IMAGE if blob.HasField("image") else _MEDIA, blob))
        if part.function_call is not None:
            contents.append((_CALL, pb.PartFinished(function_call=self._call(part.function_call))))
        if part.file_data is not None:
            contents.append(_file(part.file_data))
        if native is not None:
            self._called = self._called or native[0] == "functionCall"
            made = pb.NativePart(kind=native[0], value_json=native[1])
            contents.append((_NATIVE, pb.PartFinished(native=made)))
        signature = part.thought_signature
        for at, (kind, finished) in enumerate(contents):
            finished.thought = part.thought
            if at == 0:
                finished.thought_signature, signature = signature, b""
                finished.native_fields.update(beside)
                beside = {}
            if finished is not blob:
                self._close_text(events)
                events.append(self._started(kind, part.thought))
            events.append(self._finished(finished))
        text = "" if self._text_emitted else part.text or ""
        self._text_emitted = False
        if text or signature:
            self._take_text(text, part.thought, signature, beside, events)

    def take_end(self, given: response_types.CandidateEnd, beside: dict[str, str]) -> None:
        """What a candidate has besides its parts. Of several finish reasons the last specified one counts."""
        reason = given.finish_reason.upper()
        if reason and (reason != _UNSPECIFIED or not self.native_finish_reason):
            self._end.native_finish_reason = reason
            self._end.finish_message = given.finish_message
        if reason and reason != _UNSPECIFIED:
            self.native_finish_reason = reason
        if given.safety_ratings:
            del self._end.safety_ratings[:]
            self._end.safety_ratings.extend(mapping.ratings(given.safety_ratings))
        if not (
            given.grounding_metadata is given.citation_metadata is given.url_context_metadata is response_types.NOTHING
            and given.avg_logprobs is given.logprobs_result is given.token_count is response_types.NOTHING
            and given.grounding_attributions is response_types.NOTHING
        ):
            self._take_metadata(given)
        for name, text in beside.items():
            self._end.native_fields[name] = text

    def _take_metadata(self, given: response_types.CandidateEnd) -> None:
        for name in ("grounding_metadata", "citation_metadata"):
            if getattr(given, name) is response_types.NOTHING or (raw := bytes(getattr(given, name))) in _ABSENT:
                continue
            made = _struct(raw)
            if made is not None:
                getattr(self._end, name).CopyFrom(made)
            else:
                self._keep(json_texts.camel(name), raw)
        for name in _NATIVE_ENDS:
            if (
                getattr(given, name) is not response_types.NOTHING
                and (raw := bytes(getattr(given, name))) not in _ABSENT
            ):
                self._keep(json_texts.camel(name), raw)

    def close(self, events: list[StreamEvent]) -> None:
        """End the candidate."""
        self._close_text(events)
        self._end.finish_reason = mapping.finish_reason(self.native_finish_reason, called=self._called)
        events.append(self._last)

    def begin_blob(self, front: response_types.Part, events: list[StreamEvent]) -> None:
        """The bytes of a part begin. front: what is known of the part so far."""
        if self._blob is not None and (finished := self._end_blob(None, events)) is not None:
            events.append(self._finished(finished))  # the key stood twice
        self._text_emitted = bool(front.text)
        if front.text:
            self._take_text(front.text, front.thought, b"", {}, events)
        mime_type = media_type(front.inline_data.mime_type) if front.inline_data else ""
        self._blob = Blob(mime_type, thought=front.thought)

    def blob_bytes(self, data: bytes, events: list[StreamEvent]) -> None:
        """More bytes of the open part."""
        blob = self._blob
        assert blob is not None, "bytes come between a blob's begin and its part's end"  # noqa: S101
        if blob.size:
            self._chunk(blob, data, events)
            return
        blob.waiting += data
        if blob.detect(complete=False):
            self._begin_chunks(blob, events)

    def drop_blob(self, damage: Malformed) -> Malformed | None:
        """The open part's bytes are damaged. Raises the damage if some were emitted; returns it for a picture."""
        blob, self._blob = self._blob, None
        if blob is None or blob.size:
            raise damage
        return None if blob.is_image is False else damage

    def _begin_chunks(self, blob: Blob, events: list[StreamEvent]) -> None:
        self._close_text(events)
        events.append(self._started(_IMAGE if blob.is_image else _MEDIA, blob.thought, blob.mime_type))
        data, blob.waiting = blob.waiting, b""
        self._chunk(blob, data, events)

    def _chunk(self, blob: Blob, data: bytes, events: list[StreamEvent]) -> None:
        if not data:
            return
        kind: Literal["image_chunk", "media_chunk"] = "image_chunk" if blob.is_image else "media_chunk"
        events.append(Chunk(kind, self._index, self._part, blob.size, data))
        blob.add(data)

    def _end_blob(self, given: response_types.Blob | None, events: list[StreamEvent]) -> pb.PartFinished | None:
        """What the blob of this part was, if it has one that is not empty."""
        blob, self._blob = self._blob, None
        if blob is None and given is not None and given.data:
            blob = Blob(media_type(given.mime_type), thought=False)
            blob.waiting = given.data
        if blob is not None and blob.waiting:
            blob.detect(complete=True)
            self._begin_chunks(blob, events)
        if blob is None or not blob.size:
            if given is not None:
                self._omit("inlineData")
            return None
        mime_type = media_type(given.mime_type) if given is not None else ""
        name = given.display_name if given is not None else ""
        if blob.settle(mime_type):
            return pb.PartFinished(image=blob.image(name))
        return pb.PartFinished(media=blob.media(name))

    def _call(self, given: response_types.Call) -> pb.FunctionCall:
        self._called = True
        made = pb.FunctionCall(id=given.id, name=given.name)
        raw = bytes(given.args)
        if raw and raw != _NULL:
            args = _struct(raw)
            if args is None:
                made.args_json = raw.decode("utf-8", "replace")
            else:
                made.args.CopyFrom(args)
        else:
            made.args.SetInParent()
        return made

    def _take_text(
        self, text: str, thought: bool, signature: bytes, beside: dict[str, str], events: list[StreamEvent]
    ) -> None:
        if signature or beside:
            # Google asks for a signed part back as it came: it is not joined with its neighbours.
            self._close_text(events)
            events.append(self._started(_TEXT, thought))
            self._deltas(text, events)
            finished = pb.PartFinished(thought=thought, thought_signature=signature, native_fields=beside)
            events.append(self._finished(finished))
            return
        if self._text_open is not thought:
            self._close_text(events)
            self._text_open = thought
            events.append(self._started(_TEXT, thought))
        self._deltas(text, events)

    def _close_text(self, events: list[StreamEvent]) -> None:
        if self._text_open is not None:
            thought, self._text_open = self._text_open, None
            events.append(self._finished(pb.PartFinished(thought=thought)))

    def _started(self, kind: pb.PartKind, thought: bool, mime_type: str = "") -> pb.Event:
        # Filled in place, here and below: a message that is given to another one is copied, at three times the cost.
        event = pb.Event()
        started = event.part_started
        started.candidate_index, started.part_index, started.kind = self._index, self._part, kind
        if thought:
            started.thought = True
        if mime_type:
            started.mime_type = mime_type
        return event

    def _deltas(self, text: str, events: list[StreamEvent]) -> None:
        for at in range(0, len(text), _LONGEST_DELTA):
            delta = text[at : at + _LONGEST_DELTA]
            event = pb.Event()
            made = event.text_delta
            made.candidate_index, made.part_index, made.text = self._index, self._part, delta
            events.append(event)

    def _finished(self, finished: pb.PartFinished) -> pb.Event:
        finished.candidate_index, finished.part_index = self._index, self._part
        self._part += 1
        return pb.Event(part_finished=finished)

    def _keep(self, name: str, raw: bytes) -> None:
        self._end.native_fields[name] = raw.decode("utf-8", "replace")


def _file(given: response_types.File) -> tuple[pb.PartKind, pb.PartFinished]:
    """A file elsewhere: a picture where its media type, or else its name, says so."""
    mime_type = media_type(given.mime_type)
    guessed = mime_type or _BY_ENDING.get(given.file_uri.rpartition(".")[2].lower(), "")
    if guessed.startswith("image/"):
        image = pb.Image(uri=given.file_uri, mime_type=guessed, display_name=given.display_name, detail=_AUTO)
        return _IMAGE, pb.PartFinished(image=image)
    media = pb.Media(uri=given.file_uri, mime_type=mime_type or UNKNOWN, display_name=given.display_name)
    return _MEDIA, pb.PartFinished(media=media)


def _struct(raw: bytes) -> pb.Struct | None:
    """A JSON object as a Struct, None where that cannot hold it exactly."""
    try:
        return json_values.exact_struct(json_texts.value(raw))
    except ValueError:
        return None
