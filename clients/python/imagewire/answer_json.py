"""An answer as a dict for JSON. Sans-IO."""

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from imagewire.images import Image
from imagewire.media import Media
from imagewire.part import Part

if TYPE_CHECKING:
    from imagewire.answer import Answer


def answer_to_dict(answer: "Answer", *, data: bool) -> dict[str, Any]:
    """The dict of an answer, as `Answer.to_dict` documents it. data: whether it has the bytes, as base64."""
    return {
        "id": answer.id,
        "request_id": answer.request_id,
        "model": answer.model,
        "model_version": answer.model_version,
        "deployment": answer.deployment,
        "attempts": answer.attempts,
        "unsigned": list(answer.unsigned),
        "created": answer.created,
        "expires": answer.expires,
        "finish_reason": answer.finish_reason,
        "native_finish_reason": answer.native_finish_reason,
        "finish_message": answer.finish_message,
        "blocked": answer.blocked,
        "text": answer.text,
        "parts": [_part(part, data=data) for part in answer.parts],
        "usage": _message(answer.usage),
        "candidate": _message(answer.candidate),
        "prompt_feedback": _message(answer.prompt_feedback) if answer.prompt_feedback else None,
        "model_status": _message(answer.model_status) if answer.model_status else None,
        "native_response_id": answer.native_response_id,
        "native_fields": _fields(answer.native_fields),
        "omitted_fields": list(answer.omitted_fields),
    }


def _part(part: Part, *, data: bool) -> dict[str, Any]:
    made: dict[str, Any]
    if part.image is not None:
        made = {"type": "image", **_file(part.image, data=data), "width": part.image.width, "height": part.image.height}
        if part.image.image_id:
            made["image_id"] = part.image.image_id
    elif part.media is not None:
        made = {"type": "media", **_file(part.media, data=data)}
    elif part.function_call is not None:
        call = part.function_call
        args = _json(call.args_json) if call.args_json else part.args
        made = {"type": "function_call", "id": call.id, "name": call.name, "args": args}
    elif part.native is not None:
        made = {"type": "native", "kind": part.native.kind, "value": _json(part.native.value_json)}
    else:
        made = {"type": "text", "text": part.text}
    made["thought"] = part.thought
    if part.native_fields:
        made["native_fields"] = _fields(part.native_fields)
    if data and part.signature:
        made["signature"] = _base64(part.signature)
    return made


def _file(file: Image | Media, *, data: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"mime_type": file.mime_type, "size_bytes": file.size_bytes, "sha256": file.sha256}
    if file.uri:
        made["uri"] = file.uri
    elif data and file.is_here:
        made["data"] = _base64(file.data)
    return made


def _fields(fields: Mapping[str, str]) -> dict[str, Any]:
    return {name: _json(text) for name, text in fields.items()}


def _json(text: str) -> Any:
    """The value of the provider's JSON text; the text itself where Python cannot read it."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _message(message: Message) -> dict[str, Any]:
    """The fields that are set, by their names in the contract. Numbers stay numbers, unlike in protobuf's JSON."""
    made: dict[str, Any] = {}
    for field, value in message.ListFields():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            made[field.name] = {
                str(name): _value(field.message_type.fields_by_name["value"], item) for name, item in value.items()
            }
        elif isinstance(value, Message | str | bytes | float | int):
            made[field.name] = _value(field, value)
        else:
            made[field.name] = [_value(field, item) for item in value]
    return made


def _value(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is not None:
        google = field.message_type.full_name.startswith("google.protobuf.")
        return MessageToDict(value) if google else _message(value)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return known.name if known is not None else value
    return _base64(value) if isinstance(value, bytes) else value
