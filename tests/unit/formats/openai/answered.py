"""Events of answers for tests, and what an encoder writes for each."""

import base64
import json
from collections.abc import Iterable
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.formats.openai.common.delivery import Delivery
from imagewire_server.formats.openai.common.encoder import Encoder, ImageRef, Key, Piece, key_of

KIND = pb.PartKind
STARTED = pb.Event(started={"completion_id": "cmpl-0f", "model": "gemini/m", "create_time": {"seconds": 1_700_000_000}})


def text(said: str | list[str], part: int = 0, *, candidate: int = 0, thought: bool = False, **more: Any) -> list[Any]:
    """A text in one or several pieces. more: fields of PartFinished."""
    at = {"candidate_index": candidate, "part_index": part}
    return [
        pb.Event(part_started={**at, "kind": KIND.PART_KIND_TEXT, "thought": thought}),
        *(pb.Event(text_delta={**at, "text": piece}) for piece in ([said] if isinstance(said, str) else said)),
        pb.Event(part_finished={**at, "thought": thought, **more}),
    ]


def picture(
    data: bytes, part: int = 0, mime_type: str = "image/png", *, candidate: int = 0, known: bool = True, **more: Any
) -> list[Any]:
    """A picture in chunks of two bytes, or other media. known: whether its media type comes before its bytes."""
    at = {"candidate_index": candidate, "part_index": part}
    name = "image" if mime_type.startswith("image/") else "media"
    kind = KIND.PART_KIND_IMAGE if name == "image" else KIND.PART_KIND_MEDIA
    chunks = [
        Chunk("image_chunk" if name == "image" else "media_chunk", candidate, part, offset, data[offset : offset + 2])
        for offset in range(0, len(data), 2)
    ]
    return [
        pb.Event(part_started={**at, "kind": kind, "mime_type": mime_type if known else ""}),
        *chunks,
        pb.Event(part_finished={**at, name: {"mime_type": mime_type}, **more}),
    ]


def whole(kind: str, part: int = 0, *, candidate: int = 0, **more: Any) -> list[Any]:
    """A part without bytes or text."""
    at = {"candidate_index": candidate, "part_index": part}
    return [
        pb.Event(part_started={**at, "kind": KIND.Value(f"PART_KIND_{kind}"), "thought": more.get("thought", False)}),
        pb.Event(part_finished={**at, **more}),
    ]


def call(part: int = 0, **more: Any) -> list[Any]:
    return whole("FUNCTION_CALL", part, function_call={"id": "a", "name": "f", "args_json": '{"n":1}'}, **more)


def native(part: int = 0, **more: Any) -> list[Any]:
    return whole("NATIVE", part, native={"kind": "code", "value_json": "[1]"}, **more)


def ended(reason: str = "STOP", candidate: int = 0, **more: Any) -> list[Any]:
    reasons = {"finish_reason": f"FINISH_REASON_{reason}", "native_finish_reason": reason}
    return [pb.Event(candidate_finished={"candidate_index": candidate, **reasons, **more})]


def finished(**more: Any) -> list[Any]:
    return [pb.Event(finished=more)]


def answer(*parts: list[Any]) -> list[StreamEvent]:
    """A complete answer of one candidate."""
    return [STARTED, *(event for part in parts for event in part), *ended(), *finished()]


def steps(encoder: Encoder, events: Iterable[StreamEvent]) -> list[str]:
    """What is written for each event; as the REST API does it, bytes are kept only while they are needed."""
    kept: dict[Key, bytes] = {}
    made = []
    for event in events:
        if isinstance(event, Chunk):
            pieces = encoder.feed_chunk(event)
            if (key := key_of(event)) in encoder.needs:
                kept[key] = kept.get(key, b"") + event.data
        else:
            pieces = encoder.feed(event.WhichOneof("event"), event)
        out = (base64.b64encode(kept[one.key]) if isinstance(one, ImageRef) else one for one in pieces)
        made.append(b"".join(out).decode())
        kept = {key: data for key, data in kept.items() if key in encoder.needs}
    return made


def with_keys(pieces: Iterable[Piece]) -> bytes:
    """What is written, with KEPT and its key in place of the bytes of each picture."""
    return b"".join(f"KEPT{piece.key}".encode() if isinstance(piece, ImageRef) else piece for piece in pieces)


def body(encoder: Encoder, events: Iterable[StreamEvent]) -> Any:
    """The JSON of a whole answer."""
    return json.loads("".join(steps(encoder, events)))


def streamed(written: str) -> list[tuple[str, Any]]:
    """Server-sent events: the name of each, and its JSON."""
    made = []
    for one in written.removesuffix("\n\n").split("\n\n"):
        head, _, data = one.rpartition("data: ")
        made.append((head.removeprefix("event: ").strip(), data if data == "[DONE]" else json.loads(data)))
    return made


def by_url() -> tuple[list[StreamEvent], Delivery]:
    """The start of an answer that is kept, and a delivery by URL: http://a/CANDIDATE/PART."""
    started = pb.Event()
    started.CopyFrom(STARTED)
    started.started.expire_time.seconds = 1_700_000_100
    return [started], Delivery(lambda _, key: f"http://a/{key[0]}/{key[1]}")
