"""Answers of /v1/images: the final pictures of one or several calls, and drafts as partial images.

A picture is sent when it is complete: OpenAI's format marks a draft before its bytes, but Google may mark it after.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error, Withheld
from imagewire_server.contract.events import Chunk
from imagewire_server.contract.final_picture import FinalPicture
from imagewire_server.formats.openai.common import data_uri_stream, errors, mapping
from imagewire_server.formats.openai.common.delivery import INSIDE, Delivery
from imagewire_server.formats.openai.common.encoder import ImageRef, Key, Piece, encoded, has_bytes, key_of
from imagewire_server.formats.openai.images.other_parts import Beside

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture. image: what is known about it, without its bytes. url: where it is, if it is not in the answer."""

    key: Key
    image: pb.Image
    thought: bool
    url: str = ""

    def inside(self) -> "Picture":
        """The same, which is not kept."""
        image = pb.Image()
        image.CopyFrom(self.image)
        image.ClearField("image_id")
        return replace(self, image=image, url="")

    def url_or_base64(self, *, as_url: bool = False) -> list[Piece]:
        """The field for it: `url` if it is elsewhere, otherwise `b64_json`; `image_id` if it is kept.

        as_url: a data: URL.
        """
        ident = b',"image_id":' + encoded(self.image.image_id) if self.image.image_id else b""
        if self.image.uri or self.url:
            return [b'"url":' + encoded(self.image.uri or self.url) + ident]
        if as_url:
            return [b'"url":"', *data_uri_stream.inside(self.image, self.key), b'"' + ident]
        return [b'"b64_json":"', ImageRef(self.key), b'"' + ident]


@dataclass(slots=True)
class Drawn:
    """The pictures of one call, collected from its events. It also says which bytes must be kept."""

    delivery: Delivery = field(default_factory=Delivery)
    created: int = 0
    usage: pb.Usage = field(default_factory=pb.Usage)
    beside: Beside = field(init=False)
    _open: set[Key] = field(default_factory=set)
    _finals: list[Picture] = field(default_factory=list)
    _final: FinalPicture[Picture] = field(default_factory=FinalPicture)
    _why: str = ""

    def __post_init__(self) -> None:
        self.beside = Beside(self.delivery)

    @property
    def needs(self) -> Collection[Key]:
        """See encoder.Encoder."""
        return self._open | self.beside.media | {picture.key for picture in self.pictures()}

    def pictures(self) -> list[Picture]:
        """The pictures that are not drafts, or the last draft if there are no others."""
        final = self._final.picture
        return self._finals or ([final] if final is not None else [])

    def take_earlier(self) -> list[Picture]:
        """The pictures that are not drafts, except the last of them; they are no longer kept."""
        earlier, self._finals = self._finals[:-1], self._finals[-1:]
        return earlier

    def add(self, kind: str | None, event: pb.Event) -> Picture | None:
        """Take an event; return the picture that it completed. kind: see encoder.Encoder."""
        self.beside.add(kind, event)
        match kind:
            case "started":
                self.created = event.started.create_time.seconds
                self.delivery.start(event.started)
            case "part_started" if has_bytes(event.part_started) and not self.delivery.begin(event.part_started):
                self._open.add(key_of(event.part_started))
            case "part_finished":
                return self._part(event.part_finished)
            case "candidate_finished":
                end = event.candidate_finished
                self._why = f"{end.native_finish_reason}: {end.finish_message}".strip(": ")
            case "finished":
                self._finish(event.finished)
        return None

    def _part(self, part: pb.PartFinished) -> Picture | None:
        self._open.discard(key_of(part))
        if not part.HasField("image"):
            return None
        key = key_of(part)
        made = Picture(key, part.image, part.thought, self.delivery.url(key))
        self._final.take(made, is_draft=part.thought)
        if not part.thought:
            self._finals.append(made)
        return made

    def _finish(self, finished: pb.Finished) -> None:
        self.usage.CopyFrom(finished.usage)
        if finished.HasField("prompt_feedback"):
            feedback = finished.prompt_feedback
            self._why = f"the prompt was blocked, {feedback.block_reason}: {feedback.block_reason_message}".strip(": ")
        if not self.pictures():
            why = f" ({self._why})" if self._why else ""
            raise Withheld(f"no picture was drawn{why}: change the prompt; /v1/chat/completions shows the text")


