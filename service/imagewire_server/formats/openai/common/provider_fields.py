"""`provider_specific_fields`: data of the provider for which OpenAI's format has no field.

In a message: native parts, other media, native fields of parts. In a choice: the candidate's native fields. In the
answer: the model's status and the continuation token.
"""

from collections.abc import Sequence
from typing import Any

import pybase64

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common import native_json, part_order
from imagewire_server.formats.openai.common.delivery import INSIDE, Delivery
from imagewire_server.formats.openai.common.encoder import Piece, encoded, key_of

Json = dict[str, Any]


def of_parts(parts: Sequence[tuple[str, bytes, Json]]) -> Json:
    """What is needed to rebuild the same parts (see part_order). parts: name, signature and native_fields of each."""
    names = [name for name, _, _ in parts]
    signatures = [base64(signature) if signature else None for _, signature, _ in parts]
    beside = {name for _, _, fields in parts for name in fields}
    made: Json = {}
    if any(signatures):
        made["thought_signatures"] = signatures
    for name in ("native_fields", "native_fields_json"):
        if name in beside:
            made[name] = [fields.get(name) for _, _, fields in parts]
    if made or not part_order.is_default(names):
        made["parts"] = names
    return made


def native_part(part: pb.PartFinished, index: int) -> Json:
    """A part of a kind that only the provider has. index: its index in `native_parts`."""
    made: Json = {"index": index, "part": part.part_index, "kind": part.native.kind}
    if part.thought:
        made["thought"] = True
    return made | native_json.embedded("value", part.native.value_json)


def media(part: pb.PartFinished, index: int, delivery: Delivery = INSIDE) -> list[Piece]:
    """Other media, whose bytes are kept. index: its index in `media`."""
    made: Json = {"index": index, "part": part.part_index, "mime_type": part.media.mime_type}
    if part.thought:
        made["thought"] = True
    if part.media.display_name:
        made["display_name"] = part.media.display_name
    return [encoded(made)[:-1] + b',"url":"', *delivery.inside(part.media, key_of(part)), b'"}']


def joined(entries: list[list[Piece]]) -> list[Piece]:
    """The entries of a JSON list."""
    pieces: list[Piece] = [b"["]
    for i, entry in enumerate(entries):
        pieces += [b","] * (i > 0) + entry
    return [*pieces, b"]"]


def whole(plain: Json, entries: list[list[Piece]], name: str = "media") -> list[Piece]:
    """An object of plain fields and, if there are any, the entries of a list."""
    if not entries:
        return [encoded(plain)]
    front = encoded(plain)[:-1] + (b"," if plain else b"")
    return [front + b'"%s":' % name.encode(), *joined(entries), b"}"]


def base64(data: bytes) -> str:
    """Bytes as text."""
    return pybase64.b64encode(data).decode()


def answer(finished: pb.Finished) -> Json:
    """Those of a whole answer: `continuation_token` (base64), `model_status`, `native_fields`, `omitted_fields`."""
    made: Json = {}
    if finished.continuation_token:
        made["continuation_token"] = base64(finished.continuation_token)
    if finished.HasField("model_status"):
        made["model_status"] = _model_status(finished.model_status)
    made |= native_json.native_fields(finished.native_fields)
    if omitted := finished.omitted_fields:
        made["omitted_fields"] = list(omitted)
    return made


def _model_status(given: pb.ModelStatus) -> Json:
    made: Json = {}
    if given.stage:
        made["stage"] = given.stage
    if given.HasField("retirement_time"):
        made["retirement_time"] = given.retirement_time.ToJsonString()
    if given.message:
        made["message"] = given.message
    return made
