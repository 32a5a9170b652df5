"""`provider_specific_fields`: what OpenAI's shape has no field for, as in the server's REST API.

Of a message, what makes the same parts again: `parts` names them in order ("text:N" is the next N characters of
content, "thought:N" of reasoning_content, "image", "tool_call", "native", "media" the next of each); `native_parts` and
`media` hold what is neither text nor picture; `thought_signatures`, `native_fields` and `native_fields_json` have an
entry for each part.
"""

import base64
from collections.abc import Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict

from imagewire.answer import Answer
from imagewire.litellm import native_json
from imagewire.part import Part

_ORDER = ("thought", "text", "image", "tool_call")
# Prefix of ids for calls that the provider gave no id.
OWN_CALL_ID = "call_imagewire_"


def of_message(answer: Answer) -> dict[str, Any]:
    """What must go back with a message, with `media` and `native_parts`."""
    made = of_parts(answer)
    natives: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for at, part in enumerate(answer.parts):
        if part.native is not None:
            natives.append(native_part(part, at, len(natives)))
        elif part.media is not None:
            others.append(media(part, at, len(others)))
    return made | {name: found for name, found in (("native_parts", natives), ("media", others)) if found}


def of_parts(answer: Answer) -> dict[str, Any]:
    """What restores the parts of a message, without `media` and `native_parts`."""
    made: dict[str, Any] = {}
    parts = answer.parts
    if any(part.signature for part in parts):
        made["thought_signatures"] = [_base64(part.signature) if part.signature else None for part in parts]
    fields = [native_json.fields(part.native_fields) for part in parts]
    for name in ("native_fields", "native_fields_json"):
        if any(name in of_one for of_one in fields):
            made[name] = [of_one.get(name) for of_one in fields]
    names = [_name(part) for part in parts]
    if made or not _is_default(names):
        made["parts"] = names
    return made


def native_part(part: Part, at: int, index: int) -> dict[str, Any]:
    """A native part as an entry of `native_parts`. at: its index among all parts; index: among the native ones."""
    assert part.native is not None, "only of such a part"  # noqa: S101
    made: dict[str, Any] = {"index": index, "part": at, "kind": part.native.kind}
    return made | _thought(part) | native_json.embedded("value", part.native.value_json)


def media(part: Part, at: int, index: int) -> dict[str, Any]:
    """Media that is no picture, as an entry of `media`. at, index: as in `native_part`."""
    assert part.media is not None, "only of such a part"  # noqa: S101
    made: dict[str, Any] = {"index": index, "part": at, "mime_type": part.media.mime_type} | _thought(part)
    if part.media.display_name:
        made["display_name"] = part.media.display_name
    url = part.media.uri or f"data:{part.media.mime_type};base64,{_base64(part.media.data)}"
    return made | {"url": url}


def of_choice(answer: Answer) -> dict[str, Any]:
    """The provider's own fields of the candidate."""
    return native_json.fields(answer.candidate.native_fields)


def of_answer(answer: Answer) -> dict[str, Any]:
    """The model's status, the continuation token (base64, as `completion` takes it) and the provider's fields."""
    made: dict[str, Any] = {}
    if answer.continuation_token:
        made["continuation_token"] = _base64(answer.continuation_token)
    if answer.model_status is not None:
        made["model_status"] = MessageToDict(answer.model_status, preserving_proto_field_name=True)
    made |= native_json.fields(answer.native_fields)
    if answer.omitted_fields:
        made["omitted_fields"] = answer.omitted_fields
    return made


def _name(part: Part) -> str:
    if part.image is not None:
        return "image"
    if part.function_call is not None:
        return "tool_call:thought" if part.thought else "tool_call"
    if part.native is not None:
        return "native"
    if part.media is not None:
        return "media"
    return f"{'thought' if part.thought else 'text'}:{len(part.text)}"


def _is_default(names: Sequence[str]) -> bool:
    """Whether the parts are in the order that is assumed where none is given."""
    kinds = [name if name == "tool_call:thought" else name.partition(":")[0] for name in names]
    if not all(kind in _ORDER for kind in kinds) or any(kinds.count(kind) > 1 for kind in ("text", "thought")):
        return False
    places = [_ORDER.index(kind) for kind in kinds]
    return places == sorted(places)


def _thought(part: Part) -> dict[str, Any]:
    return {"thought": True} if part.thought else {}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