def usage(drawn: Iterable[pb.Usage]) -> Json:
    """The total usage of calls, in the format of /v1/images; without calls there is no cost."""
    total: Json = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    inside = {"text_tokens": 0, "image_tokens": 0}
    outside = {"text_tokens": 0, "image_tokens": 0}
    runs = list(drawn)
    cost: float | None = 0.0 if runs else None
    nanos: int | None = 0 if runs else None
    for one in runs:
        total["input_tokens"] += one.prompt_tokens + one.tool_use_prompt_tokens
        total["output_tokens"] += one.candidates_tokens + one.thoughts_tokens
        total["total_tokens"] += one.total_tokens
        for sums, details in ((inside, one.prompt_tokens_details), (outside, one.candidates_tokens_details)):
            for name, tokens in mapping.modalities(details).items():
                sums[name] = sums.get(name, 0) + tokens
        cost = cost + one.cost_usd if cost is not None and one.HasField("cost_usd") else None
        nanos = nanos + one.cost_nano_usd if nanos is not None and one.HasField("cost_nano_usd") else None
    made = {**total, "input_tokens_details": inside, "output_tokens_details": outside}
    costs = {"cost": cost, "cost_nano_usd": nanos}
    return made | {name: value for name, value in costs.items() if value is not None}


def answer(runs: list[Drawn], failures: list[Error], request_id: str, *, as_url: bool = False) -> list[list[Piece]]:
    """The JSON of several calls: for each call the pieces with its own kept pictures; the last pieces have none.

    failures: those of other calls of the same request, reported next to the pictures. as_url: pictures are data: URLs.
    """
    pieces: list[list[Piece]] = []
    front = b'{"created":%d,"data":[' % runs[0].created
    for run in runs:
        mine: list[Piece] = []
        for picture in run.pictures():
            mine += [front + b"{", *picture.url_or_base64(as_url=as_url), b"}"]
            front = b","
        pieces.append([*mine[:-1], *run.beside.pieces(), mine[-1]])
    last = {
        **data_uri_stream.look(runs[0].pictures()[0].image),
        "usage": usage(run.usage for run in runs),
        **tier(runs[0].usage),
    }
    if failures:
        last["errors"] = [errors.body(failure, request_id)["error"] for failure in failures]
    return [*pieces, [b"]," + encoded(last)[1:]]]


def tier(used: pb.Usage) -> Json:
    """`service_tier`, if the provider sent it."""
    return {"service_tier": mapping.service_tier(used)} if used.service_tier else {}


class ImagesStream:
    """The StreamEncoder of one call. kind: "image_generation" or "image_edit". drafts: their maximum number.

    A picture that goes by URL is a partial image as soon as it begins, draft or not.
    """

    at_event_boundary = True

    def __init__(self, kind: str, request_id: str, *, drafts: int, delivery: Delivery = INSIDE) -> None:
        self._delivery = delivery
        self._kind = kind
        self._request_id = request_id
        self._drafts = drafts
        self._sent = 0
        self._drawn = Drawn(delivery)
        self._by_url: list[Picture] = []  # those that are complete already

    @property
    def needs(self) -> Collection[Key]:
        """See encoder.Encoder."""
        return self._drawn.needs

    def feed(self, kind: str | None, event: pb.Event) -> list[Piece]:
        """See encoder.Encoder."""
        made = self._drawn.add(kind, event)
        draft = self._begun(event.part_started) if kind == "part_started" else None
        if made is not None and made.thought and not made.url and self._sent < self._drafts:
            draft = made
        if draft is not None:
            self._sent += 1
            return self._event("partial_image", draft, {"partial_image_index": self._sent - 1})
        pieces: list[Piece] = []
        if made is not None:
            # The usage is sent once, with the last picture. So each picture waits until the next one has come.
            for picture in self._drawn.take_earlier():
                self._by_url += [picture] if picture.url else []
                pieces += self._event("completed", picture, {"usage": usage([])})
        if kind == "finished":
            [last] = self._drawn.pictures()
            if self._delivery.is_lost:
                for picture in self._by_url:
                    pieces += self._event("completed", picture.inside(), {"usage": usage([])})
                last = last.inside()
            pieces += self._event("completed", last, {"usage": usage([self._drawn.usage]), **tier(self._drawn.usage)})
            pieces[-1:] = [*self._drawn.beside.pieces(), b"}\n\n"]
        return pieces

    def _begun(self, part: pb.PartStarted) -> Picture | None:
        """A picture that goes by URL."""
        url = self._delivery.url(key_of(part)) if part.mime_type else ""
        return Picture(key_of(part), pb.Image(mime_type=part.mime_type), part.thought, url) if url else None

    def feed_chunk(self, chunk: Chunk) -> list[Piece]:
        """See encoder.Encoder. Pictures are sent when they are complete."""
        return []

    def fail(self, error: Error) -> list[Piece]:
        """See encoder.StreamEncoder."""
        body = {"type": "error", **errors.body(error, self._request_id)}
        return [b"event: error\ndata: " + encoded(body) + b"\n\n"]

    def _event(self, name: str, picture: Picture, more: Json) -> list[Piece]:
        kind = f"{self._kind}.{name}"
        said = {
            "type": kind,
            "created_at": self._drawn.created,
            "background": "opaque",
            "quality": "auto",
            **data_uri_stream.look(picture.image),
            **more,
        }
        head = f"event: {kind}\ndata: ".encode() + encoded(said)[:-1] + b","
        return [head, *picture.url_or_base64(), b"}\n\n"]
